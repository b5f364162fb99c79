import type { HttpClient } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import type { AddressRule } from '../address.ts';
import { commonNameOid } from '../certificate/names.ts';
import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AnswerStore } from '../estate/port.ts';
import type { VaultPkiPlan } from '../plan/issuers/vault-pki.ts';
import { atOnce, type Wish } from './at-once.ts';
import { createIssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import type { Issuer, OrderStatus, RevokeRequest, RevokeResult } from './port.ts';
import { createVaultPkiClient, type VaultPkiAnswer, type VaultPkiClient } from './vault-pki-client.ts';

export const kind = 'vault-pki';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof VaultPkiPlan, 'kind'>, string>> = {
  url: 'Where HashiCorp Vault or OpenBao answers, without `/v1`.',
  namespace: 'Namespace that all calls are for; absent: the root one.',
  mount: 'Where the PKI engine is mounted; `pki` by default.',
  role: 'Role of the PKI engine: it decides which names and which life are allowed.',
  login:
    '`kind: approle` with `roleId` and `secretId`, the id of the Key Vault secret that holds it; or `kind: jwt` with `role` and `audience`, for a token of the managed identity. `mount`: where the auth method is mounted.',
  private: 'true, as by default, for a CA that only this organisation trusts.',
  trust: "PEM certificates that vouch for the server's host; none: the public authorities.",
  chain: 'PEM certificates between leaf and root, for an answer that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface VaultPkiDependencies {
  readonly answers: AnswerStore;
  readonly secret: (id: string) => Promise<string>;
  /** A token of the app's identity for an audience. */
  readonly token: (audience: string) => Promise<string>;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

interface VaultPki {
  readonly plan: VaultPkiPlan;
  readonly client: VaultPkiClient;
}

/**
 * Certificates of the PKI engine of HashiCorp Vault or OpenBao. It signs at once. Its `cert/:serial` gives a certificate a
 * second time only to who heard its serial number, and only where the role stores certificates: what it said is kept in a row.
 */
export function create(plan: VaultPkiPlan, dependencies: VaultPkiDependencies): Issuer {
  const { clock, secret, token } = dependencies;
  const http = createIssuerHttp({ ...dependencies, issuer: kind, trust: plan.trust });
  const pki: VaultPki = { plan, client: createVaultPkiClient({ plan, http, secret, token, clock }) };
  return {
    ...atOnce(
      {
        ...{ issuer: kind, limits: plan.limits },
        prepare: () => pki.client.logIn(),
        ask: (wish) => ask(pki, wish),
      },
      dependencies,
    ),
    capabilities: ['revoke'],
    isPrivate: plan.private,
    revoke: (request) => revoke(pki, request),
  };
}

const signedShape = z.looseObject({
  data: z.looseObject({
    certificate: z.string(),
    issuing_ca: z.string().catch(''),
    ca_chain: z.array(z.string()).nullable().catch(null),
  }),
});

/** The engine puts the beginning half a minute back, and counts the life from now on. */
const BACKDATED_MINUTES = 10;
const DAY_MINUTES = 1440;

async function ask({ plan, client }: VaultPki, { csr, csrPem, names, validityDays }: Wish): Promise<OrderStatus> {
  const common = csr.subject.flat().find(({ type }) => type === commonNameOid)?.value;
  const answer = await client.post(`${plan.mount}/sign/${plan.role}`, {
    csr: csrPem,
    common_name: common !== undefined && names.includes(common.toLowerCase()) ? common : names[0],
    alt_names: names.join(','),
    exclude_cn_from_sans: true,
    ttl: `${validityDays * DAY_MINUTES - BACKDATED_MINUTES}m`,
    format: 'pem',
  });
  if (answer.state === 'refused') return refusal('sign', answer);
  const data = readJson(answer.answer, signedShape)?.data;
  const above = data?.ca_chain ?? [];
  const pems = data === undefined ? [] : [data.certificate, ...(above.length > 0 ? above : [data.issuing_ca])];
  const found = findCertificates(pems.join('\n'));
  if (found.state === 'read') {
    return { state: 'issued', chain: found.ders.map((der) => Buffer.from(der).toString('base64')) };
  }
  throw new RenewalError('issuer-unreachable', `vault-pki: sign failed: no certificate in the answer: ${found.detail}`);
}

type Refused = Extract<VaultPkiAnswer, { state: 'refused' }>;

/** 400 is about the request, unless it says that what was configured is not there. */
const NOT_THERE = /unknown role|no default issuer|unable to find PKI issuer|unsupported path|missing client token/i;

function refusal(action: string, { status, words }: Refused): { readonly state: 'rejected'; readonly reason: string } {
  if (status === 400 && !NOT_THERE.test(words)) return { state: 'rejected', reason: words };
  throw new RenewalError('issuer-misconfigured', `vault-pki: ${action} failed: ${words} (${status})`);
}

/** The engine knows no reasons. A certificate that its role did not store it does not know. */
async function revoke({ plan, client }: VaultPki, { certificate }: RevokeRequest): Promise<RevokeResult> {
  const { serial } = readCertificate(Buffer.from(certificate, 'base64'));
  const serial_number = serial.replace(/..(?!$)/g, '$&:');
  const answer = await client.post(`${plan.mount}/revoke`, { serial_number });
  if (answer.state === 'done') return { state: 'revoked' };
  return { state: 'refused', reason: refusal('revoke', answer).reason };
}
