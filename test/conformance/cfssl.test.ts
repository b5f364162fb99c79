import { cfsslAtEmulator } from './benches/cfssl.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(cfsslAtEmulator);
