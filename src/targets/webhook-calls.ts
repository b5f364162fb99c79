import { wordsOf } from '../answer-words.ts';
import { RenewalError } from '../errors.ts';
import { createHttps, type HttpsAnswer } from '../https-client.ts';
import type { WebhookTarget } from '../plan/targets/webhook.ts';
import { sign, signingKeys, verify } from '../webhook-signature.ts';
import type { TargetOptions, VersionToServe } from './port.ts';

export type WebhookMessage = 'deploy' | 'roll-back' | 'status';

/** What the receiver did with a message. */
export type Taken =
  | { readonly state: 'taken'; readonly text: string; readonly retryAfterSeconds?: number }
  /** Of a question: the answer came from somebody who does not show that he has the secret. */
  | { readonly state: 'unsigned'; readonly detail: string }
  | { readonly state: 'refused'; readonly reason: string };

/** Busy with another change, in whatever way it is said. */
const busy: readonly number[] = [409, 412, 423, 425];
const noSuchVerb = 501;

/**
 * One signed message (Standard Webhooks 1.0.0). The same message has the same id for ten minutes, so that a receiver may
 * drop a repeat; a question is new each time, so that no old answer fits it. Throws `RenewalError` (`target-*`, `vault-*`).
 */
export async function tell(
  { clock, secret, mayConnect = () => true }: TargetOptions,
  target: WebhookTarget,
  { message, version }: { readonly message: WebhookMessage; readonly version: VersionToServe },
): Promise<Taken> {
  if (secret === undefined) throw new RenewalError('bug', 'webhook: there is no reader of secrets');
  const { id: who } = target;
  const [url, value] = await Promise.all([secret(target.url), secret(target.secret)]);
  const keys = signingKeys(value, { who, code: 'target-misconfigured' });
  const now = clock.now();
  const id = messageId(message, { target, version, now });
  const body = JSON.stringify({
    type: `perennial.certificate.${message}`,
    timestamp: now.toISOString(),
    data: dataOf(target, version),
  });
  // The URL is in no message of ours.
  const https = createHttps({ who, side: 'target', shown: () => 'its URL', clock, mayConnect, trust: target.trust });
  const answer = await https.send({
    ...{ method: 'POST', url: url.trim(), body, handsOn: [noSuchVerb, ...busy] },
    headers: {
      ...{ accept: 'application/json, application/problem+json', 'content-type': 'application/json' },
      ...(target.keyId !== undefined && { 'webhook-key-id': target.keyId }),
      ...sign({ id, at: now, body }, keys),
    },
  });
  const isQuestion = message === 'status';
  return judge(answer, who, () => (isQuestion ? signatureProblem(answer, { id, keys, now: clock.now() }) : undefined));
}

function judge(answer: HttpsAnswer, who: string, unsigned: () => string | undefined): Taken {
  const { status, text, retryAfterSeconds } = answer;
  if (status >= 200 && status < 300) {
    const detail = unsigned();
    if (detail !== undefined) return { state: 'unsigned', detail };
    return { state: 'taken', text, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  }
  const said = `${who}: the receiver answered ${status}`;
  if (status === 401 || status === 403)
    throw new RenewalError('target-forbidden', `${said}: it does not take our signature`);
  const words = wordsOf(answer, 'the receiver');
  if (busy.includes(status)) throw new RenewalError('target-throttled', `${said}: ${words}`, { retryAfterSeconds });
  return { state: 'refused', reason: `${said}: ${words}` };
}

/** The answer is signed as the message was, under the message's own id. */
function signatureProblem(
  { header, text }: HttpsAnswer,
  { id, keys, now }: { readonly id: string; readonly keys: readonly Buffer[]; readonly now: Date },
): string | undefined {
  const verdict = verify({ header, body: Buffer.from(text) }, keys, now);
  if (verdict.state !== 'authentic') return `${verdict.state}: ${verdict.detail}`;
  return verdict.id === id ? undefined : 'it is signed for another message';
}

const SAME_MESSAGE_MILLISECONDS = 600_000;

function messageId(
  message: WebhookMessage,
  { target, version, now }: { readonly target: WebhookTarget; readonly version: VersionToServe; readonly now: Date },
): string {
  const milliseconds = now.getTime();
  const at = message === 'status' ? milliseconds : Math.floor(milliseconds / SAME_MESSAGE_MILLISECONDS);
  return `${message}-${target.name}-${version.renewalId}-${at}`;
}

/** All that a receiver needs, and no key: what it is allowed to read in the vault is its owner's affair. */
function dataOf({ id }: WebhookTarget, version: VersionToServe): Readonly<Record<string, string>> {
  const { renewalId, vault, name, version: at, sha256, thumbprint } = version;
  const { origin } = new URL(vault);
  return {
    ...{ renewalId, target: id, vault: origin, certificate: name, version: at },
    secretId: `${origin}/secrets/${name}/${at}`,
    ...{ sha256, thumbprint },
  };
}
