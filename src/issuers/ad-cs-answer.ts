import { excessOf } from '../certificate/acceptance.ts';
import { sentChain } from '../certificate/chain-upload.ts';
import { readCsr } from '../certificate/csr.ts';
import type { RelayedOrder } from '../estate/relayed-order.ts';
import { plainText } from '../plain-text.ts';

/** What a worker brings back, unread by it. */
export interface WorkerAnswer {
  /** `stopped`: an earlier run ended while `certreq` submitted, and nobody knows how far it came. */
  readonly outcome: 'ran' | 'stopped';
  readonly exitCode: number;
  /** What `certreq` printed. */
  readonly output: string;
  /** Text of the file that `certreq` has written the chain to; empty when there is none. */
  readonly certificates: string;
}

/** What becomes of the order's row. */
type Change = Partial<Pick<RelayedOrder, 'state' | 'chain' | 'reason' | 'requestId' | 'attempt'>> & {
  /** When it is given out again, from now; absent: never. */
  readonly againSeconds?: number;
};

const UNREACHED_SECONDS = 300;

/** `RPC_S_SERVER_UNAVAILABLE`: nobody was reached, and so nothing was submitted. */
const UNREACHED = /0x800706ba/i;
/** Disposition 2, in `certreq`'s own word, and the errors of policy: template, key, subject (winerror.h, CERTSRV_E_). */
const DENIED = /\(Denied\)|0x8009480[0-9a-f]|0x8009481[0-9a-f]/i;
/** Disposition 5. */
const PENDING = /Taken Under Submission|request is pending/i;

/**
 * What `certreq` has said, by its disposition: 3 issued (there is a certificate), 5 pending, 2 denied. A request with a number
 * is asked for by that number ever after, also where the words are in a language that nobody here reads.
 */
export function decideAnswer(order: RelayedOrder, answer: WorkerAnswer, retrieveSeconds: number): Change {
  const { output, certificates, outcome } = answer;
  if (outcome === 'stopped') {
    const reason = `the worker ${order.worker} stopped while certreq submitted: the CA may hold a request of that moment; look there, and renew again`;
    return { state: 'rejected', reason };
  }
  const requestId = order.requestId ?? numberOf(output);
  const known = requestId === undefined ? {} : { requestId };
  if (certificates !== '') return { ...known, ...issued(certificates, order) };
  const words = wordsOf(output) || `certreq ended with ${answer.exitCode} and said nothing`;
  if (DENIED.test(output)) return { ...known, state: 'rejected', reason: words };
  if (requestId !== undefined) {
    const isPending = PENDING.test(output);
    return { requestId, againSeconds: retrieveSeconds, reason: isPending ? 'it waits for a manager of the CA' : words };
  }
  if (!UNREACHED.test(output)) return { state: 'rejected', reason: words };
  // A new number lets the worker submit anew: it would not by itself.
  return { attempt: (order.attempt ?? 1) + 1, againSeconds: UNREACHED_SECONDS, reason: words };
}

function issued(text: string, { csr }: RelayedOrder): Change {
  const chain = sentChain(text, readCsr(Buffer.from(csr, 'base64')));
  if (chain === undefined) return { state: 'rejected', reason: 'the worker sent a private key with the chain' };
  const excess = excessOf(chain);
  if (excess !== undefined) return { state: 'rejected', reason: `the chain is too large: ${excess}` };
  return { state: 'issued', chain };
}

/** `RequestId: 12`, and in every language `"12"` on the line after it. */
function numberOf(output: string): string | undefined {
  return /RequestId:\s*"?(\d{1,10})\b/i.exec(output)?.[1] ?? /"(\d{1,10})"/.exec(output)?.[1];
}

function wordsOf(output: string): string {
  const lines = output.split(/\r?\n/).filter((line) => !/^\s*RequestId:/i.test(line));
  return plainText(lines.join(' '));
}
