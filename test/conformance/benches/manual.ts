import { DOMAIN, startManual } from '../../contract/manual-bench.ts';
import type { ConformanceBench } from '../under-test.ts';

const noWay = 'there is no way to a CA but a person: calls to our own API are in the e2e tests';

export const manual: ConformanceBench = {
  title: 'a person who brings the chain',
  lacks: {
    'lost-answer': noWay,
    'rate-limit': noWay,
    'server-error': noWay,
    'truncated-body': noWay,
    'credentials-refused': noWay,
    revoke: 'a person revokes at the CA',
  },
  async setUp() {
    const { issuer, clerk, clock } = startManual();
    return {
      issuer,
      ca: clerk.faults,
      roots: clerk.roots(),
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      issuedCount: clerk.issuedCount,
      async wait(seconds) {
        clock.advance(seconds * 1000);
        await clerk.work();
      },
      tearDown: async () => undefined,
    };
  },
};
