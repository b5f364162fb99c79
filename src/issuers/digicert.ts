import type { HttpClient } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { AddressRule } from '../address.ts';
import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import { readCsr } from '../certificate/csr.ts';
import { commonNameOid } from '../certificate/names.ts';
import { derToPem } from '../certificate/pem.ts';
import type { CsrDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { DigicertPlan } from '../plan/issuers/digicert.ts';
import { createCredential } from './credential.ts';
import { createDigicertClient, type DigicertClient, wordsOf } from './digicert-client.ts';
import { cancel, revoke } from './digicert-ends.ts';
import { type DigicertOrder, download, ends, findCertificate, findOrder, orderOf } from './digicert-orders.ts';
import { createIssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import type { Issuer, Order, OrderRequest, OrderStatus, PlacedOrder } from './port.ts';
import { oneLine } from './words.ts';

export const kind = 'digicert';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof DigicertPlan, 'kind'>, string>> = {
  url: 'Base of the CertCentral Services API (https://www.digicert.com/services/v2).',
  apiKey: 'Id of the secret that holds the API key.',
  mode: '`new`: a renewal buys an order; `reissue`, `duplicate`: it takes another certificate of `order`.',
  product: 'Name id of the product that mode `new` orders, like `ssl_basic`.',
  organization: 'Id of the validated organization, for products that want one.',
  order: 'Id of the order that is reissued or duplicated.',
  skipApproval: "true: without the approval of an administrator of yours, for an API key that is one's.",
  private: 'true for a CA that only this organisation trusts.',
  trust: "PEM certificates that vouch for the API's host; none: the public authorities.",
  chain: 'PEM certificates between leaf and root, for an answer that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface DigicertDependencies {
  readonly secret: (id: string) => Promise<string>;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

/** What every part of it needs. */
export interface Digicert {
  readonly plan: DigicertPlan;
  readonly client: DigicertClient;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Certificates of DigiCert CertCentral (dev.digicert.com, Services API v2). Its orders cost money and carry no reference
 * of ours: before one is made it is looked for by the public key of its CSR, and what is downloaded is taken only when
 * it is for that key.
 */
export function create(plan: DigicertPlan, dependencies: DigicertDependencies): Issuer {
  const { secret, clock } = dependencies;
  const client = createDigicertClient({
    http: createIssuerHttp({ ...dependencies, issuer: kind, trust: plan.trust }),
    ...{ url: plan.url, apiKey: createCredential(() => secret(plan.apiKey), clock), clock },
  });
  const digicert: Digicert = { plan, client, clock };
  return {
    kind,
    afterLostAnswer: 'findable',
    capabilities: ['cancel', 'revoke'],
    isPrivate: plan.private,
    submit: (request) => submit(digicert, request),
    poll: (order) => poll(digicert, order),
    cancel: (order) => cancel(digicert, referenceOf(order)),
    revoke: (request) => revoke(digicert, request),
  };
}

type Rejected = { readonly state: 'rejected'; readonly reason: string };

async function submit(digicert: Digicert, request: OrderRequest): Promise<Order | Rejected> {
  const { plan, client } = digicert;
  const csr = readableCsr(request.csr);
  if (csr === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
  const reason = await csrRefusal(csr, plan.limits);
  if (reason !== undefined) return { state: 'rejected', reason };
  const certificate = certificateOf(csr);
  const known = await findKnown(digicert, { commonName: certificate.common_name, spkiSha256: csr.spkiSha256 });
  if (known !== undefined) return { reference: `${plan.mode}-${known}` };
  const { path, body } = orderBody(plan, certificate, request);
  const answer = await client.call('POST', path, body);
  if (answer.status !== 200 && answer.status !== 201) return refusal(plan, answer.status, wordsOf(answer));
  const made = readJson(answer, z.looseObject({ id: z.number().int() }));
  // What was ordered is found again by its key.
  if (made === undefined) throw new RenewalError('issuer-unreachable', 'digicert: order failed: the answer has no id');
  return { reference: `${plan.mode}-${plan.order ?? made.id}` };
}

interface Wanted {
  readonly commonName: string;
  readonly spkiSha256: string;
}

/** The order of an earlier try whose answer was lost. */
async function findKnown(
  { plan, client, clock }: Digicert,
  { commonName, spkiSha256 }: Wanted,
): Promise<number | undefined> {
  const { mode, order } = plan;
  if (mode === 'new' || order === undefined) return findOrder(client, { commonName, spkiSha256, now: clock.now() });
  const found = await findCertificate(client, { order, mode, spkiSha256 });
  return found === undefined || found.status === 'rejected' ? undefined : order;
}

function certificateOf(csr: CsrDetails) {
  const names = nameSet(namesToCertify(csr)).map((name) => name.replace(/^dns:/, ''));
  const common = csr.subject
    .flat()
    .find(({ type }) => type === commonNameOid)
    ?.value.toLowerCase();
  const commonName = common !== undefined && names.includes(common) ? common : (names[0] ?? '');
  return {
    common_name: commonName,
    dns_names: names.filter((name) => name !== commonName),
    csr: derToPem(csr.der, 'CERTIFICATE REQUEST'),
    signature_hash: 'sha256',
    server_platform: { id: -1 },
  };
}

function orderBody(plan: DigicertPlan, certificate: object, { renewalId, validityDays }: OrderRequest) {
  const { mode, product, organization, order, skipApproval } = plan;
  const common = { comments: `Perennial ${renewalId}`, skip_approval: skipApproval };
  const path = mode === 'new' ? `/order/certificate/${product}` : `/order/certificate/${order}/${mode}`;
  if (mode !== 'new') return { path, body: { certificate, ...common } };
  const paid = { order_validity: { days: validityDays }, payment_method: 'balance' };
  return {
    path,
    body: { certificate, ...(organization && { organization: { id: organization } }), ...paid, ...common },
  };
}

/** 400: the order, in the CA's words. 404: the product or the order of the estate file. */
function refusal({ mode, product, order }: DigicertPlan, status: number, words: string): Rejected {
  if (status === 400) return { state: 'rejected', reason: words };
  const what = mode === 'new' ? `product ${product}` : `order ${order}`;
  throw new RenewalError('issuer-misconfigured', `digicert: ${mode} failed: ${what}: ${words}`);
}

/** The mode that an order was made in stays its own, whatever the estate file says by now. */
export interface Reference {
  readonly mode: DigicertPlan['mode'];
  readonly order: number;
}

export function referenceOf({ reference }: Order): Reference {
  const [, mode, order] = /^(new|reissue|duplicate)-(\d{1,15})$/.exec(reference) ?? [];
  if (mode === 'new' || mode === 'reissue' || mode === 'duplicate') return { mode, order: Number(order) };
  throw new RenewalError('bug', `digicert: not a reference of an order: ${oneLine(reference)}`);
}

async function poll(digicert: Digicert, placed: PlacedOrder): Promise<OrderStatus> {
  const reference = referenceOf(placed);
  const { spkiSha256 } = readCsr(Buffer.from(await placed.csr(), 'base64'));
  return reference.mode === 'new'
    ? pollOrder(digicert, reference.order, spkiSha256)
    : pollCertificate(digicert, reference, spkiSha256);
}

async function pollOrder(digicert: Digicert, id: number, spkiSha256: string): Promise<OrderStatus> {
  const order = await orderOf(digicert.client, id);
  if (order === undefined) return { state: 'rejected', reason: `CertCentral knows no order ${id}` };
  if (ends.includes(order.status)) return { state: 'rejected', reason: endOf(order) };
  const { certificate, status } = order;
  if (status !== 'issued' || certificate.id === undefined) return waiting(digicert, order.date_created);
  const chain = await download(digicert.client, certificate.id, spkiSha256);
  if (chain !== undefined) return { state: 'issued', chain };
  return { state: 'rejected', reason: `the certificate of order ${id} is for another key: it was reissued since` };
}

async function pollCertificate(
  digicert: Digicert,
  { mode, order }: Reference,
  spkiSha256: string,
): Promise<OrderStatus> {
  const found = await findCertificate(digicert.client, { order, mode, spkiSha256 });
  if (found?.status === 'rejected') return { state: 'rejected', reason: `the ${mode} of order ${order} was rejected` };
  if (found?.status === 'issued' || found?.status === 'approved') {
    const chain = await download(digicert.client, found.id, spkiSha256);
    if (chain !== undefined) return { state: 'issued', chain };
    return { state: 'rejected', reason: `the ${mode} of order ${order} is for another key than its CSR` };
  }
  if (found !== undefined) return waiting(digicert, found.date_created);
  const whole = await orderOf(digicert.client, order);
  if (whole === undefined || ends.includes(whole.status)) {
    return { state: 'rejected', reason: whole === undefined ? `CertCentral knows no order ${order}` : endOf(whole) };
  }
  // A reissue that was cancelled is off the list, and the order is what it was before.
  if (mode === 'reissue' && whole.status === 'issued') {
    return { state: 'rejected', reason: `the reissue of order ${order} is no longer pending` };
  }
  return waiting(digicert, undefined);
}

function endOf({ id, status, requests }: DigicertOrder): string {
  const comments = requests.flatMap((request) => (request.status === 'rejected' ? (request.comments ?? []) : []));
  return oneLine([`order ${id} is ${status}`, ...comments].join(': '));
}

const MINUTE = 60;

/** Minutes for what is validated already, days for what is not: a minute at first, then a quarter of an hour, then an hour. */
function waiting({ clock }: Digicert, createdAt: string | undefined): OrderStatus {
  const created = Date.parse(createdAt ?? '');
  const age = Number.isNaN(created) ? 0 : (clock.now().getTime() - created) / 1000;
  if (age < 10 * MINUTE) return { state: 'pending', retryAfterSeconds: MINUTE };
  return { state: 'pending', retryAfterSeconds: age < 6 * 60 * MINUTE ? 15 * MINUTE : 60 * MINUTE };
}
