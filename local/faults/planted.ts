import { TableClient } from '@azure/data-tables';
import { readCsr } from '../../src/certificate/csr.ts';
import { childrenOf, parseDer, rawOf } from '../../src/certificate/der.ts';
import { purposes } from '../../src/certificate/extensions.ts';
import type { CsrDetails } from '../../src/certificate/types.ts';
import { type CertificateWish, certify, createKeys } from '../pki.ts';
import { ambush, isCreate, type Scene, type Strike } from './scene.ts';

const DAY = 86_400_000;

/** How the certificate differs from what was asked for. */
type Wrong = Partial<CertificateWish> & { readonly spki?: Uint8Array };

/** What the wrongness may depend on. */
interface Asked {
  readonly csr: CsrDetails;
  /** Milliseconds, whole seconds. */
  readonly now: number;
  readonly scene: Scene;
}

/**
 * The vault CA is a part of the app and signs what it has on record. So a wrong certificate comes about where the record is:
 * before the vault has answered the certificate request, somebody has put another one into the table of issuances. The
 * CA signs it in good faith, and the app must notice and merge nothing.
 */
function planted(wrong: (asked: Asked) => Wrong | Promise<Wrong>): Strike {
  return ambush({ on: 'vault', matches: isCreate, when: 'after' }, async (scene, { response }) => {
    const { csr: base64 } = JSON.parse(String(response?.body)) as { csr: string };
    const csr = readCsr(Buffer.from(base64, 'base64'));
    const now = Math.floor(scene.now().getTime() / 1000) * 1000;
    const { details } = certify(scene.authority, {
      ...{ subject: csr.subject, names: csr.names, keyUsage: ['digitalSignature'], spki: csr.spki },
      ...{ notBefore: new Date(now - 300_000), notAfter: new Date(now + 90 * DAY) },
      ...(await wrong({ csr, now, scene })),
    });
    await plant(scene, csr, { serial: details.serial, toBeSigned: bodyOf(details.der) });
  });
}

export const wrongKey = planted(async () => ({ spki: (await createKeys('P-256')).spki }));

export const nameTooMany = planted(({ csr }) => ({ names: { dns: [...csr.names.dns, 'extra.example'] } }));

export const nameMissing = planted(({ csr }) => ({ names: { dns: csr.names.dns.slice(1) } }));

export const isAuthority = planted(() => ({ isCa: true, keyUsage: ['keyCertSign', 'digitalSignature'] }));

export const clientOnly = planted(() => ({ extendedKeyUsage: [purposes.clientAuth] }));

export const oldSerial = planted(({ scene }) => ({ serial: scene.old.details.serial }));

/** From and to, in days from now. */
export function dates(from: number, to: number): Strike {
  return planted(({ now }) => ({ notBefore: new Date(now + from * DAY), notAfter: new Date(now + to * DAY) }));
}

/** TBSCertificate: the first element of a certificate. */
function bodyOf(der: Uint8Array): Uint8Array {
  const [body] = childrenOf(parseDer(der, 'the certificate'), 'the certificate');
  return rawOf(body, 'the body of the certificate');
}

/** The row as the app's own table shape has it. */
async function plant(
  { cloud, victim }: Scene,
  { spkiSha256 }: CsrDetails,
  issuance: { readonly serial: string; readonly toBeSigned: Uint8Array },
): Promise<void> {
  const { connectionString } = await cloud.azurite;
  const tableOf = (name: string): TableClient =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const { vaultName, name } = victim;
  const certificates = tableOf('certificates');
  const { renewalId } = await certificates.getEntity<{ renewalId: string }>(
    vaultName.toLowerCase(),
    name.toLowerCase(),
  );
  const key = `${spkiSha256}-${renewalId}`;
  const issuances = tableOf('issuances');
  await issuances.createTable();
  await issuances.createEntity({
    ...{ partitionKey: key, rowKey: 'issuance', schema: 1, key, renewalId, serial: issuance.serial },
    toBeSigned: Buffer.from(issuance.toBeSigned).toString('base64'),
    createdAt: new Date().toISOString(),
  });
}
