import { z } from 'zod';
import { plansOf } from '../issuers/relayed.ts';
import { signingKeys, verify } from '../webhook-signature.ts';
import { readBody } from './body.ts';
import { type IncomingBody, readBytes } from './call-body.ts';
import {
  answerOrder,
  isReference,
  type OrderCall,
  problemAnswer,
  tooLarge,
  UPLOAD_LIMIT_BYTES,
  unknownOrder,
} from './orders.ts';
import { callProblem } from './problems.ts';
import type { Answer } from './renewals.ts';

const reference = z
  .string({ error: "the order's reference, as in the path" })
  .meta({ description: 'As in the path: so that a callback is good for its own order alone.' });

/** Body of `POST /api/callbacks/{reference}`. */
export const callback = z
  .discriminatedUnion(
    'state',
    [
      z.strictObject({
        reference,
        state: z.literal('issued'),
        chain: z
          .string({ error: 'PEM of the chain, or base64 of its DER or PKCS#7' })
          .meta({ description: 'PEM of the chain, or base64 of its DER or PKCS#7.' }),
      }),
      z.strictObject({
        reference,
        state: z.literal('rejected'),
        reason: z
          .string({ error: 'a text of 1 to 500 characters' })
          .regex(/^[^\p{Cc}]{1,500}$/u, { error: 'a text of 1 to 500 characters without control characters' }),
      }),
    ],
    { error: 'a group whose key state is issued or rejected' },
  )
  .meta({ id: 'Callback' });

export interface SignedCall {
  readonly contentType: string | null;
  readonly header: (name: string) => string | null;
  readonly body: IncomingBody;
}

/**
 * `POST /api/callbacks/{reference}`: a webhook's answer. Nobody needs a key of the app for it: the signature is what counts
 * (Standard Webhooks 1.0.0). It names its order, and an order is answered once, so that a call that is repeated changes nothing.
 */
export async function postCallback(call: OrderCall, at: string | undefined, sent: SignedCall): Promise<Answer> {
  const body = await readBytes(sent.body, UPLOAD_LIMIT_BYTES);
  if (body === undefined) return tooLarge(UPLOAD_LIMIT_BYTES);
  const found = isReference(at) ? await call.app.relayed.find(at) : undefined;
  if (found === undefined) return unknownOrder();
  const refused = await signatureRefusal(call, found.row.issuer, { header: sent.header, body });
  if (refused !== undefined) return problemAnswer(callProblem('signature-refused', refused));
  const read = readBody(callback, { contentType: sent.contentType, body: body.toString('utf8') }, UPLOAD_LIMIT_BYTES);
  if (read.state === 'wrong') return problemAnswer(read.problem);
  const { value } = read;
  if (value.reference !== at) {
    const error = { field: 'reference', problem: 'is not that of the path', fix: 'send the reference of this order' };
    return problemAnswer(callProblem('request-invalid', '1 of the fields is wrong.', [error]));
  }
  return answerOrder(call, at, value.state === 'rejected' ? value : { ...value, chain: Buffer.from(value.chain) });
}

async function signatureRefusal(
  { app }: OrderCall,
  issuer: string,
  message: { readonly header: (name: string) => string | null; readonly body: Uint8Array },
): Promise<string | undefined> {
  const plan = plansOf(await app.estate())(issuer);
  if (plan?.kind !== 'webhook') return 'The issuer of this order takes no callbacks.';
  const keys = signingKeys(await app.credential(plan.secret).value(), {
    ...{ who: plan.kind, code: 'issuer-misconfigured' },
  });
  const verdict = verify(message, keys, app.clock.now());
  return verdict.state === 'authentic' ? undefined : `Sign as Standard Webhooks says: ${verdict.detail}.`;
}
