import { DOMAIN, startAdCs } from '../../contract/ad-cs-bench.ts';
import type { ConformanceBench } from '../under-test.ts';

const noWay = 'the worker comes to us: what befalls its calls is in the contract tests';

export const adCs: ConformanceBench = {
  title: 'AD CS through a worker',
  lacks: {
    'lost-answer': noWay,
    'rate-limit': noWay,
    'server-error': noWay,
    'truncated-body': noWay,
    'credentials-refused': noWay,
    revoke: 'certreq revokes nothing: a manager of the CA does',
  },
  async setUp() {
    const { issuer, worker, clock } = startAdCs();
    return {
      issuer,
      ca: worker.faults,
      roots: worker.roots(),
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      issuedCount: worker.issuedCount,
      async wait(seconds) {
        clock.advance(seconds * 1000);
        await worker.run();
      },
      tearDown: async () => undefined,
    };
  },
};
