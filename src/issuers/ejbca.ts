import { createHmac } from 'node:crypto';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { AddressRule } from '../address.ts';
import { commonNameOid, subjectText, valuesOf } from '../certificate/names.ts';
import { derToPem } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CertificateDetails, CsrDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import type { EjbcaPlan } from '../plan/issuers/ejbca.ts';
import { type Credential, createCredential } from './credential.ts';
import { createEjbcaClient, type EjbcaClient } from './ejbca-client.ts';
import { createIssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import { pathFrom } from './path.ts';
import type {
  Issuer,
  Order,
  OrderRequest,
  OrderStatus,
  RevocationReason,
  RevokeRequest,
  RevokeResult,
} from './port.ts';

export const kind = 'ejbca';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof EjbcaPlan, 'kind'>, string>> = {
  url: 'https URL of the EJBCA server, without a path; `/ejbca/ejbca-rest-api/v1` is added.',
  clientCertificate: 'Id of the secret that holds the PEM of a TLS client certificate and its key.',
  certificateAuthority: 'Name of the CA in EJBCA.',
  certificateProfile: 'Name of the certificate profile; it decides on the life.',
  endEntityProfile: 'Name of the end entity profile.',
  endEntity:
    '`renewal`: each renewal has an end entity of its own, called by its id; `common-name`: the end entity is called by the common name, and all renewals share it. `renewal` by default.',
  enrolmentCode: 'Id of the secret from which the enrolment code of each end entity is made.',
  private: 'false for a CA that everybody trusts; true by default.',
  trust: "PEM certificates that vouch for the server's host; none: the public authorities.",
  chain: 'PEM certificates between leaf and root, for a CA that EJBCA does not know the superiors of.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface EjbcaDependencies {
  readonly secret: (id: string) => Promise<string>;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

interface Ejbca {
  readonly plan: EjbcaPlan;
  readonly client: EjbcaClient;
  readonly enrolmentCode: Credential;
  readonly clock: Clock;
}

/** All that finds an order again: whose certificate it is, of which key, and the request that somebody has to approve. */
const referenceShape = z.object({ endEntity: z.string(), key: z.string(), request: z.int().positive().optional() });
type Reference = z.infer<typeof referenceShape>;

type Rejected = Extract<OrderStatus, { state: 'rejected' }>;

/** People approve; nobody minds a quarter of an hour. */
const APPROVAL_SECONDS = 900;
const SOON_SECONDS = 30;

/**
 * Certificates of EJBCA by its REST API. An end entity's certificates can be searched for, and the key tells which of them
 * is the order's: a repeat finds what was issued before it asks again, so that nothing has to be kept here.
 */
export function create(plan: EjbcaPlan, dependencies: EjbcaDependencies): Issuer {
  const { secret, clock } = dependencies;
  const clientCertificate = createCredential(() => secret(plan.clientCertificate), clock);
  const http = createIssuerHttp({
    ...dependencies,
    ...{ issuer: kind, trust: plan.trust, clientCertificate: clientCertificate.value },
  });
  const ejbca: Ejbca = {
    ...{ plan, clock },
    client: createEjbcaClient(http, plan.url, clientCertificate),
    enrolmentCode: createCredential(() => secret(plan.enrolmentCode), clock),
  };
  return {
    kind,
    afterLostAnswer: 'findable',
    capabilities: ['revoke'],
    isPrivate: plan.private,
    submit: (request) => submit(ejbca, request),
    poll: (order) => poll(ejbca, order),
    revoke: (request) => revoke(ejbca, request),
  };
}

async function submit(ejbca: Ejbca, request: OrderRequest): Promise<Order | Rejected> {
  const { plan, client } = ejbca;
  const csr = readableCsr(request.csr);
  if (csr === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
  const reason = await csrRefusal(csr, plan.limits);
  if (reason !== undefined) return { state: 'rejected', reason };
  const order: Reference = { endEntity: usernameOf(plan, csr, request.renewalId), key: csr.spkiSha256 };
  if ((await found(ejbca, order)).length > 0) return placed(order);
  const answer = await client.enrol({
    csrPem: derToPem(csr.der, 'CERTIFICATE REQUEST'),
    certificateAuthority: plan.certificateAuthority,
    certificateProfile: plan.certificateProfile,
    endEntityProfile: plan.endEntityProfile,
    username: order.endEntity,
    password: await codeFor(ejbca, order),
  });
  switch (answer.state) {
    case 'refused':
      return { state: 'rejected', reason: answer.words };
    case 'issued':
      return wrongKey(answer.leaf, order) ?? placed(order);
    case 'waiting': {
      const { request: number, words } = answer;
      if (number !== undefined) return placed({ ...order, request: number });
      return { state: 'rejected', reason: `EJBCA waits for an approval and does not tell of which request: ${words}` };
    }
    default:
      return answer satisfies never;
  }
}

const placed = (order: Reference): Order => ({ reference: JSON.stringify(order) });

/** The name of one common name would be shared by certificates in several vaults, and by requests that wait. */
function usernameOf(plan: EjbcaPlan, csr: CsrDetails, renewalId: string): string {
  const [commonName] = valuesOf(csr.subject, commonNameOid);
  return plan.endEntity === 'common-name' ? (commonName ?? csr.names.dns[0] ?? renewalId) : renewalId;
}

/** The certificates of an order, oldest first. */
async function found({ client }: Ejbca, { endEntity, key }: Reference): Promise<readonly CertificateDetails[]> {
  const all = await client.certificatesOf(endEntity);
  const age = (one: CertificateDetails): string => `${one.notBefore.toISOString()} ${one.serial}`;
  return all.filter(({ spkiSha256 }) => spkiSha256 === key).sort((a, b) => age(a).localeCompare(age(b)));
}

/** Whoever knows one end entity's code can enrol as no other. */
async function codeFor({ enrolmentCode }: Ejbca, { endEntity }: Reference): Promise<string> {
  const secret = (await enrolmentCode.value()).trim();
  return createHmac('sha256', secret).update(endEntity).digest('base64url').slice(0, 32);
}

function wrongKey(leaf: CertificateDetails, { key }: Reference): Rejected | undefined {
  if (leaf.spkiSha256 === key) return undefined;
  return { state: 'rejected', reason: `EJBCA issued ${leaf.serial} for another key than that of the request` };
}

async function poll(ejbca: Ejbca, { reference }: Order): Promise<OrderStatus> {
  const order = readJson({ text: reference }, referenceShape);
  if (order === undefined) return { state: 'rejected', reason: 'the reference of the order cannot be read' };
  const [leaf, ...extra] = await found(ejbca, order);
  if (leaf !== undefined) return issued(ejbca, leaf, extra);
  // It was issued when the order was placed; where several servers share the work this one hears of it later.
  if (order.request === undefined) return { state: 'pending', retryAfterSeconds: SOON_SECONDS };
  const answer = await ejbca.client.finalize(order.request, await codeFor(ejbca, order));
  switch (answer.state) {
    case 'waiting':
      return { state: 'pending', retryAfterSeconds: APPROVAL_SECONDS };
    case 'refused':
      return { state: 'rejected', reason: answer.words };
    case 'issued':
      return wrongKey(answer.leaf, order) ?? issued(ejbca, answer.leaf, []);
    default:
      return answer satisfies never;
  }
}

async function issued(
  { plan, client, clock }: Ejbca,
  leaf: CertificateDetails,
  more: readonly CertificateDetails[],
): Promise<OrderStatus> {
  const candidates = await client.authorities(subjectText(leaf.issuer));
  const chain = pathFrom({ leaf, candidates, roots: plan.roots, now: clock.now() });
  const extra = more.map(({ der }) => Buffer.from(der).toString('base64'));
  return { state: 'issued', chain, ...(extra.length > 0 && { extra }) };
}

const reasons: Readonly<Record<RevocationReason, string>> = {
  unspecified: 'UNSPECIFIED',
  keyCompromise: 'KEY_COMPROMISE',
  affiliationChanged: 'AFFILIATION_CHANGED',
  superseded: 'SUPERSEDED',
  cessationOfOperation: 'CESSATION_OF_OPERATION',
};

async function revoke({ client }: Ejbca, { certificate, reason }: RevokeRequest): Promise<RevokeResult> {
  const { issuer, serial } = readCertificate(Buffer.from(certificate, 'base64'));
  const answer = await client.revoke(subjectText(issuer), serial, reasons[reason]);
  switch (answer.state) {
    case 'revoked':
      return answer;
    case 'waiting':
      return { state: 'requested', detail: answer.words };
    case 'refused':
      return { state: 'refused', reason: answer.words };
    default:
      return answer satisfies never;
  }
}
