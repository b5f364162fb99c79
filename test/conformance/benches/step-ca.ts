import { readCertificate } from '../../../src/certificate/read.ts';
import { DOMAIN, startEmulatedStepCa } from '../../contract/step-ca-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ url }) => url.pathname.endsWith('/1.0/sign');

const atOnce = 'step-ca issues at once: there is nobody who might have to agree';

export const lacks: ConformanceBench['lacks'] = {
  'pending-issued': atOnce,
  'pending-rejected': atOnce,
  cancel: atOnce,
};

export const stepCaAtEmulator: ConformanceBench = {
  title: 'step-ca at the emulator',
  lacks,
  async setUp() {
    const line = createIssuerLine(submits);
    const { ca, clock, issuerWith, close } = await startEmulatedStepCa();
    return {
      issuer: issuerWith({}, { httpClient: line.client }),
      line,
      ca: ca.faults,
      roots: ca.roots().slice(0, 1),
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      wait: async (seconds) => void clock.advance(seconds * 1000),
      issuedCount: () => ca.certificates().length,
      isRevoked: (certificate) => {
        const { serial } = readCertificate(Buffer.from(certificate, 'base64'));
        return ca.revocationOf(BigInt(`0x${serial}`).toString()) === 4;
      },
      tearDown: close,
    };
  },
};
