import type { AcmeFaultKind } from '../../../local/issuers/acme/faults.ts';
import type { IssuerFault } from '../../../local/issuers/faults.ts';
import { DOMAIN, startAcme } from '../../contract/acme-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

/** An order is what a certificate comes of: `newOrder` of the emulator and of pebble. */
export const submits: Submits = ({ method, url }) => method === 'POST' && /new-order|order-plz/.test(url.pathname);

const HALF_A_DAY_SECONDS = 43_200;

const emulatedKinds: Partial<Record<IssuerFault['kind'], AcmeFaultKind>> = {
  held: 'slow-issuance',
  rejected: 'order-rejected',
  'credentials-refused': 'account-refused',
  'wrong-key': 'wrong-key',
  'extra-name': 'extra-name',
  'missing-chain': 'missing-chain',
  'expired-intermediate': 'expired-intermediate',
};

export const acmeAtEmulator: ConformanceBench = {
  title: 'ACME at the emulator',
  lacks: {
    'pending-issued': 'an ACME order ends by itself after days; shorter waits are in the contract tests',
    cancel: 'RFC 8555 knows no cancelling: an order that is left alone ends by itself',
  },
  async setUp() {
    const line = createIssuerLine(submits);
    const bench = await startAcme({ quota: { sameNames: { count: 100, seconds: 60 } } });
    return {
      issuer: bench.restarted({}, { httpClient: line.client }),
      line,
      ca: {
        add(fault) {
          const kind = emulatedKinds[fault.kind];
          if (kind === undefined) throw new TypeError(`the emulator knows no ${fault.kind}`);
          if (kind !== 'slow-issuance') return bench.acme.faults.add({ ...fault, kind });
          // It strikes when the order is finalized, and that may be later than it is taken away.
          bench.acme.faults.add({ ...fault, kind, times: 1, seconds: HALF_A_DAY_SECONDS });
          return () => undefined;
        },
      },
      roots: bench.acme.roots(),
      domain: DOMAIN,
      validityDays: 90,
      now: () => bench.clock.now(),
      issuedCount: () => bench.acme.certificates().length,
      wait: async (seconds) => void bench.clock.advance(seconds * 1000),
      tearDown: bench.close,
    };
  },
};
