import { manual } from './benches/manual.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(manual);
