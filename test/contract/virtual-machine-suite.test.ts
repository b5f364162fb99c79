import { targetSuite } from './target-suite.ts';
import { virtualMachineTarget } from './virtual-machine-bench.ts';

targetSuite(virtualMachineTarget);
