import { certificateParts, readCertificate } from '../certificate/read.ts';
import type { CertificateDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { Issuance, IssuanceStore, RevocationStore } from '../estate/port.ts';
import type { VaultSigner } from '../vault/port.ts';
import type { RevokeRequest, RevokeResult } from './port.ts';
import { authorityOf } from './vault-ca-authority.ts';
import type { CrlPublisher } from './vault-ca-crl.ts';

export interface RevokeDependencies {
  readonly signer: VaultSigner;
  readonly issuances: IssuanceStore;
  readonly revocations: RevocationStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly crls: CrlPublisher | undefined;
}

/**
 * Writes the revocation down and publishes the CRL at once. It is `revoked` when both are done: a CRL that cannot be
 * published is thrown, and a repeat, or the timer, publishes it.
 */
export async function revoke({ certificate, reason }: RevokeRequest, all: RevokeDependencies): Promise<RevokeResult> {
  const leaf = readable(certificate);
  if (leaf === undefined) return refused('the certificate cannot be read');
  const { signer, issuances, revocations, clock, crls } = all;
  const issuance = (await issuances.forPublicKey(leaf.spkiSha256)).find((one) => isOf(one, leaf));
  if (issuance === undefined) return refused(`this CA has not issued the serial number ${leaf.serial.slice(0, 40)}`);
  const now = clock.now();
  if (leaf.notAfter <= now) return refused(`it expired by itself at ${leaf.notAfter.toISOString()}`);
  const { authority: version } = issuance;
  const authority = authorityOf(version === undefined ? await signer.current() : await signer.version(version));
  await revocations.putIfAbsent({
    authority: authority.id,
    serial: leaf.serial,
    reason,
    revokedAt: now.toISOString(),
    notAfter: leaf.notAfter.toISOString(),
  });
  await crls?.publishFor(authority);
  return { state: 'revoked' };
}

function refused(reason: string): RevokeResult {
  return { state: 'refused', reason };
}

function readable(base64: string): CertificateDetails | undefined {
  try {
    return readCertificate(new Uint8Array(Buffer.from(base64, 'base64')));
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return undefined;
    throw error;
  }
}

/** What was signed is what was recorded; the signature below it is a new one each time when the key is an EC key. */
function isOf({ toBeSigned }: Issuance, leaf: CertificateDetails): boolean {
  return Buffer.from(certificateParts(leaf.der).body).equals(Buffer.from(toBeSigned, 'base64'));
}
