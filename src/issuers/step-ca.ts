import type { HttpClient } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { AddressRule } from '../address.ts';
import { commonNameOid } from '../certificate/names.ts';
import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AnswerStore } from '../estate/port.ts';
import type { StepCaPlan } from '../plan/issuers/step-ca.ts';
import type { VaultKey } from '../vault/port.ts';
import { atOnce, type Wish } from './at-once.ts';
import { createIssuerHttp, type IssuerAnswer, type IssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import { crlReasons, type Issuer, type OrderStatus, type RevokeRequest, type RevokeResult } from './port.ts';
import { baseUrl, oneTimeToken, type TokenSource } from './step-ca-token.ts';
import { oneLine } from './words.ts';

export const kind = 'step-ca';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof StepCaPlan, 'kind'>, string>> = {
  url: 'Where the CA answers, without `/1.0`: by a name that is among its `dnsNames`.',
  provisioner: 'Name of the JWK provisioner.',
  provisionerKey:
    "Id of the provisioner's key in Key Vault, without version: an EC or RSA key that may sign. The newest version signs; the CA has to know it.",
  private: 'true, as by default, for a CA that only this organisation trusts.',
  trust: "PEM certificates that vouch for the CA's host, mostly its own root; none: the public authorities.",
  chain: 'PEM certificates between leaf and root, for an answer that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface StepCaDependencies {
  readonly provisionerKey: VaultKey;
  readonly answers: AnswerStore;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
  readonly httpClient?: HttpClient;
}

interface StepCa {
  readonly url: string;
  readonly http: IssuerHttp;
  readonly tokens: TokenSource;
}

/**
 * Certificates of a step-ca (smallstep/certificates, api/), asked for with one-time tokens of a JWK provisioner whose key is a
 * Key Vault key. It signs at once, and gives nobody a certificate a second time: what it said is kept in a row.
 */
export function create(plan: StepCaPlan, dependencies: StepCaDependencies): Issuer {
  const { clock, random, provisionerKey } = dependencies;
  const ca: StepCa = {
    url: baseUrl(plan.url),
    http: createIssuerHttp({ ...dependencies, issuer: kind, trust: plan.trust }),
    tokens: { plan, key: provisionerKey, clock, random },
  };
  return {
    ...atOnce(
      {
        ...{ issuer: kind, limits: plan.limits },
        // The vault signs before the CA is asked: what fails there has asked nobody.
        prepare: (wish) => signToken(ca, wish),
        ask: (wish, token) => ask(ca, wish, token),
      },
      dependencies,
    ),
    capabilities: ['revoke'],
    isPrivate: plan.private,
    revoke: (request) => revoke(ca, request),
  };
}

function signToken({ tokens }: StepCa, { csr, names }: Wish): Promise<string> {
  // It becomes the common name: the CA makes the subject of the token.
  const common = csr.subject.flat().find(({ type }) => type === commonNameOid)?.value;
  return oneTimeToken(tokens, { path: '/1.0/sign', subject: common ?? names[0] ?? '', names });
}

const signedShape = z.looseObject({
  crt: z.string(),
  ca: z.string().catch(''),
  certChain: z.array(z.string()).catch([]),
});

/** The CA puts the beginning a minute back, and counts the life from now on. */
const BACKDATED_MINUTES = 10;
const DAY_MINUTES = 1440;

async function ask(ca: StepCa, { csrPem, validityDays }: Wish, ott: string): Promise<OrderStatus> {
  const notAfter = `${validityDays * DAY_MINUTES - BACKDATED_MINUTES}m`;
  const answer = await post(ca, '/1.0/sign', { csr: csrPem, ott, notAfter });
  if (answer.status !== 200 && answer.status !== 201) return refusal(answer);
  const read = readJson(answer, signedShape);
  const pems = read === undefined ? [] : read.certChain.length > 0 ? read.certChain : [read.crt, read.ca];
  const found = findCertificates(pems.join('\n'));
  if (found.state === 'read') {
    return { state: 'issued', chain: found.ders.map((der) => Buffer.from(der).toString('base64')) };
  }
  throw new RenewalError('issuer-unreachable', `step-ca: sign failed: no certificate in the answer: ${found.detail}`);
}

/** 403: a name, a life, a policy. 400: the CSR. 401: the token, of which the CA says nothing more. */
function refusal(answer: IssuerAnswer): OrderStatus {
  const words = wordsOf(answer);
  if (answer.status === 403 || answer.status === 400) return { state: 'rejected', reason: words };
  throw misconfigured('sign', answer);
}

/** Passive (RFC 5280 5): the CA remembers it; who publishes a CRL or answers OCSP of it is the CA's affair. */
async function revoke(ca: StepCa, { certificate, reason }: RevokeRequest): Promise<RevokeResult> {
  const { serial: hexSerial } = readCertificate(Buffer.from(certificate, 'base64'));
  const serial = BigInt(`0x${hexSerial}`).toString();
  const ott = await oneTimeToken(ca.tokens, { path: '/1.0/revoke', subject: serial });
  const body = { serial, ott, reasonCode: crlReasons[reason], reason, passive: true };
  const answer = await post(ca, '/1.0/revoke', body);
  if (answer.status === 200) return { state: 'revoked' };
  const words = wordsOf(answer);
  if (answer.status === 400 && words.includes('already revoked')) return { state: 'revoked' };
  if (answer.status === 400 || answer.status === 403) return { state: 'refused', reason: words };
  throw misconfigured('revoke', answer);
}

function post({ http, url }: StepCa, path: string, body: object): Promise<IssuerAnswer> {
  const headers = { 'content-type': 'application/json' };
  return http.send({ method: 'POST', url: `${url}${path}`, headers, body: JSON.stringify(body) });
}

const errorShape = z.looseObject({ message: z.string() });

function wordsOf(answer: IssuerAnswer): string {
  return oneLine(readJson(answer, errorShape)?.message ?? `status ${answer.status}`);
}

function misconfigured(action: string, answer: IssuerAnswer): RenewalError {
  const token =
    answer.status === 401 ? 'the token was refused: the provisioner, its key or a clock is another one there: ' : '';
  return new RenewalError('issuer-misconfigured', `step-ca: ${action} failed: ${token}${wordsOf(answer)}`);
}
