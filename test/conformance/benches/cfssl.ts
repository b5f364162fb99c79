import { AUTH_KEY, DOMAIN, startEmulatedCfssl } from '../../contract/cfssl-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ url }) => /\/(auth)?sign$/.test(url.pathname);

const atOnce = 'cfssl issues at once: there is nobody who might have to agree';

export const lacks: ConformanceBench['lacks'] = {
  'pending-issued': atOnce,
  'pending-rejected': atOnce,
  cancel: atOnce,
};

export const cfsslAtEmulator: ConformanceBench = {
  title: 'cfssl at the emulator',
  lacks: { ...lacks, 'expired-intermediate': 'what is above its own certificate is in the estate file' },
  async setUp() {
    const line = createIssuerLine(submits);
    const bench = await startEmulatedCfssl();
    const { cfssl, clock } = bench;
    return {
      issuer: bench.issuerWith({}, { httpClient: line.client }),
      line,
      ca: cfssl.faults,
      roots: cfssl.roots().slice(0, 1),
      intermediates: [cfssl.intermediate()],
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      wait: async (seconds) => void clock.advance(seconds * 1000),
      issuedCount: () => cfssl.certificates().length,
      isRevoked: (certificate) =>
        cfssl.certificates().some(({ der, revoked }) => der.toString('base64') === certificate && revoked === 4),
      secrets: [AUTH_KEY],
      tearDown: bench.close,
    };
  },
};
