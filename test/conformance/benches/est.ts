import { CLIENT, DOMAIN, startEst } from '../../contract/est-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ method, url }) => method === 'POST' && url.pathname.endsWith('/simpleenroll');

const noWord = 'EST has no word for it';

/** EST by a password, or by a TLS client certificate. */
export const est = (by: 'password' | 'client certificate'): ConformanceBench => ({
  title: `EST by ${by}`,
  lacks: { cancel: noWord, revoke: noWord },
  async setUp() {
    const line = createIssuerLine(submits);
    const isPassword = by === 'password';
    const users = isPassword ? { renewer: 'right' } : {};
    const bench = await startEst({ users }, isPassword ? {} : { credentials: { clientCertificate: CLIENT } });
    return {
      // A client that takes the place of the network still takes its agent, and with it the certificate, from the issuer.
      issuer: bench.restarted({}, { httpClient: line.client }),
      line,
      ca: bench.est.faults,
      roots: bench.est.roots(),
      domain: DOMAIN,
      validityDays: 90,
      now: () => bench.clock.now(),
      issuedCount: () => bench.est.certificates().length,
      wait: async (seconds) => void bench.clock.advance(seconds * 1000),
      secrets: ['renewer:right', Buffer.from('renewer:right').toString('base64')],
      tearDown: bench.close,
    };
  },
});
