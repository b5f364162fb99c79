import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import type { Clock } from '../clock.ts';
import { type ErrorCode, RenewalError } from '../errors.ts';
import type { Versioned } from '../estate/port.ts';
import type { RelayedOrder, RelayStore } from '../estate/relayed-order.ts';
import { MOST_ANSWER_DAYS, type RelayedIssuerPlan } from '../plan/issuers/relayed.ts';
import type { Estate, IssuerPlan } from '../plan/types.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import type { CancelResult, OrderRequest, OrderStatus } from './port.ts';

/** What issuers need whose orders somebody carries. */
export interface RelayedDependencies {
  /** Name of the issuer in the estate file. */
  readonly name: string;
  readonly relayed: RelayStore;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
}

type Rejected = Extract<OrderStatus, { state: 'rejected' }>;

/** Orders that are rows: written before anybody hears of them, answered by somebody else, read at each poll. */
export interface RelayedOrders {
  /** The same renewal and key: the same order, with the reference that it was given first. */
  place(request: OrderRequest): Promise<Versioned<RelayedOrder> | Rejected>;
  look(reference: string): Promise<OrderStatus>;
  find(reference: string): Promise<Versioned<RelayedOrder> | undefined>;
  save(order: RelayedOrder, etag: string): Promise<string>;
  /** No answer is taken from now on. */
  close(reference: string, reason: string): Promise<CancelResult>;
}

const REFERENCE_BYTES = 20;
const DAY_MILLISECONDS = 86_400_000;

export function createRelayedOrders(plan: RelayedIssuerPlan, dependencies: RelayedDependencies): RelayedOrders {
  const { relayed, clock } = dependencies;
  return {
    place: (request) => place(plan, dependencies, request),
    async look(reference) {
      const found = await relayed.find(reference);
      if (found === undefined) return { state: 'rejected', reason: 'nothing was recorded under this order' };
      if (!isOver(found.row, clock.now())) return statusOf(found.row, plan.pollSeconds);
      const reason = `nobody had answered by ${found.row.expiresAt}`;
      await relayed.save({ ...found.row, state: 'closed', reason }, found.etag);
      return { state: 'rejected', reason };
    },
    find: (reference) => relayed.find(reference),
    save: (order, etag) => relayed.save(order, etag),
    close: (reference, reason) => close(relayed, reference, reason),
  };
}

/** True when its time has passed and nobody has answered. */
export function isOver({ state, expiresAt }: RelayedOrder, now: Date): boolean {
  return state === 'waiting' && now.toISOString() >= expiresAt;
}

/** When the oldest order was placed that may still wait. */
export function longestAgo(now: Date): Date {
  return new Date(now.getTime() - MOST_ANSWER_DAYS * DAY_MILLISECONDS);
}

/** The DNS names that an order is for. */
export function namesOf({ csr }: Pick<RelayedOrder, 'csr'>): readonly string[] {
  const read = readableCsr(csr);
  return read === undefined ? [] : nameSet(namesToCertify(read)).map((name) => name.replace(/^dns:/, ''));
}

/** Issuers by their names in the estate file. */
export function plansOf({ issuers }: Pick<Estate, 'issuers'>): (name: string) => IssuerPlan | undefined {
  return (name) => (Object.hasOwn(issuers, name) ? issuers[name] : undefined);
}

async function place(
  { limits, answerDays }: RelayedIssuerPlan,
  { name, relayed, clock, random }: RelayedDependencies,
  { renewalId, csr, validityDays }: OrderRequest,
): Promise<Versioned<RelayedOrder> | Rejected> {
  const read = readableCsr(csr);
  if (read === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
  const refusal = await csrRefusal(read, limits);
  if (refusal !== undefined) return { state: 'rejected', reason: refusal };
  const now = clock.now();
  const order: RelayedOrder = {
    reference: Buffer.from(random(REFERENCE_BYTES)).toString('hex'),
    issuer: name,
    ...{ renewalId, csr, validityDays, state: 'waiting' },
    createdAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + answerDays * DAY_MILLISECONDS).toISOString(),
  };
  return relayed.place(order, read.spkiSha256);
}

function statusOf(order: RelayedOrder, pollSeconds: number): OrderStatus {
  switch (order.state) {
    case 'waiting':
      return { state: 'pending', retryAfterSeconds: pollSeconds };
    case 'issued':
      return { state: 'issued', chain: order.chain ?? [] };
    case 'rejected':
    case 'closed':
      return { state: 'rejected', reason: order.reason ?? order.state };
    default:
      return order.state satisfies never;
  }
}

async function close(relayed: RelayStore, reference: string, reason: string): Promise<CancelResult> {
  const found = await relayed.find(reference);
  if (found?.row.state === 'issued') return { state: 'too-late', reason: 'it was answered with a certificate' };
  if (found?.row.state === 'waiting') await relayed.save({ ...found.row, state: 'closed', reason }, found.etag);
  return { state: 'cancelled' };
}

/** Errors of the vault and of the store as the port knows them: try again, or somebody must mend the configuration. */
export async function asIssuer<T>(action: string, order: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code === 'bug' || error.code.startsWith('issuer-')) throw error;
    const code: ErrorCode = error.retry ? 'issuer-unreachable' : 'issuer-misconfigured';
    throw new RenewalError(code, `${action} failed: order=${order}: ${error.message}`, {
      cause: { code: error.code },
      retryAfterSeconds: error.retryAfterSeconds,
    });
  }
}
