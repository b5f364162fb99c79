import { DOMAIN, startEjbca } from '../../contract/ejbca-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ url }) => url.pathname.endsWith('/pkcs10enroll');

export const ejbcaAtEmulator: ConformanceBench = {
  title: 'EJBCA at the emulator',
  lacks: { cancel: "EJBCA's API takes no request back that somebody has to approve" },
  async setUp() {
    const line = createIssuerLine(submits);
    const bench = await startEjbca();
    const { ejbca, clock } = bench;
    return {
      issuer: bench.restarted({}, { httpClient: line.client }),
      line,
      ca: ejbca.faults,
      roots: ejbca.roots(),
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      issuedCount: () => ejbca.certificates().length,
      isRevoked: (certificate) =>
        ejbca
          .certificates()
          .some(({ der, revoked }) => der.toString('base64') === certificate && revoked === 'SUPERSEDED'),
      wait: async (seconds) => void clock.advance(seconds * 1000),
      secrets: [...bench.secrets.values()].map((secret) => secret.trim()),
      tearDown: bench.close,
    };
  },
};
