import { X509Certificate } from 'node:crypto';
import { purposes } from '../certificate/extensions.ts';
import { newSerial, signatureAlgorithmOf, toBeSigned } from '../certificate/issue.ts';
import type { CertificateDetails, CsrDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { IssuanceStore, RevocationStore } from '../estate/port.ts';
import { profilePurposes, type VaultCaPlan } from '../plan/issuers/vault-ca.ts';
import type { VaultSigner } from '../vault/port.ts';
import type { CrlContainer } from './crl-container.ts';
import { readableCsr } from './limits.ts';
import type { Issuer, Order, OrderRequest, OrderStatus } from './port.ts';
import { asIssuer, authorityOf, chainAbove, signedBy } from './vault-ca-authority.ts';
import { type CrlPublisher, createCrlPublisher, crlUrls } from './vault-ca-crl.ts';
import { lifeRecorder } from './vault-ca-lives.ts';
import { revoke } from './vault-ca-revoke.ts';
import { refusal } from './vault-ca-rules.ts';

export const kind = 'vault-ca';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof VaultCaPlan, 'kind'>, string>> = {
  certificate: 'Id of the CA certificate, without version, whose Key Vault key signs.',
  profile:
    'Who certificates are for: `server`, `client` or `mtls` (both). Absent: servers, and clients too when the request asks for both.',
  crl: '`container`: URL of the blob container that CRLs are published to; `publicUrl`: below which clients find them, which certificates then name; `hours`: how long a CRL is valid (168). Absent: nobody is told what was revoked.',
  chain: 'PEM certificates between the CA certificate and the root; before and after a rollover those of both.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits:
    'The longest life in days, the key types, the DNS suffixes, and `clientAuth`: whether this CA certifies TLS clients too.',
};

export interface VaultCaDependencies {
  readonly signer: VaultSigner;
  readonly issuances: IssuanceStore;
  readonly revocations: RevocationStore;
  readonly rows: AppRowStore;
  /** Of the plan's `crl`. */
  readonly container?: CrlContainer | undefined;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
}

type Rejected = { readonly state: 'rejected'; readonly reason: string };

/** A certificate begins to be valid a little earlier, for clocks that are slow, or for this one being fast. */
const BACKDATED_MILLISECONDS = 15 * 60_000;
const DAY_MILLISECONDS = 86_400_000;

/** Its orders carry all that it needs. */
type VaultCa = Issuer & Required<Pick<Issuer, 'revoke'>> & { poll(order: Order): Promise<OrderStatus> };

/**
 * An internal CA whose key is a Key Vault key and never leaves it. What will be signed is written down before it is
 * signed, and with it the version of the CA that signs, so that a repeat of any step signs the same certificate again:
 * with an RSA key the same bytes, with an EC key the same but for the signature, which is a new one each time.
 */
export function create(plan: VaultCaPlan, dependencies: VaultCaDependencies): VaultCa {
  const crls = crlPublisher(plan, dependencies);
  const submitted = submitter(plan, dependencies);
  return {
    kind,
    afterLostAnswer: 'same-order',
    capabilities: ['revoke'],
    isPrivate: true,
    submit: (request) => asIssuer('submit', `order=${request.renewalId}`, () => submitted(request)),
    poll: (order) => asIssuer('poll', `order=${order.reference}`, () => poll(plan, dependencies, order)),
    revoke: (request) => asIssuer('revoke', 'certificate', () => revoke(request, { ...dependencies, crls })),
  };
}

/** What publishes the CRLs of this CA; `undefined` when its plan has none. */
export function crlPublisher(
  { crl }: VaultCaPlan,
  { container, ...dependencies }: Omit<VaultCaDependencies, 'issuances' | 'random'>,
): CrlPublisher | undefined {
  if (crl === undefined || container === undefined) return undefined;
  return createCrlPublisher(crl, { ...dependencies, container });
}

function submitter(
  plan: VaultCaPlan,
  { signer, issuances, rows, clock, random }: VaultCaDependencies,
): (request: OrderRequest) => Promise<Order | Rejected> {
  const recordLife = lifeRecorder(rows);
  return async ({ renewalId, csr: base64, validityDays }) => {
    const csr = readableCsr(base64);
    if (csr === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
    const authority = authorityOf(await signer.current());
    const { ca } = authority;
    const now = clock.now();
    const dates = datesOf(validityDays, now, ca);
    const reason = await refusal({ csr, validityDays, limits: plan.limits, ca, now, notAfter: dates.notAfter });
    if (reason !== undefined) return { state: 'rejected', reason };
    // Before there is a certificate, so that none is ever alive without its CRL.
    if (plan.crl !== undefined) await recordLife(authority.id, dates.notAfter);
    const serial = newSerial(random);
    const tbs = toBeSigned({
      csr,
      issuer: ca,
      serial,
      ...dates,
      extendedKeyUsage: purposesOf(csr, plan),
      crlUrls: crlUrls(plan.crl, authority),
      signatureAlgorithm: signatureAlgorithmOf(ca),
    });
    const { key } = await issuances.putIfAbsent({
      key: `${csr.spkiSha256}-${renewalId}`,
      renewalId,
      serial,
      toBeSigned: Buffer.from(tbs).toString('base64'),
      authority: authority.signing.version,
      createdAt: now.toISOString(),
    });
    return { reference: key };
  };
}

/** As the profile says; without one a TLS server, and a client too when the CSR asks for it and this CA may. Nothing else. */
function purposesOf({ extendedKeyUsage }: CsrDetails, { profile, limits }: VaultCaPlan): readonly string[] {
  if (profile !== undefined) return profilePurposes[profile];
  const alsoClient = limits.clientAuth && extendedKeyUsage.includes(purposes.clientAuth);
  return profilePurposes[alsoClient ? 'mtls' : 'server'];
}

async function poll(
  plan: VaultCaPlan,
  { signer, issuances }: VaultCaDependencies,
  { reference }: Order,
): Promise<OrderStatus> {
  const issuance = await issuances.get(reference);
  if (issuance === undefined) return { state: 'rejected', reason: 'nothing was recorded under this order' };
  // The CA may have been replaced since: the version that was recorded finishes what was begun with it.
  const { authority: version, toBeSigned: tbs } = issuance;
  const authority = authorityOf(version === undefined ? await signer.current() : await signer.version(version));
  const leaf = await signedBy(authority, new Uint8Array(Buffer.from(tbs, 'base64')));
  const [issued, issuer] = [new X509Certificate(leaf), new X509Certificate(authority.ca.der)];
  if (!issued.checkIssued(issuer)) {
    return { state: 'rejected', reason: 'the CA certificate was replaced after the order was recorded' };
  }
  if (!issued.verify(issuer.publicKey)) {
    throw new RenewalError('issuer-misconfigured', 'the signature is not by the key of the CA certificate');
  }
  const chain = [leaf, authority.ca.der, ...chainAbove(authority.ca, plan.chain)];
  return { state: 'issued', chain: chain.map((der) => Buffer.from(der).toString('base64')) };
}

/** RFC 5280 counts both ends of the validity, hence the second less. Never before the CA itself. */
function datesOf(
  validityDays: number,
  now: Date,
  ca: CertificateDetails,
): { readonly notBefore: Date; readonly notAfter: Date } {
  const begin = Math.max(now.getTime() - BACKDATED_MILLISECONDS, ca.notBefore.getTime());
  const end = begin + validityDays * DAY_MILLISECONDS - 1000;
  return { notBefore: new Date(begin), notAfter: new Date(end) };
}
