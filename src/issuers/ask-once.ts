import { excessOf } from '../certificate/acceptance.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AnswerRow, AnswerStore, Versioned } from '../estate/port.ts';
import type { Order, OrderStatus } from './port.ts';

/** One certificate that a CA is asked for which hands it out only once. */
export interface Question<T> {
  /** Kind of the issuer. */
  readonly issuer: string;
  readonly renewalId: string;
  /** Of the key that is to be certified. */
  readonly spkiSha256: string;
  /** What is fetched before the CA is asked: tokens, its chain. Nothing is issued by it. */
  readonly prepare: () => Promise<T>;
  /**
   * Asks. `issuer-unreachable` says that the CA may have issued and was not heard; any other error, that it has not. An
   * answer that is no certificate, though it should be one, is therefore `issuer-unreachable`.
   */
  readonly ask: (prepared: T) => Promise<OrderStatus>;
}

export interface AskOnceDependencies {
  readonly answers: AnswerStore;
  readonly clock: Pick<Clock, 'now'>;
}

/** How the question stands: the order that it is, and what the CA said. */
export interface Asked {
  readonly order: Order;
  readonly status: OrderStatus;
}

/** Longer than the calls of one question may take together; whoever has not written its end by then is gone. */
const ASKING_SECONDS = 120;

/** Cause of an `issuer-unreachable` after which the CA has surely not issued. */
export const notIssued = { code: 'NOT_ISSUED' } as const;

/** Errors of connections that were never made, and the above. */
const NEVER_ASKED: readonly unknown[] = [
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  notIssued.code,
];

/** A row that others write at the same time is read again; there are never many of them. */
const MOST_TRIES = 5;

/**
 * Asks a CA, and writes down before that it is asked and afterwards what it said: the same renewal with the same key gets the
 * same certificate, and the CA issues at most one more for each answer that was lost. How many those were is in the order.
 * Throws what the question throws, and `storage-*` codes: a breaker is not to hold those against the CA.
 */
export async function askOnce<T>(question: Question<T>, dependencies: AskOnceDependencies): Promise<Asked> {
  const key = `${question.spkiSha256}-${question.renewalId}`;
  const found = await dependencies.answers.get(key);
  if (found?.row.state === 'answered') return asked(found.row);
  const prepared = await question.prepare();
  const begun = await begin({ key, found, question }, dependencies);
  if (begun.row.state === 'answered') return asked(begun.row);
  let status: OrderStatus;
  try {
    status = fitting(await question.ask(prepared));
  } catch (error) {
    const unheard = begun.row.unheard + (mayHaveIssued(error) ? 1 : 0);
    // Whether this can be written or not, the error is what happened; a row that still says `asking` is waited out.
    await dependencies.answers.save({ ...begun.row, state: 'open', unheard }, begun.etag).catch(() => undefined);
    throw error;
  }
  const row = await settle(begun, status, dependencies.answers);
  return row.state === 'answered' ? asked(row) : { order: orderOf(row), status };
}

/** An order that was answered before. */
export async function recordedAnswer(reference: string, answers: AnswerStore): Promise<OrderStatus> {
  const found = await answers.get(reference);
  if (found?.row.state === 'answered') return asked(found.row).status;
  return { state: 'rejected', reason: 'nothing was recorded under this order' };
}

function asked(row: AnswerRow): Asked {
  return { order: orderOf(row), status: { state: 'issued', chain: row.chain ?? [] } };
}

function orderOf({ key, unheard }: AnswerRow): Order {
  return { reference: key, ...(unheard > 0 && { unheard }) };
}

interface Beginning {
  readonly key: string;
  readonly found: Versioned<AnswerRow> | undefined;
  readonly question: Pick<Question<unknown>, 'issuer' | 'renewalId'>;
}

/** Writes that the CA is asked now; of two that begin at once, one waits for the other. */
async function begin(
  { key, found, question: { issuer, renewalId } }: Beginning,
  { answers, clock }: AskOnceDependencies,
): Promise<Versioned<AnswerRow>> {
  const now = clock.now();
  const isAsking = found?.row.state === 'asking';
  if (isAsking) waitFor(found.row, now);
  const unheard = (found?.row.unheard ?? 0) + (isAsking ? 1 : 0);
  const row: AnswerRow = { key, renewalId, issuer, state: 'asking', askedAt: now.toISOString(), unheard };
  try {
    return { row, etag: await answers.save(row, found?.etag) };
  } catch (error) {
    if (!isConflict(error)) throw error;
    const other = await answers.get(key);
    if (other?.row.state === 'answered') return other;
    throw beingAsked(issuer, ASKING_SECONDS);
  }
}

function waitFor({ issuer, askedAt }: AnswerRow, now: Date): void {
  const left = ASKING_SECONDS - (now.getTime() - new Date(askedAt).getTime()) / 1000;
  if (left > 0) throw beingAsked(issuer, Math.ceil(Math.min(left, ASKING_SECONDS)));
}

/** The answer that is written first stands, also for whoever was answered otherwise meanwhile. */
async function settle(begun: Versioned<AnswerRow>, status: OrderStatus, answers: AnswerStore): Promise<AnswerRow> {
  let { row, etag } = begun;
  for (let tries = 1; ; tries++) {
    const settled = settledRow(row, status);
    try {
      await answers.save(settled, etag);
      return settled;
    } catch (error) {
      if (!isConflict(error) || tries === MOST_TRIES) throw error;
      const other = await answers.get(row.key);
      // Who asks by now writes what comes of that; only a certificate is worth more than no certificate.
      if (other === undefined) throw error;
      if (other.row.state === 'answered' || status.state !== 'issued') return other.row;
      // Whoever took over has counted this one as unheard.
      row = { ...other.row, unheard: Math.max(0, other.row.unheard - 1) };
      etag = other.etag;
    }
  }
}

function settledRow(row: AnswerRow, status: OrderStatus): AnswerRow {
  return status.state === 'issued' ? { ...row, state: 'answered', chain: status.chain } : { ...row, state: 'open' };
}

/** A chain for which a row has no room is none that anybody could merge. */
function fitting(status: OrderStatus): OrderStatus {
  const excess = status.state === 'issued' ? excessOf(status.chain) : undefined;
  return excess === undefined ? status : { state: 'rejected', reason: `the chain is too large: ${excess}` };
}

function mayHaveIssued(error: unknown): boolean {
  if (!(error instanceof RenewalError)) return true;
  if (error.code !== 'issuer-unreachable') return error.code === 'bug';
  const { cause } = error;
  return !(typeof cause === 'object' && cause !== null && 'code' in cause && NEVER_ASKED.includes(cause.code));
}

function isConflict(error: unknown): boolean {
  return error instanceof RenewalError && error.code === 'storage-conflict';
}

/** Nothing that the CA could be blamed for. */
function beingAsked(issuer: string, retryAfterSeconds: number): RenewalError {
  const message = `${issuer}: submit failed: the CA is being asked, or whoever asked it is gone`;
  return new RenewalError('storage-conflict', message, { retryAfterSeconds });
}
