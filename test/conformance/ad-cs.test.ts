import { adCs } from './benches/ad-cs.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(adCs);
