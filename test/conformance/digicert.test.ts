import { digicertAtEmulator } from './benches/digicert.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(digicertAtEmulator);
