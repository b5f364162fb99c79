import { scaleSetTarget } from './scale-set-bench.ts';
import { targetSuite } from './target-suite.ts';

targetSuite(scaleSetTarget);
