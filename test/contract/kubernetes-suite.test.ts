import { kubernetesTarget } from './kubernetes-bench.ts';
import { targetSuite } from './target-suite.ts';

targetSuite(kubernetesTarget);
