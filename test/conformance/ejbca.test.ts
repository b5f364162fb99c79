import { ejbcaAtEmulator } from './benches/ejbca.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(ejbcaAtEmulator);
