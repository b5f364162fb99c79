import { DOMAIN, startGlobalSign } from '../../contract/globalsign-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ method, url }) => method === 'POST' && url.pathname.endsWith('/certificates');

export const globalSignAtEmulator: ConformanceBench = {
  title: 'GlobalSign Atlas at the emulator',
  lacks: {
    'pending-rejected': 'an order is refused at once or not at all',
    cancel: 'a certificate that was ordered is issued in seconds',
  },
  async setUp() {
    const line = createIssuerLine(submits);
    const bench = await startGlobalSign();
    const { globalsign, clock } = bench;
    return {
      issuer: bench.restarted({}, { httpClient: line.client }),
      line,
      ca: globalsign.faults,
      roots: globalsign.roots(),
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      issuedCount: () => globalsign.certificates().length,
      isRevoked: (certificate) =>
        globalsign
          .certificates()
          .some(({ der, revoked }) => der.toString('base64') === certificate && revoked === 'superseded'),
      wait: async (seconds) => void clock.advance(seconds * 1000),
      secrets: ['planted-canary'],
      tearDown: bench.close,
    };
  },
};
