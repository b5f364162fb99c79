import { createHash, X509Certificate } from 'node:crypto';
import { purposes } from '../certificate/extensions.ts';
import { assemble, newSerial, signatureAlgorithmOf, toBeSigned } from '../certificate/issue.ts';
import { pemToDer } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CertificateDetails, CsrDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { type ErrorCode, RenewalError } from '../errors.ts';
import type { Issuance, IssuanceStore } from '../estate/port.ts';
import type { VaultCaPlan } from '../plan/issuers/vault-ca.ts';
import type { VaultSigner } from '../vault/port.ts';
import { readableCsr } from './limits.ts';
import type { Issuer, Order, OrderRequest, OrderStatus } from './port.ts';
import { refusal } from './vault-ca-rules.ts';

export const kind = 'vault-ca';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof VaultCaPlan, 'kind'>, string>> = {
  certificate: 'Id of the CA certificate, without version, whose Key Vault key signs.',
  chain: 'PEM certificates that are sent after the leaf and the CA certificate, up to the root.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, the DNS suffixes, and whether this CA certifies TLS clients too.',
};

export interface VaultCaDependencies {
  readonly signer: VaultSigner;
  readonly issuances: IssuanceStore;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
}

type Rejected = { readonly state: 'rejected'; readonly reason: string };

/** A certificate begins to be valid a little earlier, for clocks that are slow, or for this one being fast. */
const BACKDATED_MILLISECONDS = 15 * 60_000;
const DAY_MILLISECONDS = 86_400_000;

/** Its orders carry all that it needs. */
type VaultCa = Issuer & { poll(order: Order): Promise<OrderStatus> };

/**
 * An internal CA whose key is a Key Vault key and never leaves it. What will be signed is written down before it is
 * signed, so that a repeat of any step signs the same certificate again: with an RSA key the same bytes, with an EC key
 * the same but for the signature, which is a new one each time.
 */
export function create(plan: VaultCaPlan, dependencies: VaultCaDependencies): VaultCa {
  return {
    kind,
    afterLostAnswer: 'same-order',
    capabilities: [],
    isPrivate: true,
    submit: (request) => asIssuer('submit', request.renewalId, () => submit(plan, dependencies, request)),
    poll: (order) => asIssuer('poll', order.reference, () => poll(plan, dependencies, order)),
  };
}

async function submit(
  plan: VaultCaPlan,
  { signer, issuances, clock, random }: VaultCaDependencies,
  { renewalId, csr: base64, validityDays }: OrderRequest,
): Promise<Order | Rejected> {
  const csr = readableCsr(base64);
  if (csr === undefined) return { state: 'rejected', reason: 'the CSR cannot be read' };
  const ca = authority(await signer.certificate());
  const now = clock.now();
  const dates = datesOf(validityDays, now, ca);
  const reason = await refusal({ csr, validityDays, limits: plan.limits, ca, now, notAfter: dates.notAfter });
  if (reason !== undefined) return { state: 'rejected', reason };
  const serial = newSerial(random);
  const extendedKeyUsage = purposesOf(csr, plan.limits);
  const tbs = toBeSigned({
    csr,
    issuer: ca,
    serial,
    ...dates,
    extendedKeyUsage,
    signatureAlgorithm: signatureAlgorithmOf(ca),
  });
  const { key } = await issuances.putIfAbsent({
    key: `${csr.spkiSha256}-${renewalId}`,
    renewalId,
    serial,
    toBeSigned: Buffer.from(tbs).toString('base64'),
    createdAt: now.toISOString(),
  });
  return { reference: key };
}

/** A TLS server always; a client too when the CSR asks for it and this CA may. Nothing else that a CSR asks for. */
function purposesOf({ extendedKeyUsage }: CsrDetails, { clientAuth }: VaultCaPlan['limits']): readonly string[] {
  const alsoClient = clientAuth && extendedKeyUsage.includes(purposes.clientAuth);
  return alsoClient ? [purposes.serverAuth, purposes.clientAuth] : [purposes.serverAuth];
}

async function poll(
  plan: VaultCaPlan,
  { signer, issuances }: VaultCaDependencies,
  { reference }: Order,
): Promise<OrderStatus> {
  const issuance = await issuances.get(reference);
  if (issuance === undefined) return { state: 'rejected', reason: 'nothing was recorded under this order' };
  const ca = authority(await signer.certificate());
  const leaf = await signed(issuance, ca, signer);
  const [issued, issuer] = [new X509Certificate(leaf), new X509Certificate(ca.der)];
  if (!issued.checkIssued(issuer)) {
    return { state: 'rejected', reason: 'the CA certificate was replaced after the order was recorded' };
  }
  if (!issued.verify(issuer.publicKey)) {
    throw new RenewalError('issuer-misconfigured', 'the signature is not by the key of the CA certificate');
  }
  const chain = [leaf, ca.der, ...plan.chain.flatMap((pem) => pemToDer(pem))];
  return { state: 'issued', chain: chain.map((der) => Buffer.from(der).toString('base64')) };
}

async function signed(issuance: Issuance, ca: CertificateDetails, signer: VaultSigner): Promise<Uint8Array> {
  const tbs = new Uint8Array(Buffer.from(issuance.toBeSigned, 'base64'));
  const algorithm = signatureAlgorithmOf(ca);
  const digest = new Uint8Array(createHash(algorithm.hash).update(tbs).digest());
  return assemble(tbs, await signer.sign(algorithm.jwa, digest), algorithm);
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

function authority(base64: string): CertificateDetails {
  const ca = readCertificate(new Uint8Array(Buffer.from(base64, 'base64')));
  if (ca.isCa && (ca.keyUsage.length === 0 || ca.keyUsage.includes('keyCertSign'))) return ca;
  throw new RenewalError('issuer-misconfigured', `the certificate ${ca.subjectText} is no CA certificate`);
}

/** Errors of the vault and of the store as the port knows them: try again, or somebody must mend the configuration. */
async function asIssuer<T>(action: string, order: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code === 'bug') throw error;
    const code: ErrorCode = error.retry ? 'issuer-unreachable' : 'issuer-misconfigured';
    throw new RenewalError(code, `vault-ca: ${action} failed: order=${order}: ${error.message}`, {
      cause: { code: error.code },
      retryAfterSeconds: error.retryAfterSeconds,
    });
  }
}
