import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import type { Arm } from '../azure/arm.ts';
import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { AcmePlan } from '../plan/issuers/acme.ts';
import type { VaultKey } from '../vault/port.ts';
import { createAcmeAccount } from './acme-account.ts';
import { createAcmeClient } from './acme-client.ts';
import { createFollowCnames, type FollowCnames } from './acme-cname.ts';
import { createDnsProofs } from './acme-dns.ts';
import { thumbprint } from './acme-jws.ts';
import { createAcmeOrders } from './acme-orders.ts';
import { renewalWindow } from './acme-renewal-info.ts';
import { revokeCertificate } from './acme-revoke.ts';
import { createIssuerHttp } from './http.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import type { Issuer, OrderRequest } from './port.ts';

export const kind = 'acme';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof AcmePlan, 'kind'>, string>> = {
  directory: "URL of the CA's ACME directory (RFC 8555 7.1.1).",
  accountKey:
    "Id of the account's key in Key Vault, without version: an EC or RSA key that may sign. A new version takes the account over.",
  contact: 'Mail addresses that the CA may write to.',
  externalAccount:
    'For a CA that wants external account binding: `keyId`, and `secret`, the id of the secret that holds the HMAC key in base64url.',
  profile: "One of the CA's profiles; absent: the CA chooses.",
  preferredChain:
    'Common name of a certificate in the chain that is preferred where the CA offers several; absent: the first one.',
  private: 'true for a CA that only this organisation trusts.',
  trust: "PEM certificates that vouch for the CA's host; none: the public authorities.",
  dns: '`zones`: ARM ids of the Azure DNS zones in which names are proved (dns-01); `waitSeconds`: how long a record is left before the CA looks; `followCnames`: true where `_acme-challenge` of a name is a CNAME into one of the zones; `nameServers`: IP addresses of those that are asked for CNAMEs, the machine’s when there are none.',
  chain: 'PEM certificates between leaf and root, for an answer that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface AcmeDependencies {
  readonly accountKey: VaultKey;
  /** The HMAC key of the external account. */
  readonly secret: (id: string) => Promise<string>;
  readonly arm: Arm;
  readonly rows: AppRowStore;
  readonly mayConnect: AddressRule;
  readonly clock: Clock;
  readonly httpClient?: HttpClient;
}

/**
 * Certificates by ACME (RFC 8555), names proved by TXT records in Azure DNS. The order's URL is all that is remembered: each
 * poll reads what the order waits for, does that one thing, and says when to look again. An order that nobody heard of
 * issues nothing, and one that was finalized is found by its URL: nothing is ever ordered twice.
 */
export function create(plan: AcmePlan, dependencies: AcmeDependencies): Issuer {
  const { clock, arm } = dependencies;
  const http = createIssuerHttp({ ...dependencies, issuer: kind, trust: plan.trust });
  const client = createAcmeClient(http, plan.directory);
  const account = createAcmeAccount({
    ...accountOf(plan, dependencies),
    client,
  });
  const orders = createAcmeOrders({
    account,
    client,
    proofs: createDnsProofs({ arm, clock, ...plan.dns, follow: followerOf(plan, dependencies) }),
    keyAuthorization: async (token) => `${token}.${thumbprint((await dependencies.accountKey.newest()).jwk)}`,
    preferredChain: plan.preferredChain,
    clock,
  });
  return {
    kind,
    afterLostAnswer: 'same-order',
    capabilities: ['revoke', 'renewalWindow'],
    isPrivate: plan.private,
    submit: async (request) => {
      const names = await namesOf(request, plan);
      return 'reason' in names
        ? { state: 'rejected', reason: names.reason }
        : orders.place({ names: names.dns, profile: plan.profile, replaces: request.replaces });
    },
    poll: (order) => orders.advance(order),
    revoke: (request) => revokeCertificate({ client, account }, request),
    renewalWindow: (certificate) => renewalWindow(client, certificate),
  };
}

function followerOf({ dns }: AcmePlan, { mayConnect }: AcmeDependencies): FollowCnames | undefined {
  const { followCnames = false, nameServers = [] } = dns;
  return followCnames ? createFollowCnames({ nameServers, mayConnect }) : undefined;
}

function accountOf(plan: AcmePlan, { accountKey, secret, rows }: AcmeDependencies) {
  const { externalAccount } = plan;
  return {
    directoryUrl: plan.directory,
    keyId: plan.accountKey,
    key: accountKey,
    contact: plan.contact,
    rows,
    ...(externalAccount && {
      externalAccount: async () => ({
        keyId: externalAccount.keyId,
        hmacKey: hmacKey(await secret(externalAccount.secret)),
      }),
    }),
  };
}

/** The names that the CSR asks for, or why they are not ordered. */
async function namesOf(
  { csr }: OrderRequest,
  plan: AcmePlan,
): Promise<{ readonly dns: readonly string[] } | { readonly reason: string }> {
  const read = readableCsr(csr);
  if (read === undefined) return { reason: 'the CSR cannot be read' };
  const reason = await csrRefusal(read, plan.limits);
  return reason === undefined
    ? { dns: nameSet(namesToCertify(read)).map((name) => name.slice('dns:'.length)) }
    : { reason };
}

/** CAs give it in base64url; some pad it, some write plain base64. */
function hmacKey(text: string): Uint8Array {
  const trimmed = text.trim();
  if (!/^[A-Za-z0-9+/_-]{16,}={0,2}$/.test(trimmed)) {
    throw new RenewalError('issuer-misconfigured', 'acme: the secret of externalAccount is not base64url');
  }
  return Buffer.from(trimmed, 'base64url');
}
