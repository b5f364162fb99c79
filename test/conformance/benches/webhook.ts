import { DOMAIN, startWebhook } from '../../contract/webhook-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

const submits: Submits = ({ method, url }) => method === 'POST' && url.pathname === '/orders';

/** The answer comes by callback, or at the order's own URL. */
export function webhook(answers: 'callback' | 'status'): ConformanceBench {
  return {
    title: `a webhook that is ${answers === 'callback' ? 'called back by' : 'asked for'} its answer`,
    lacks: { revoke: 'a webhook takes orders, and knows nothing of what has become of certificates' },
    async setUp() {
      const line = createIssuerLine(submits);
      const bench = await startWebhook(answers);
      return {
        issuer: bench.restarted({}, { httpClient: line.client }),
        line,
        ca: bench.receiver.faults,
        roots: bench.receiver.roots(),
        domain: DOMAIN,
        validityDays: 90,
        now: () => bench.clock.now(),
        issuedCount: bench.receiver.issuedCount,
        secrets: [bench.secret],
        async wait(seconds) {
          bench.clock.advance(seconds * 1000);
          await bench.receiver.answerDue();
        },
        tearDown: bench.close,
      };
    },
  };
}
