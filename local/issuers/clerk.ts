import { readCsr, verifyCsr } from '../../src/certificate/csr.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import type { Clock } from '../../src/clock.ts';
import { createChance } from '../vault/chance.ts';
import type { KeyPool } from '../vault/keys.ts';
import { createAuthorities } from './authorities.ts';
import { certifyAt } from './certify.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from './faults.ts';

export interface ClerkOptions {
  readonly clock: Clock;
  /** Calls the app's API, with a key of it. */
  readonly call: (method: 'GET' | 'POST', path: string, body?: string) => Promise<{ status: number; text: string }>;
  readonly faults?: readonly IssuerFault[];
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
}

/** A person who takes CSRs to a CA and brings the chains back: what a manual issuer has in place of a server. */
export interface Clerk {
  readonly faults: IssuerFaults;
  roots(): readonly Buffer[];
  readonly issuedCount: () => number;
  /** Statuses of what was handed in, in its order. */
  readonly answers: readonly number[];
  /** Goes through everything that waits, once. */
  work(): Promise<void>;
}

interface Waiting {
  readonly reference: string;
  readonly names: readonly string[];
  readonly validityDays: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export function createClerk(options: ClerkOptions): Clerk {
  const { clock, call, random, keyPool } = options;
  const chance = createChance(random);
  const faults = createIssuerFaults(chance, options.faults);
  const authorities = createAuthorities({ called: 'Stand Clerk', clock, chance, keyPool });
  const answers: number[] = [];
  /** What was certified for an order: a second look at it brings the same. */
  const certified = new Map<string, string>();

  const certify = async (order: Waiting): Promise<string> => {
    const { text } = await call('GET', `/api/orders/${order.reference}/csr`);
    const der = Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64');
    if (!(await verifyCsr(der))) throw new TypeError(`order ${order.reference}: its CSR is not signed by its own key`);
    const { spki, subject } = readCsr(der);
    const notBefore = new Date(clock.now().getTime() - HOUR);
    const notAfter = new Date(notBefore.getTime() + order.validityDays * DAY - 1000);
    const leaf = certifyAt({ authorities, faults }, { spki, subject, names: order.names, notBefore, notAfter });
    return [leaf.der, ...leaf.above].map((one) => derToPem(one)).join('');
  };

  const answer = async (order: Waiting): Promise<void> => {
    const { reference, names } = order;
    if (faults.strike('held', names)) return;
    const at = `/api/orders/${reference}`;
    if (faults.strike('rejected', names)) {
      const reason = 'The owner of these names did not agree';
      answers.push((await call('POST', `${at}/reject`, JSON.stringify({ reason }))).status);
      return;
    }
    const chain = certified.get(reference) ?? (await certify(order));
    certified.set(reference, chain);
    answers.push((await call('POST', `${at}/chain`, chain)).status);
  };

  return {
    faults,
    roots: () => authorities.roots(),
    issuedCount: () => certified.size,
    answers,
    async work() {
      const { text } = await call('GET', '/api/orders');
      for (const order of (JSON.parse(text) as { readonly orders: readonly Waiting[] }).orders) await answer(order);
    },
  };
}
