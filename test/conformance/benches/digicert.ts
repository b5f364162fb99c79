import type { HttpClient } from '@azure/core-rest-pipeline';
import { API_KEY, DOMAIN, startEmulatedDigicert } from '../../contract/digicert-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ method, url }) => method === 'POST' && url.pathname.includes('/order/certificate/');

export const digicertAtEmulator: ConformanceBench = {
  title: 'DigiCert CertCentral at the emulator',
  lacks: {},
  async setUp() {
    const line = createIssuerLine(submits);
    const bench = await startEmulatedDigicert();
    const { digicert, clock } = bench;
    // Requests take time: 100 in the same instant would be more than anybody may ask.
    const timely: HttpClient = {
      sendRequest(request) {
        clock.advance(100);
        return line.client.sendRequest(request);
      },
    };
    return {
      issuer: bench.issuerWith({}, { httpClient: timely }),
      line,
      ca: digicert.faults,
      roots: digicert.roots().slice(0, 1),
      domain: DOMAIN,
      validityDays: 90,
      now: () => clock.now(),
      wait: async (seconds) => void clock.advance(seconds * 1000),
      issuedCount: () => digicert.certificates().length,
      isRevoked: (certificate) =>
        digicert
          .certificates()
          .some(({ der, revoked }) => der?.toString('base64') === certificate && revoked === 'superseded'),
      secrets: [API_KEY],
      tearDown: bench.close,
    };
  },
};
