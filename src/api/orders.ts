import { z } from 'zod';
import { derToPem } from '../certificate/pem.ts';
import { isOver, longestAgo, plansOf } from '../issuers/relayed.ts';
import { type RelayedAnswer, type Taken, takeAnswer } from '../issuers/relayed-answer.ts';
import { BODY_LIMIT_BYTES, readBody } from './body.ts';
import { type IncomingBody, readBytes } from './call-body.ts';
import type { OrderDependencies } from './order-dependencies.ts';
import { type OrderView, viewOfOrder } from './order-view.ts';
import { callProblem, PROBLEM_TYPE, type ProblemDocument } from './problems.ts';
import type { Answer } from './renewals.ts';

/** The largest chain that is kept is half of it, and PKCS#7 in PEM with text around is no larger than the rest. */
export const UPLOAD_LIMIT_BYTES = 256 * 1024;
const REFERENCE = /^[0-9a-f]{40}$/;

export interface OrderCall {
  readonly app: OrderDependencies;
  readonly base: string;
}

/** An answer that is no JSON. */
export interface TextAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** `GET /api/orders`: what waits for somebody's answer. */
export async function listOrders({ app, base }: OrderCall): Promise<Answer> {
  const plan = plansOf(await app.estate());
  const now = app.clock.now();
  const orders: OrderView[] = [];
  for await (const { row } of app.relayed.waiting(longestAgo(now))) {
    if (!isOver(row, now)) orders.push(viewOfOrder(row, plan(row.issuer)?.kind ?? '', base));
  }
  orders.sort((one, other) => one.createdAt.localeCompare(other.createdAt));
  return { status: 200, headers: { 'content-type': 'application/json' }, body: { orders } };
}

/** `GET /api/orders/{reference}/csr`: PEM, for a person to take to the CA. */
export async function getCsr({ app }: OrderCall, reference: string | undefined): Promise<Answer | TextAnswer> {
  const found = isReference(reference) ? await app.relayed.find(reference) : undefined;
  if (found === undefined) return unknownOrder();
  const name = `attachment; filename="${found.row.reference.slice(0, 8)}.csr"`;
  const headers = { 'content-type': 'application/x-pem-file', 'content-disposition': name };
  return { status: 200, headers, text: derToPem(Buffer.from(found.row.csr, 'base64'), 'CERTIFICATE REQUEST') };
}

/** `POST /api/orders/{reference}/chain`: PEM, DER or PKCS#7, whatever its content type says. */
export async function postChain(call: OrderCall, reference: string | undefined, body: IncomingBody): Promise<Answer> {
  const chain = await readBytes(body, UPLOAD_LIMIT_BYTES);
  if (chain === undefined) return tooLarge(UPLOAD_LIMIT_BYTES);
  return answerOrder(call, reference, { state: 'issued', chain });
}

/** Body of `POST /api/orders/{reference}/reject`. */
export const orderRejection = z
  .strictObject(
    {
      reason: z
        .string({ error: 'a text of 1 to 500 characters' })
        .regex(/^[^\p{Cc}]{1,500}$/u, { error: 'a text of 1 to 500 characters without control characters' })
        .meta({ description: "Why, in the CA's own words." }),
    },
    { error: 'a group of the key reason' },
  )
  .meta({ id: 'OrderRejection' });

/** `POST /api/orders/{reference}/reject`. */
export async function postRejection(
  call: OrderCall,
  reference: string | undefined,
  sent: { readonly contentType: string | null; readonly body: IncomingBody },
): Promise<Answer> {
  const body = await readBytes(sent.body, BODY_LIMIT_BYTES);
  if (body === undefined) return tooLarge(BODY_LIMIT_BYTES);
  const read = readBody(orderRejection, {
    contentType: sent.contentType,
    body: body.toString('utf8'),
  });
  if (read.state === 'wrong') return problemAnswer(read.problem);
  return answerOrder(call, reference, { state: 'rejected', reason: read.value.reason });
}

/** What becomes of an answer, whoever gives it. */
export async function answerOrder(
  { app, base }: OrderCall,
  reference: string | undefined,
  answer: RelayedAnswer,
): Promise<Answer> {
  if (!isReference(reference)) return unknownOrder();
  const plan = plansOf(await app.estate());
  const taken = await takeAnswer(reference, answer, { relayed: app.relayed, now: app.clock.now(), plan });
  if (taken.state !== 'taken') return refusal(taken);
  const view = viewOfOrder(taken.order, plan(taken.order.issuer)?.kind ?? '', base);
  return { status: 200, headers: { 'content-type': 'application/json' }, body: view };
}

function refusal(taken: Exclude<Taken, { state: 'taken' }>): Answer {
  switch (taken.state) {
    case 'unknown':
      return unknownOrder();
    case 'answered':
      return problemAnswer(callProblem('order-answered', `Nothing was changed: ${taken.detail}.`));
    case 'refused': {
      const code = taken.mistake === 'private-key' ? 'private-key-refused' : 'chain-refused';
      const errors = [{ field: 'body', problem: taken.detail, fix: taken.fix }];
      return problemAnswer(callProblem(code, `Nothing was kept: ${taken.detail}.`, errors));
    }
    default:
      return taken satisfies never;
  }
}

export function isReference(text: string | undefined): text is string {
  return text !== undefined && REFERENCE.test(text);
}

export function unknownOrder(): Answer {
  return problemAnswer(callProblem('order-unknown', 'Send the reference of an order that GET /api/orders lists.'));
}

export function tooLarge(bytes: number): Answer {
  return problemAnswer(callProblem('body-too-large', `Send at most ${bytes} bytes.`));
}

export function problemAnswer(document: ProblemDocument): Answer {
  return { status: document.status, body: document, headers: { 'content-type': PROBLEM_TYPE } };
}
