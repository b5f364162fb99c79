import { readChainUpload, type UploadedChain } from '../certificate/chain-upload.ts';
import { readCsr } from '../certificate/csr.ts';
import { pemToDer } from '../certificate/pem.ts';
import { RenewalError } from '../errors.ts';
import type { RelayedOrder, RelayStore } from '../estate/relayed-order.ts';
import { plainText } from '../plain-text.ts';
import type { IssuerPlan } from '../plan/types.ts';
import { isOver } from './relayed.ts';

/** What somebody says of an order. */
export type RelayedAnswer =
  | { readonly state: 'issued'; readonly chain: Uint8Array }
  | { readonly state: 'rejected'; readonly reason: string };

export type Taken =
  /** Now, or by an earlier call that said the same. */
  | { readonly state: 'taken'; readonly order: RelayedOrder }
  /** It has another answer, or wants none any more. */
  | { readonly state: 'answered'; readonly detail: string }
  | { readonly state: 'unknown' }
  | Extract<UploadedChain, { state: 'refused' }>;

export interface AnswerDependencies {
  readonly relayed: RelayStore;
  readonly now: Date;
  /** The issuer of an order, as the estate file has it now. */
  readonly plan: (issuer: string) => Pick<IssuerPlan, 'chain' | 'roots'> | undefined;
}

const TRIES = 5;

/** Writes an answer into the row of its order, once: the same again is fine, another one is not taken. */
export async function takeAnswer(
  reference: string,
  answer: RelayedAnswer,
  dependencies: AnswerDependencies,
): Promise<Taken> {
  const { relayed, now } = dependencies;
  for (let tries = 1; ; tries++) {
    const found = await relayed.find(reference);
    if (found === undefined) return { state: 'unknown' };
    const change = changeOf(found.row, answer, dependencies);
    if (change.state !== 'issued' && change.state !== 'rejected') return change;
    const order: RelayedOrder = { ...found.row, ...change, answeredAt: now.toISOString() };
    try {
      await relayed.save(order, found.etag);
      return { state: 'taken', order };
    } catch (error) {
      // Somebody was faster; what they wrote decides.
      if (!(error instanceof RenewalError) || error.code !== 'storage-conflict' || tries === TRIES) throw error;
    }
  }
}

type Change =
  | { readonly state: 'issued'; readonly chain: readonly string[] }
  | { readonly state: 'rejected'; readonly reason: string }
  | Exclude<Taken, { state: 'unknown' }>;

function changeOf(order: RelayedOrder, answer: RelayedAnswer, { plan, now }: AnswerDependencies): Change {
  if (answer.state === 'rejected') {
    if (order.state === 'rejected') return { state: 'taken', order };
    if (order.state !== 'waiting' || isOver(order, now)) return alreadyAnswered(order);
    return { state: 'rejected', reason: plainText(answer.reason) || 'no reason was given' };
  }
  const issuer = plan(order.issuer);
  const read = readChainUpload(answer.chain, {
    csr: readCsr(Buffer.from(order.csr, 'base64')),
    intermediates: issuer?.chain.flatMap((pem) => pemToDer(pem)) ?? [],
    roots: issuer?.roots.flatMap((pem) => pemToDer(pem)) ?? [],
    now,
  });
  if (read.state === 'refused') return read;
  if (order.state === 'issued' && isSame(order.chain ?? [], read.chain)) return { state: 'taken', order };
  if (order.state !== 'waiting' || isOver(order, now)) return alreadyAnswered(order);
  return { state: 'issued', chain: read.chain };
}

/** The leaf is what counts: the same one with more or fewer intermediates changes nothing. */
function isSame([one]: readonly string[], [other]: readonly string[]): boolean {
  return one === other;
}

function alreadyAnswered({
  state,
  reason,
  answeredAt,
  expiresAt,
}: RelayedOrder): Extract<Taken, { state: 'answered' }> {
  switch (state) {
    case 'issued':
      return { state: 'answered', detail: `another chain was sent at ${answeredAt}` };
    case 'rejected':
      return { state: 'answered', detail: `it was rejected at ${answeredAt}` };
    case 'closed':
      return { state: 'answered', detail: `${reason}` };
    case 'waiting':
      return { state: 'answered', detail: `its time was over at ${expiresAt}` };
    default:
      return state satisfies never;
  }
}
