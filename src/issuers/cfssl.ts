import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import { readCertificate } from '../certificate/read.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AnswerStore } from '../estate/port.ts';
import type { CfsslPlan } from '../plan/issuers/cfssl.ts';
import { atOnce, type Wish } from './at-once.ts';
import { authenticated, type CfsslAnswer, type CfsslClient, certificateIn, createCfsslClient } from './cfssl-client.ts';
import { type Credential, createCredential } from './credential.ts';
import { createIssuerHttp } from './http.ts';
import type { Issuer, OrderStatus, RevokeRequest, RevokeResult } from './port.ts';

export const kind = 'cfssl';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof CfsslPlan, 'kind'>, string>> = {
  url: 'Where `cfssl serve` or `multirootca` answers, without `/api/v1/cfssl`.',
  authKey:
    "Id of the secret that holds the profile's `auth_key`, in hex as in cfssl's configuration; absent: a profile that wants none.",
  profile: 'Signing profile, which decides on the life and the purposes; absent: the default one.',
  label: 'Which CA of a `multirootca`.',
  clientCertificate:
    'Id of the secret that holds a TLS client certificate with its key in PEM, for a server that wants one.',
  private: 'true, as by default, for a CA that only this organisation trusts.',
  trust: "PEM certificates that vouch for the CA's host; none: the public authorities.",
  chain: "PEM certificates between the CA's own and the root: cfssl knows only its own.",
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface CfsslDependencies {
  readonly answers: AnswerStore;
  readonly secret: (id: string) => Promise<string>;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

interface Cfssl {
  readonly plan: CfsslPlan;
  readonly client: CfsslClient;
  readonly authKey: Credential | undefined;
}

/**
 * Certificates of a cfssl server. It signs at once, and gives nobody a certificate a second time: what it said is kept in a
 * row. It answers with the leaf alone, so that its own certificate is asked for as well.
 */
export function create(plan: CfsslPlan, dependencies: CfsslDependencies): Issuer {
  const { clock, secret } = dependencies;
  const { authKey, clientCertificate, trust } = plan;
  const credentialOf = (id: string): Credential => createCredential(() => secret(id), clock);
  const client = clientCertificate === undefined ? undefined : credentialOf(clientCertificate);
  const http = createIssuerHttp({
    ...dependencies,
    ...{ issuer: kind, trust },
    ...(client && { clientCertificate: () => client.value() }),
  });
  const cfssl: Cfssl = {
    plan,
    client: createCfsslClient(http, plan.url),
    authKey: authKey === undefined ? undefined : credentialOf(authKey),
  };
  return {
    ...atOnce(
      {
        ...{ issuer: kind, limits: plan.limits },
        prepare: () => ownCertificate(cfssl),
        ask: (wish, ca) => ask(cfssl, wish, ca),
      },
      dependencies,
    ),
    capabilities: ['revoke'],
    isPrivate: plan.private,
    revoke: (request) => revoke(cfssl, request),
  };
}

/** The certificate that the leaf is signed by: asked for each time, as a CA may be replaced. */
async function ownCertificate({ plan, client }: Cfssl): Promise<string> {
  const answer = await client.call('info', { label: plan.label ?? '', profile: plan.profile ?? '' });
  if (answer.state === 'refused') throw misconfigured('info', answer);
  const certificate = certificateIn(answer.result);
  if (certificate !== undefined) return certificate;
  throw new RenewalError('issuer-unreachable', 'cfssl: info failed: it holds no certificate');
}

async function ask({ plan, client, authKey }: Cfssl, wish: Wish, ca: string): Promise<OrderStatus> {
  const { profile = '', label = '' } = plan;
  const request = { certificate_request: wish.csrPem, hosts: wish.names, profile, label };
  const answer =
    authKey === undefined
      ? await client.call('sign', request)
      : await client.call('authsign', authenticated(request, hex(await authKey.value())));
  if (answer.state === 'refused') return refusal(answer, authKey);
  const leaf = certificateIn(answer.result);
  if (leaf !== undefined) return { state: 'issued', chain: [leaf, ca] };
  throw new RenewalError('issuer-unreachable', 'cfssl: sign failed: the answer holds no certificate');
}

type Refused = Extract<CfsslAnswer, { state: 'refused' }>;

/** Codes of errors/error.go: category times 1000. */
const WHITELIST = 5500;
const INVALID_REQUEST = 5300;
const category = { csr: 9, store: 11 } as const;
const NOT_FOUND = 11_200;
const REFUSED_CREDENTIALS = /token|authentication|no authentication provider/i;

/** What is wrong with this request is a rejection; everything else is the configuration's, on either side. */
function refusal(answer: Refused, authKey: Credential | undefined): OrderStatus {
  const { code, words } = answer;
  if (REFUSED_CREDENTIALS.test(words)) authKey?.forget();
  const isRequest = code === WHITELIST || code === INVALID_REQUEST || Math.floor(code / 1000) === category.csr;
  if (isRequest) return { state: 'rejected', reason: `${words} (${code})` };
  // It has signed, and could not write that down.
  if (Math.floor(code / 1000) === category.store) {
    throw new RenewalError('issuer-unreachable', `cfssl: sign failed: ${words} (${code})`);
  }
  throw misconfigured('sign', answer);
}

/**
 * A certificate is known by its serial number and its authority key id, which builds before 1.2.0 of 2017 stored empty.
 * Without a database cfssl has no such endpoint.
 */
async function revoke({ client }: Cfssl, { certificate, reason }: RevokeRequest): Promise<RevokeResult> {
  const { serial: hexSerial, authorityKeyId = '' } = readCertificate(Buffer.from(certificate, 'base64'));
  const serial = BigInt(`0x${hexSerial}`).toString();
  let refused: Refused | undefined;
  for (const authority_key_id of new Set([authorityKeyId, ''])) {
    const answer = await client.call('revoke', { serial, authority_key_id, reason: reason.toLowerCase() });
    if (answer.state === 'done') return { state: 'revoked' };
    refused = answer;
    if (answer.code !== NOT_FOUND) break;
  }
  return { state: 'refused', reason: `${refused?.words} (${refused?.code})` };
}

function hex(text: string): string {
  const key = text.trim();
  if (/^(?:[0-9a-f]{2})+$/i.test(key)) return key;
  throw new RenewalError('issuer-misconfigured', 'cfssl: the secret of authKey is not hex');
}

function misconfigured(action: string, { words, code }: Refused): RenewalError {
  return new RenewalError('issuer-misconfigured', `cfssl: ${action} failed: ${words} (${code})`);
}
