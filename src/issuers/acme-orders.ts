import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { createRecent } from '../recent.ts';
import { issuedChain } from './acme-chain.ts';
import type { AcmeAnswer, AcmeClient } from './acme-client.ts';
import { type AcmeOrder, orderShape, pending, type Rejected, readAs, rejected, unusable } from './acme-order.ts';
import { wordsOf } from './acme-problem.ts';
import {
  cleanUp,
  failedProof,
  type Proof,
  type ProofOptions,
  type Proving,
  prove,
  rememberTold,
} from './acme-proof.ts';
import { isOfReplaced, replacedId } from './acme-renewal-info.ts';
import type { Order, OrderStatus, PlacedOrder } from './port.ts';

export interface AcmeOrdersOptions extends ProofOptions {
  readonly client: AcmeClient;
  readonly preferredChain: string | undefined;
  readonly clock: Clock;
}

/** What a new order asks for. */
export interface OrderWish {
  readonly names: readonly string[];
  readonly profile: string | undefined;
  /** base64 DER of the certificate that is to be replaced. */
  readonly replaces: string | undefined;
}

/** Orders at an ACME server, moved on one step a call. */
export interface AcmeOrders {
  place(wish: OrderWish): Promise<Order | Rejected>;
  advance(order: PlacedOrder): Promise<OrderStatus>;
}

export function createAcmeOrders(options: AcmeOrdersOptions): AcmeOrders {
  const { account } = options;
  const justPlaced = createRecent<Look>(ORDERS_KEPT);
  const look = async (reference: string): Promise<Look | Rejected> => {
    const known = justPlaced.get(reference);
    justPlaced.forget(reference);
    if (known !== undefined) return known;
    const answer = await account.post(reference);
    // A server that was set up anew knows nothing of it, nor of its account.
    return answer.state === 'problem' ? rejected(answer) : lookOf(answer);
  };
  return {
    async place(wish) {
      const answer = await newOrder(wish, options);
      if (answer.state === 'problem') return refusedOrder(answer);
      const reference = answer.answer.header('location');
      if (reference === undefined) {
        throw new RenewalError('issuer-unreachable', 'acme: newOrder answered without a Location');
      }
      // Whoever has placed it looks at it next: the server has just said how it stands. One that said it badly is asked again.
      if (orderShape.safeParse(answer.body).success) justPlaced.set(reference, lookOf(answer));
      return { reference };
    },
    async advance(placed) {
      let looked: Looked = { ...placed, told: [], isCleared: false };
      let kept: Kept | undefined;
      for (let looks = 1; ; looks += 1) {
        const seen = await look(placed.reference);
        if ('state' in seen) return seen;
        const { order } = seen;
        const isOver = order.expires !== undefined && Date.parse(order.expires) <= options.clock.now().getTime();
        if (isOver && order.status !== 'valid')
          return { state: 'rejected', reason: `the order ended at ${order.expires}` };
        if (isWorthAnotherLook(kept, seen) && looks < MOST_LOOKS) {
          kept = { ...kept, looksLeft: kept.looksLeft - 1 };
          continue;
        }
        if (kept?.at === order.status) return waitingFor(kept.step, options);
        const next = await step(looked, seen, options);
        if (next.told === undefined || looks === MOST_LOOKS) return waitingFor(next, options);
        kept = { at: order.status, step: next, looksLeft: MORE_LOOKS };
        looked = { ...looked, told: [...looked.told, ...next.told], isCleared: next.isCleared === true };
      }
    },
  };
}

/** Of orders that were just placed. */
const ORDERS_KEPT = 100;

/** An order as the server has shown it. */
interface Look {
  readonly order: AcmeOrder;
  readonly retryAfterSeconds: number | undefined;
}

function lookOf(answer: Extract<AcmeAnswer, { state: 'done' }>): Look {
  return { order: readAs(answer, orderShape, 'an order'), retryAfterSeconds: answer.answer.retryAfterSeconds };
}

async function newOrder(
  { names, profile, replaces: old }: OrderWish,
  { client, account }: AcmeOrdersOptions,
): Promise<AcmeAnswer> {
  const { newOrder } = await client.directory();
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const wish = { identifiers, ...(profile !== undefined && { profile }) };
  const replaces = await replacedId(client, old, names);
  const first = await account.post(newOrder, { ...wish, ...(replaces !== undefined && { replaces }) });
  // An order is worth more than the link to what it replaces.
  return replaces !== undefined && isOfReplaced(first) ? account.post(newOrder, wish) : first;
}

/** Before there is an order, nobody can be unauthorized but the account. */
function refusedOrder(answer: Extract<AcmeAnswer, { state: 'problem' }>): Rejected {
  if (answer.problem.type !== 'unauthorized') return rejected(answer);
  throw new RenewalError('issuer-misconfigured', `acme: the account was refused: ${wordsOf(answer.problem)}`);
}

/** Of one call: a server that is quick decides while it is asked again, and saves whoever waits a durable timer. */
const MOST_LOOKS = 6;
/** At a server that has not got on with what it was told, and does not say when it will have. */
const MORE_LOOKS = 1;

/** What was done in this call, at which status of the order. */
interface Kept {
  readonly at: AcmeOrder['status'];
  readonly step: Stepped;
  readonly looksLeft: number;
}

function isWorthAnotherLook(kept: Kept | undefined, { order, retryAfterSeconds }: Look): kept is Kept {
  if (kept === undefined || kept.looksLeft === 0 || retryAfterSeconds !== undefined) return false;
  return order.status === kept.at || order.status === 'processing';
}

/**
 * `told`: the server was just told to do something, and may have done it; with the proofs that it was told to look at.
 * `isCleared`: the records of all names are taken away.
 */
type Stepped = OrderStatus & { readonly told?: Proving['told']; readonly isCleared?: boolean };

async function waitingFor(
  { told, isCleared: _, ...status }: Stepped,
  options: AcmeOrdersOptions,
): Promise<OrderStatus> {
  if (told !== undefined) await rememberTold({ told }, options);
  return status;
}

/** An order, with the proofs that the server was told to look at in this very call. */
interface Looked extends PlacedOrder {
  readonly told: readonly Proof[];
  readonly isCleared: boolean;
}

/** RFC 8555 7.1.6: what the order waits for, in its own words. */
async function step(placed: Looked, { order, retryAfterSeconds }: Look, options: AcmeOrdersOptions): Promise<Stepped> {
  switch (order.status) {
    case 'pending': {
      const proving = await prove(order, options);
      if (proving.state === 'rejected' || proving.told.length > 0) return proving;
      return pending(proving.retryAfterSeconds);
    }
    case 'ready':
      return finalize(placed, order, options);
    case 'processing':
      return pending(retryAfterSeconds);
    case 'valid':
      return issued(placed, order, options);
    case 'invalid':
      return refused(order, options);
    default:
      return order.status satisfies never;
  }
}

async function finalize(placed: Looked, order: AcmeOrder, options: AcmeOrdersOptions): Promise<Stepped> {
  const answer = await options.account.post(order.finalize, {
    csr: Buffer.from(await placed.csr(), 'base64').toString('base64url'),
  });
  if (answer.state === 'problem') {
    // Another poll has finalized it in the meantime.
    return answer.problem.type === 'orderNotReady' ? pending(undefined) : rejected(answer);
  }
  const after = readAs(answer, orderShape, 'an order');
  if (after.status === 'valid') return issued(placed, after, options);
  // Every name is proved: the records go while the server makes the certificate, which gives it time before it is asked.
  const isCleared = placed.told.length === order.authorizations.length;
  if (isCleared) await cleanUp(order, options, placed.told);
  return { ...pending(answer.answer.retryAfterSeconds), told: [], isCleared };
}

async function issued({ told, isCleared }: Looked, order: AcmeOrder, options: AcmeOrdersOptions): Promise<OrderStatus> {
  if (order.certificate === undefined) throw unusable('a valid order has no certificate');
  const chain = await issuedChain(options.account, order.certificate, options.preferredChain);
  if (!isCleared) await cleanUp(order, options, told);
  return { state: 'issued', chain };
}

async function refused(order: AcmeOrder, options: AcmeOrdersOptions): Promise<Rejected> {
  const failed = await failedProof(order, options);
  await cleanUp(order, options);
  if (failed !== undefined) return failed;
  return { state: 'rejected', reason: order.error === undefined ? 'the order is invalid' : wordsOf(order.error) };
}
