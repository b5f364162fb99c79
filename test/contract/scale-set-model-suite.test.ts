import { scaleSetModelTarget } from './scale-set-model-bench.ts';
import { targetSuite } from './target-suite.ts';

targetSuite(scaleSetModelTarget);
