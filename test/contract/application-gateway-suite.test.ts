import { applicationGatewayTarget } from './application-gateway-bench.ts';
import { targetSuite } from './target-suite.ts';

targetSuite(applicationGatewayTarget);
