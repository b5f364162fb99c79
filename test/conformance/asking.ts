import { expect } from 'vitest';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { type Acceptance, accept } from '../../src/certificate/acceptance.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { type CertificateDetails, keyTypes } from '../../src/certificate/types.ts';
import { RenewalError } from '../../src/errors.ts';
import type { Order, OrderRequest, OrderStatus, PlacedOrder } from '../../src/issuers/port.ts';
import type { IssuerUnderTest } from './under-test.ts';

export type Ended = Exclude<OrderStatus, { state: 'pending' }>;

/** Polls that a suite makes before it gives an order up. */
const MOST_POLLS = 40;
const MOST_TRIES = 5;
const HOUR_SECONDS = 3600;

/** How the suite asks an issuer, as the orchestration does: what may be tried again is tried again. */
export interface Asking {
  requestOf(dns: readonly string[], keys?: Keys): Promise<OrderRequest>;
  /** One try: an order, or the rejection. */
  submit(request: OrderRequest): Promise<PlacedOrder | Extract<OrderStatus, { state: 'rejected' }>>;
  /** Tries again as long as the error says so; a rejection is thrown. */
  place(request: OrderRequest): Promise<PlacedOrder>;
  /** Polls until the order has ended. */
  end(order: PlacedOrder): Promise<Ended>;
  /** Both, for one request. */
  decide(request: OrderRequest): Promise<Ended>;
  /** Whether Perennial would merge it. */
  judge(status: Ended, request: OrderRequest): Verdict;
}

type Accepted = Extract<Acceptance, { state: 'accepted' }>;
type Verdict = Acceptance | { readonly state: 'refused'; readonly reason: 'issuer-rejected'; readonly detail: string };

/** Says why, where Perennial would not merge it. */
export function expectAccepted(verdict: Verdict, when = 'judged'): asserts verdict is Accepted {
  const why = verdict.state === 'refused' ? `: ${verdict.reason}: ${verdict.detail}` : '';
  expect(verdict.state, `${when}${why}`).toBe('accepted');
}

let orders = 0;

export function asking(under: IssuerUnderTest): Asking {
  const { issuer } = under;
  const placed = (order: Order, request: OrderRequest): PlacedOrder => ({ ...order, csr: async () => request.csr });
  const waitFor = (seconds: number | undefined): Promise<void> => under.wait(Math.min(seconds ?? 60, HOUR_SECONDS));

  const submit: Asking['submit'] = async (request) => {
    const answer = await issuer.submit(request);
    return 'state' in answer ? answer : placed(answer, request);
  };

  const place: Asking['place'] = async (request) => {
    const answer = await untilTold(() => submit(request), waitFor);
    if ('state' in answer) throw new RenewalError('issuer-misconfigured', `rejected: ${answer.reason}`);
    return answer;
  };

  const end: Asking['end'] = async (order) => {
    for (let polls = 0; polls < MOST_POLLS; polls += 1) {
      const status = await untilTold(() => issuer.poll(order), waitFor);
      if (status.state !== 'pending') return status;
      await under.wait(status.retryAfterSeconds);
    }
    throw new RenewalError('issuer-unreachable', `no end after ${MOST_POLLS} polls`);
  };

  return {
    submit,
    place,
    end,
    async requestOf(dns, given) {
      const keys = given ?? (await createKeys(under.ec ?? 'P-256'));
      const csr = Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys })).toString('base64');
      return { renewalId: `conformance-${++orders}-AAAAAAAAAAAAAAAA`, csr, validityDays: under.validityDays };
    },
    async decide(request) {
      const answer = await untilTold(() => submit(request), waitFor);
      return 'state' in answer ? answer : end(answer);
    },
    judge(status, request) {
      if (status.state === 'rejected') return { state: 'refused', reason: 'issuer-rejected', detail: status.reason };
      return accept({
        answer: status.chain,
        csr: readCsr(Buffer.from(request.csr, 'base64')),
        profile: { validityDays: under.validityDays, minimumDays: 0, maximumDays: 825, keys: [...keyTypes] },
        roots: under.roots,
        ...(under.intermediates !== undefined && { intermediates: under.intermediates }),
        now: under.now(),
        knownSerials: [],
        startReason: 'manual',
      });
    },
  };
}

async function untilTold<T>(
  ask: () => Promise<T>,
  waitFor: (seconds: number | undefined) => Promise<void>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RenewalError) || !error.retry || tries === MOST_TRIES) throw error;
      await waitFor(error.retryAfterSeconds);
    }
  }
}

/** The leaf of an answer that must be a certificate. */
export function leafOf(status: Ended): CertificateDetails {
  if (status.state === 'rejected') throw new TypeError(`rejected: ${status.reason}`);
  return readCertificate(Buffer.from(status.chain[0] ?? '', 'base64'));
}
