import { globalSignAtEmulator } from './benches/globalsign.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(globalSignAtEmulator);
