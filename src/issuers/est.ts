import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import { csrExtensions } from '../certificate/csr.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CsrDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AnswerStore } from '../estate/port.ts';
import type { EstPlan } from '../plan/issuers/est.ts';
import { askOnce } from './ask-once.ts';
import { createCredential } from './credential.ts';
import { missingAttributes } from './est-attributes.ts';
import { createEstClient, type EstClient } from './est-client.ts';
import { createIssuerHttp } from './http.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import { pathFrom } from './path.ts';
import type { Issuer, Order, OrderRequest, OrderStatus, PlacedOrder } from './port.ts';

export const kind = 'est';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof EstPlan, 'kind'>, string>> = {
  url: 'https URL of the EST server, without a path; `/.well-known/est` is added.',
  label: "Which of the server's CAs or profiles: the path segment after `/.well-known/est` (RFC 7030 3.2.2).",
  credentials:
    '`password`: id of the secret that holds `user:password`; `clientCertificate`: id of the secret that holds the PEM of a TLS client certificate and its key. One of them, or both.',
  csrAttributes:
    '`check`: a CSR that lacks what the server wants by `/csrattrs` is not sent; `ignore`: the server is not asked. `check` by default.',
  private: 'false for a CA that everybody trusts; true by default.',
  trust: "PEM certificates that vouch for the server's host; none: the public authorities.",
  chain: 'PEM certificates between leaf and root, for a server whose `/cacerts` leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface EstDependencies {
  readonly secret: (id: string) => Promise<string>;
  readonly answers: AnswerStore;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

type Rejected = { readonly state: 'rejected'; readonly reason: string };

/**
 * Certificates by EST (RFC 7030, RFC 8951). There is no order at the server: the CSR is sent until it is answered, so that
 * `submit` asks for nothing, and each poll sends the CSR that the vault keeps. A certificate is handed out once; it is
 * written down before it is used, and an answer that was lost costs one certificate that nobody knows of.
 */
export function create(plan: EstPlan, dependencies: EstDependencies): Issuer {
  const client = clientOf(plan, dependencies);
  return {
    kind,
    afterLostAnswer: 'reissues',
    capabilities: [],
    isPrivate: plan.private,
    submit: (request) => submit(plan, client, request),
    poll: (order) => poll(plan, { ...dependencies, client }, order),
  };
}

function clientOf(plan: EstPlan, { secret, clock, ...rest }: EstDependencies): EstClient {
  const credential = (id: string | undefined) =>
    id === undefined ? undefined : createCredential(() => secret(id), clock);
  const password = credential(plan.credentials.password);
  const clientCertificate = credential(plan.credentials.clientCertificate);
  const http = createIssuerHttp({
    ...rest,
    clock,
    issuer: kind,
    trust: plan.trust,
    ...(clientCertificate && { clientCertificate: clientCertificate.value }),
  });
  const label = plan.label === undefined ? '' : `/${plan.label}`;
  const base = `${new URL(plan.url).origin}/.well-known/est${label}`;
  return createEstClient({ http, base, password, clientCertificate });
}

async function submit(plan: EstPlan, client: EstClient, request: OrderRequest): Promise<Order | Rejected> {
  const csr = readableCsr(request.csr);
  if (csr === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
  const reason = (await csrRefusal(csr, plan.limits)) ?? (await attributeRefusal(plan, client, csr));
  return reason === undefined ? { reference: referenceOf(csr, request.renewalId) } : { state: 'rejected', reason };
}

async function attributeRefusal(plan: EstPlan, client: EstClient, csr: CsrDetails): Promise<string | undefined> {
  const wishes = plan.csrAttributes === 'check' ? await client.attributes() : undefined;
  if (wishes === undefined) return undefined;
  const missing = missingOf(wishes, csr);
  return missing.length === 0 ? undefined : `the server wants in a CSR what this one lacks: ${missing.join(', ')}`;
}

function missingOf(wishes: string, csr: CsrDetails): readonly string[] {
  const facts = { keyType: csr.keyType, extensions: csrExtensions(csr.der) };
  return reading('csrattrs', () => missingAttributes(wishes, facts));
}

/** Bytes of the server that cannot be read are as good as none. */
function reading<T>(operation: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'certificate-unreadable') throw error;
    throw new RenewalError('issuer-unreachable', `est: ${operation} failed: ${error.message}`);
  }
}

const SHA256_DIGITS = 64;

/** By the key, not by the CSR: the renewal has one key, and may only have one certificate for it. */
function referenceOf({ spkiSha256 }: CsrDetails, renewalId: string): string {
  return `${spkiSha256}-${renewalId}`;
}

async function poll(
  plan: EstPlan,
  { client, answers, clock }: EstDependencies & { readonly client: EstClient },
  order: PlacedOrder,
): Promise<OrderStatus> {
  const question = {
    issuer: kind,
    spkiSha256: order.reference.slice(0, SHA256_DIGITS),
    renewalId: order.reference.slice(SHA256_DIGITS + 1),
    // Before the certificate: nothing stands between its arrival and the row that keeps it.
    prepare: async () => ({ authorities: await client.caCertificates(), csr: await order.csr() }),
    ask: async ({ authorities, csr }: { readonly authorities: readonly string[]; readonly csr: string }) => {
      const answer = await client.enroll(csr);
      if (answer.state !== 'issued') return answer;
      const chain = reading('simpleenroll', () => chainOf(answer.certificates, authorities, { plan, csr, clock }));
      return { state: 'issued' as const, chain };
    },
  };
  const { status, order: asked } = await askOnce(question, { answers, clock });
  // `submit` has asked for nothing: what was lost is known here alone.
  return status.state === 'issued' && asked.unheard !== undefined ? { ...status, unheard: asked.unheard } : status;
}

/** The leaf by its key: a server should send it alone, and `/cacerts` may hold more than its path (RFC 7030 4.1.3). */
function chainOf(
  certificates: readonly string[],
  authorities: readonly string[],
  { plan, csr, clock }: { readonly plan: EstPlan; readonly csr: string; readonly clock: Clock },
): readonly string[] {
  const read = (list: readonly string[]) => list.map((one) => readCertificate(Buffer.from(one, 'base64')));
  const sent = read(certificates);
  const key = readableCsr(csr)?.spkiSha256;
  const leaf = sent.find(({ spkiSha256 }) => spkiSha256 === key) ?? sent[0];
  if (leaf === undefined) return [];
  const candidates = [...sent.filter((one) => one !== leaf), ...read(authorities)];
  return pathFrom({ leaf, candidates, roots: plan.roots, now: clock.now() });
}
