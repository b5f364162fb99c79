import { appServiceTarget } from './app-service-bench.ts';
import { targetSuite } from './target-suite.ts';

targetSuite(appServiceTarget);
