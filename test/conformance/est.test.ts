import { est } from './benches/est.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(est('password'));
conformanceSuite(est('client certificate'));
