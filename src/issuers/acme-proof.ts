import { createHash } from 'node:crypto';
import { RenewalError } from '../errors.ts';
import type { AcmeAccount } from './acme-account.ts';
import type { DnsProofs } from './acme-dns.ts';
import {
  type AcmeOrder,
  type Authorization,
  authorizationShape,
  dnsChallenge,
  type Pending,
  pending,
  type Rejected,
  readAs,
  refusalOf,
  rejected,
  SOON_SECONDS,
} from './acme-order.ts';
import { wordsOf } from './acme-problem.ts';

export interface ProofOptions {
  readonly account: AcmeAccount;
  readonly proofs: DnsProofs;
  /** `{token}.{thumbprint of the account's key}` (RFC 8555 8.1). */
  readonly keyAuthorization: (token: string) => Promise<string>;
}

/** The record that proves a name. */
export interface Proof {
  readonly name: string;
  readonly value: string;
}

/** What there is to wait for, and what the server was just told to look at: a quick one has done so before the next request. */
export interface Proving extends Pending {
  readonly told: readonly Proof[];
}

/** All names at once: records are published, left until they can be seen, and then the server is told to look. */
export async function prove(order: AcmeOrder, options: ProofOptions): Promise<Rejected | Proving> {
  const waits: number[] = [];
  const told: Proof[] = [];
  for (const url of order.authorizations) {
    const { authorization, retryAfterSeconds } = await authorizationAt(url, options);
    if (authorization.status === 'valid') continue;
    if (authorization.status !== 'pending') return refusedAs(authorization);
    const challenge = dnsChallenge(authorization);
    if (challenge === undefined)
      return { state: 'rejected', reason: `${nameOf(authorization)}: dns-01 is not offered` };
    if (challenge.status === 'processing' || challenge.error !== undefined) {
      waits.push(retryAfterSeconds ?? SOON_SECONDS);
      continue;
    }
    const proof = { name: recordName(authorization), value: await recordValue(challenge.token, options) };
    const published = await options.proofs.publish(proof.name, proof.value);
    if (published.state !== 'ready') {
      waits.push(published.state === 'waiting' ? published.retryAfterSeconds : (retryAfterSeconds ?? SOON_SECONDS));
      continue;
    }
    const answer = await options.account.post(challenge.url, {});
    if (answer.state === 'problem') {
      // Most servers leave a challenge pending while they look, so that one may be decided by the time it is answered again.
      const { authorization: decided } = await authorizationAt(url, options);
      if (decided.status === 'valid') continue;
      return decided.status === 'pending' ? rejected(answer) : refusedAs(decided);
    }
    told.push(proof);
    waits.push(answer.answer.retryAfterSeconds ?? SOON_SECONDS);
  }
  return { ...pending(Math.max(SOON_SECONDS, ...waits)), told };
}

/**
 * Has a server that takes its time been told, and not only just now: most leave a challenge `pending` while they look, and
 * would look again, and count a failure twice, each time they are told. What is not remembered is only told once more.
 */
export async function rememberTold({ told }: Pick<Proving, 'told'>, { proofs }: ProofOptions): Promise<void> {
  for (const { name, value } of told) await unlessBug(() => proofs.rememberTold(name, value));
}

async function unlessBug(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code === 'bug') throw error;
  }
}

/** What became of the names of an order that is invalid; `undefined` when it was not for them. */
export async function failedProof(order: AcmeOrder, options: ProofOptions): Promise<Rejected | undefined> {
  for (const url of order.authorizations) {
    const { authorization } = await authorizationAt(url, options);
    if (authorization.status !== 'valid' && authorization.status !== 'pending') return refusedAs(authorization);
  }
  return undefined;
}

/**
 * Records that have served are taken away. That one stays is no reason to lose a certificate: it proves nothing any more.
 * `known`: those of this order that are known already; the server is asked about others alone.
 */
export async function cleanUp(order: AcmeOrder, options: ProofOptions, known: readonly Proof[] = []): Promise<void> {
  for (const { name, value } of known) await unlessBug(() => options.proofs.withdraw(name, value));
  if (known.length === order.authorizations.length) return;
  for (const url of order.authorizations) {
    await unlessBug(async () => {
      const { authorization } = await authorizationAt(url, options);
      const challenge = dnsChallenge(authorization);
      if (challenge === undefined) return;
      await options.proofs.withdraw(recordName(authorization), await recordValue(challenge.token, options));
    });
  }
}

async function authorizationAt(url: string, { account }: ProofOptions) {
  const answer = await account.post(url);
  const authorization = readAs(answer, authorizationShape, 'an authorization');
  return {
    authorization,
    retryAfterSeconds: answer.state === 'done' ? answer.answer.retryAfterSeconds : undefined,
  };
}

function refusedAs(authorization: Authorization): Rejected {
  return { state: 'rejected', reason: wordsOf(refusalOf(authorization)) };
}

function nameOf({ identifier }: Authorization): string {
  return identifier.value;
}

function recordName(authorization: Authorization): string {
  return `_acme-challenge.${nameOf(authorization).toLowerCase()}`;
}

/** What the TXT record holds (RFC 8555 8.4). */
async function recordValue(token: string, { keyAuthorization }: ProofOptions): Promise<string> {
  return createHash('sha256')
    .update(await keyAuthorization(token))
    .digest('base64url');
}
