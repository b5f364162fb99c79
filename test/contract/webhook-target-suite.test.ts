import { targetSuite } from './target-suite.ts';
import { webhookTarget } from './webhook-target-bench.ts';

targetSuite(webhookTarget('endpoint'));
targetSuite(webhookTarget('report'));
