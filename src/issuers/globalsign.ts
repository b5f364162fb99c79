import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import { commonNameOid, valuesOf } from '../certificate/names.ts';
import { derToPem } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CsrDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AnswerRow, AnswerStore } from '../estate/port.ts';
import type { GlobalSignPlan } from '../plan/issuers/globalsign.ts';
import { createCredential } from './credential.ts';
import { createGlobalSignClient, type GlobalSignClient } from './globalsign-client.ts';
import { createIssuerHttp } from './http.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import { pathFrom } from './path.ts';
import type { Issuer, Order, OrderRequest, OrderStatus, RevokeRequest, RevokeResult } from './port.ts';

export const kind = 'globalsign';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof GlobalSignPlan, 'kind'>, string>> = {
  url: 'https URL of the HVCA API with `/v2`, as https://emea.api.hvca.globalsign.com:8443/v2.',
  apiKey: 'Id of the secret that holds the API key.',
  apiSecret: 'Id of the secret that holds the API secret.',
  clientCertificate:
    'Id of the secret that holds the PEM of the TLS client certificate that belongs to the API key, and its key.',
  private: 'true for a CA that only this organisation trusts; false by default.',
  trust: "PEM certificates that vouch for the API's host; none: the public authorities.",
  chain: 'PEM certificates between leaf and root, for an account whose trust chain leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface GlobalSignDependencies {
  readonly secret: (id: string) => Promise<string>;
  readonly answers: AnswerStore;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

interface GlobalSign {
  readonly plan: GlobalSignPlan;
  readonly client: GlobalSignClient;
  readonly answers: AnswerStore;
  readonly clock: Clock;
}

type Rejected = Extract<OrderStatus, { state: 'rejected' }>;

const SOON_SECONDS = 15;
/** Between our clock and theirs. */
const SKEW_MILLISECONDS = 10 * 60_000;
/** Certificates are there, and listed, some seconds after they were ordered. */
const LISTED_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 86_400_000;

/**
 * Certificates of GlobalSign Atlas (HVCA). It gives a serial number at once, and the certificate by it later. When an
 * order was asked for is written down before: where its answer was lost, what was issued since is looked through by key.
 */
export function create(plan: GlobalSignPlan, dependencies: GlobalSignDependencies): Issuer {
  const { secret, clock, answers } = dependencies;
  const credential = (id: string) => createCredential(() => secret(id), clock);
  const clientCertificate = credential(plan.clientCertificate);
  const http = createIssuerHttp({
    ...dependencies,
    ...{ issuer: kind, trust: plan.trust, clientCertificate: clientCertificate.value },
  });
  const base = plan.url.replace(/\/+$/, '');
  const credentials = { apiKey: credential(plan.apiKey), apiSecret: credential(plan.apiSecret), clientCertificate };
  const client = createGlobalSignClient({ http, clock, base, ...credentials });
  const globalsign: GlobalSign = { plan, client, answers, clock };
  return {
    kind,
    afterLostAnswer: 'findable',
    capabilities: ['revoke'],
    isPrivate: plan.private,
    submit: (request) => submit(globalsign, request),
    poll: (order) => poll(globalsign, order),
    revoke: (request) => revoke(globalsign, request),
  };
}

async function submit(globalsign: GlobalSign, request: OrderRequest): Promise<Order | Rejected> {
  const { plan, client } = globalsign;
  const csr = readableCsr(request.csr);
  if (csr === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
  const reason = await csrRefusal(csr, plan.limits);
  if (reason !== undefined) return { state: 'rejected', reason };
  const before = await askedBefore(globalsign, csr, request.renewalId);
  const found = before === undefined ? undefined : await issuedSince(globalsign, before, csr);
  if (found !== undefined) return { reference: found };
  const answer = await client.order(wishFor(csr, request.validityDays, globalsign));
  return answer.state === 'refused' ? { state: 'rejected', reason: answer.words } : { reference: answer.serial };
}

/** When this was asked for the first time, where it was; now it is written down that it is. */
async function askedBefore(
  { answers, clock }: GlobalSign,
  csr: CsrDetails,
  renewalId: string,
): Promise<Date | undefined> {
  const key = `${csr.spkiSha256}-${renewalId}`;
  const askedAt = clock.now().toISOString();
  const row: AnswerRow = { key, renewalId, issuer: kind, state: 'asking', askedAt, unheard: 0 };
  try {
    const found = await answers.get(key);
    if (found !== undefined) return new Date(found.row.askedAt);
    await answers.save(row);
    return undefined;
  } catch (error) {
    if (!(error instanceof RenewalError) || !error.retry) throw error;
    throw new RenewalError('issuer-unreachable', `globalsign: ${error.message}`, { cause: { code: error.code } });
  }
}

/**
 * HVCA lists serial numbers alone: each is looked at, newest first, until the key is the order's. One that is not there
 * yet may be it, as may one that is not even listed yet: both are waited for.
 */
async function issuedSince({ client, clock }: GlobalSign, since: Date, csr: CsrDetails): Promise<string | undefined> {
  const left = Math.ceil((since.getTime() + LISTED_MILLISECONDS - clock.now().getTime()) / 1000);
  if (left > 0) throw mayComeYet(left);
  const from = new Date(since.getTime() - SKEW_MILLISECONDS);
  const to = new Date(clock.now().getTime() + SKEW_MILLISECONDS);
  for (const serial of [...(await client.issuedBetween(from, to))].reverse()) {
    const found = await client.look(serial);
    if (found.state === 'absent') throw mayComeYet(SOON_SECONDS);
    if (found.leaf.spkiSha256 === csr.spkiSha256) return serial;
  }
  return undefined;
}

function mayComeYet(retryAfterSeconds: number): RenewalError {
  const message = 'globalsign: submit failed: what an earlier try has ordered may not be there yet';
  return new RenewalError('issuer-unreachable', message, { retryAfterSeconds });
}

/** HVCA takes the key alone from a CSR: the names are said again. */
function wishFor(csr: CsrDetails, validityDays: number, { plan, clock }: GlobalSign): object {
  const names = nameSet(namesToCertify(csr)).map((name) => name.slice('dns:'.length));
  const [commonName] = valuesOf(csr.subject, commonNameOid);
  const notBefore = Math.floor(clock.now().getTime() / 1000);
  const life = (Math.min(validityDays, plan.limits.maxDays) * DAY_MILLISECONDS) / 1000 - 1;
  return {
    validity: { not_before: notBefore, not_after: notBefore + life },
    ...(commonName !== undefined && { subject_dn: { common_name: commonName } }),
    san: { dns_names: names },
    public_key: derToPem(csr.der, 'CERTIFICATE REQUEST'),
  };
}

async function poll({ plan, client, clock }: GlobalSign, { reference }: Order): Promise<OrderStatus> {
  if (!/^[0-9A-F]{1,64}$/.test(reference)) return { state: 'rejected', reason: 'the reference is no serial number' };
  const found = await client.look(reference);
  if (found.state === 'absent') return { state: 'pending', retryAfterSeconds: SOON_SECONDS };
  if (found.state === 'revoked') return { state: 'rejected', reason: `GlobalSign has revoked ${reference}` };
  const candidates = await client.trustChain();
  const chain = pathFrom({ leaf: found.leaf, candidates, roots: plan.roots, now: clock.now() });
  return { state: 'issued', chain };
}

async function revoke({ client }: GlobalSign, { certificate, reason }: RevokeRequest): Promise<RevokeResult> {
  const serial = readCertificate(Buffer.from(certificate, 'base64'))
    .serial.replace(/^(?:00)+(?=.)/, '')
    .toUpperCase();
  const answer = await client.revoke(serial, reason);
  if (answer.state === 'done') return { state: 'revoked' };
  const found = await client.look(serial);
  return found.state === 'revoked' ? { state: 'revoked' } : { state: 'refused', reason: answer.words };
}
