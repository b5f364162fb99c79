import { stepCaAtEmulator } from './benches/step-ca.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(stepCaAtEmulator);
