import { z } from 'zod';
import type { RelayedOrder } from '../estate/relayed-order.ts';
import { decideAnswer } from '../issuers/ad-cs-answer.ts';
import { giveOut } from '../issuers/ad-cs-queue.ts';
import { isOver, plansOf } from '../issuers/relayed.ts';
import type { AdCsPlan } from '../plan/issuers/ad-cs.ts';
import { sign, signingKeys, verify } from '../webhook-signature.ts';
import { readBody } from './body.ts';
import { readBytes } from './call-body.ts';
import type { SignedCall } from './callbacks.ts';
import { type OrderCall, problemAnswer, tooLarge, UPLOAD_LIMIT_BYTES, unknownOrder } from './orders.ts';
import { callProblem } from './problems.ts';
import type { Answer } from './renewals.ts';

const issuerName = z
  .string({ error: 'the name of the issuer, as in the path' })
  .meta({ description: 'As in the path: so that a call is good for its own issuer alone.' });
const WORKER = 'a name of 1 to 64 letters, digits, dots, underscores and hyphens';

/** Body of `POST /api/relay/{issuer}/requests`. */
export const workerCall = z
  .strictObject(
    { issuer: issuerName, worker: z.string({ error: WORKER }).regex(/^[A-Za-z0-9._-]{1,64}$/, { error: WORKER }) },
    { error: 'a group of the keys issuer, worker' },
  )
  .meta({ id: 'WorkerCall' });

const taskParts = { reference: z.string(), attempt: z.int(), nonce: z.string(), ca: z.string() };

/** What a worker is asked to do. */
export const workerTasks = z
  .object({
    issuer: z.string(),
    tasks: z.array(
      z.discriminatedUnion('action', [
        z.object({ ...taskParts, action: z.literal('submit'), template: z.string(), csr: z.string() }),
        z.object({ ...taskParts, action: z.literal('retrieve'), requestId: z.string() }),
      ]),
    ),
  })
  .meta({ id: 'WorkerTasks' });

const text = (most: number) =>
  z.string({ error: 'a text' }).max(most, { error: `a text of at most ${most} characters` });

/** Body of `POST /api/relay/{issuer}/answers`. */
export const workerAnswer = z
  .strictObject(
    {
      issuer: issuerName,
      reference: z.string({ error: 'the reference of the task' }),
      nonce: z.string({ error: 'the nonce of the task' }),
      outcome: z.enum(['ran', 'stopped'], { error: 'ran or stopped' }),
      exitCode: z.int({ error: 'a whole number' }),
      output: text(16_384).meta({ description: 'What certreq printed.' }),
      certificates: text(131_072).meta({ description: 'The chain that certreq wrote; empty when there is none.' }),
    },
    { error: 'a group of the keys issuer, reference, nonce, outcome, exitCode, output, certificates' },
  )
  .meta({ id: 'WorkerAnswer' });

/** 200: what the order is now. */
export const workerTaken = z
  .object({ state: z.enum(['waiting', 'issued', 'rejected', 'closed']) })
  .meta({ id: 'WorkerTaken' });

/** `POST /api/relay/{issuer}/requests`: a worker asks what is to be done. The answer is signed as the question is. */
export async function postWorkerCall(call: OrderCall, issuer: string, sent: SignedCall): Promise<Answer> {
  const read = await readSigned(call, issuer, { ...sent, shape: workerCall });
  if (read.state === 'wrong') return read.answer;
  const { value, plan, id, keys } = read;
  const tasks = await giveOut({ issuer, worker: value.worker, plan }, call.app);
  const body = { issuer, tasks };
  const signature = sign({ id, at: call.app.clock.now(), body: JSON.stringify(body) }, keys);
  return { status: 200, headers: { 'content-type': 'application/json', ...signature }, body };
}

/** `POST /api/relay/{issuer}/answers`: what `certreq` has said of one task. */
export async function postWorkerAnswer(call: OrderCall, issuer: string, sent: SignedCall): Promise<Answer> {
  const read = await readSigned(call, issuer, { ...sent, shape: workerAnswer });
  if (read.state === 'wrong') return read.answer;
  const { value, plan } = read;
  const now = call.app.clock.now();
  const found = await call.app.relayed.find(value.reference);
  if (found === undefined || found.row.issuer !== issuer) return unknownOrder();
  if (found.row.state !== 'waiting' || isOver(found.row, now) || found.row.nonce !== value.nonce) {
    const detail = 'The order has ended, or was given out anew since: ask what is to be done.';
    return problemAnswer(callProblem('order-answered', detail));
  }
  const order = changed(found.row, decideAnswer(found.row, value, plan.retrieveSeconds), now);
  await call.app.relayed.save(order, found.etag);
  return { status: 200, headers: { 'content-type': 'application/json' }, body: { state: order.state } };
}

/** A lease ends with its answer. */
function changed(
  order: RelayedOrder,
  { againSeconds, ...change }: ReturnType<typeof decideAnswer>,
  now: Date,
): RelayedOrder {
  const { nonce: _, leasedUntil: __, lookAgainAt: ___, ...rest } = order;
  if (againSeconds === undefined) return { ...rest, ...change, answeredAt: now.toISOString() };
  return { ...rest, ...change, lookAgainAt: new Date(now.getTime() + againSeconds * 1000).toISOString() };
}

type ReadCall<T> =
  | { readonly state: 'wrong'; readonly answer: Answer }
  | {
      readonly state: 'read';
      readonly value: T;
      readonly plan: AdCsPlan;
      readonly id: string;
      readonly keys: readonly Buffer[];
    };

async function readSigned<T extends { readonly issuer: string }>(
  { app }: OrderCall,
  issuer: string,
  { shape, contentType, header, body: sent }: SignedCall & { readonly shape: z.ZodType<T> },
): Promise<ReadCall<T>> {
  const wrong = (answer: Answer): ReadCall<T> => ({ state: 'wrong', answer });
  const body = await readBytes(sent, UPLOAD_LIMIT_BYTES);
  if (body === undefined) return wrong(tooLarge(UPLOAD_LIMIT_BYTES));
  const plan = plansOf(await app.estate())(issuer);
  // Which issuers there are is nobody's business who cannot sign.
  const told = { who: 'ad-cs', code: 'issuer-misconfigured' } as const;
  const keys = plan?.kind === 'ad-cs' ? signingKeys(await app.credential(plan.secret).value(), told) : [];
  const verdict = verify({ header, body }, keys, app.clock.now());
  if (plan?.kind !== 'ad-cs' || verdict.state !== 'authentic') {
    const detail = verdict.state === 'authentic' ? 'no such issuer' : verdict.detail;
    return wrong(problemAnswer(callProblem('signature-refused', `Sign as Standard Webhooks says: ${detail}.`)));
  }
  const read = readBody(shape, { contentType, body: body.toString('utf8') }, UPLOAD_LIMIT_BYTES);
  if (read.state === 'wrong') return wrong(problemAnswer(read.problem));
  if (read.value.issuer !== issuer) {
    const error = { field: 'issuer', problem: 'is not that of the path', fix: 'send the name of this issuer' };
    return wrong(problemAnswer(callProblem('request-invalid', '1 of the fields is wrong.', [error])));
  }
  return { state: 'read', value: read.value, plan, id: verdict.id, keys };
}
