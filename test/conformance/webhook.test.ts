import { webhook } from './benches/webhook.ts';
import { conformanceSuite } from './suite.ts';

conformanceSuite(webhook('callback'));
conformanceSuite(webhook('status'));
