import { acmeAtEmulator } from './benches/acme.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(acmeAtEmulator);
