import type { VaultContext } from './call.ts';
import { writePfx } from './pfx-write.ts';
import type { KeyVersion, Version } from './records.ts';
import { validity } from './shapes.ts';

/** The key that belongs to a version of a certificate: same name, same version, read only. */
export function managedKey(version: Version): KeyVersion {
  const { id, key, policy, enabled, created, updated, tags } = version;
  const { kty, exportable } = policy.key_props;
  const operations = keyOperations(version);
  return { id, key, kty, operations, enabled, ...validity(version), created, updated, tags, managed: true, exportable };
}

const operationsOfUsage: Readonly<Record<string, readonly string[]>> = {
  digitalSignature: ['sign', 'verify'],
  nonRepudiation: ['sign', 'verify'],
  keyCertSign: ['sign', 'verify'],
  cRLSign: ['sign', 'verify'],
  keyEncipherment: ['wrapKey', 'unwrapKey'],
  dataEncipherment: ['encrypt', 'decrypt'],
  decipherOnly: ['decrypt'],
  encipherOnly: ['encrypt'],
};

/** What the key of a certificate may do follows from the certificate's key usage. */
function keyOperations({ policy, key }: Version): readonly string[] {
  const all = new Set(policy.x509_props.key_usage.flatMap((usage) => operationsOfUsage[usage] ?? []));
  // An elliptic key can sign, and nothing else.
  return key.asymmetricKeyType === 'ec' ? [...all].filter((one) => one === 'sign' || one === 'verify') : [...all];
}

/** The secret of a version: the chain, with the private key where the policy lets it out. */
export function managedSecret({ policy, key, chain, leaf }: Version, { chance, options }: VaultContext): string {
  const { exportable } = policy.key_props;
  if (policy.secret_props.contentType === 'application/x-pem-file') {
    const keyPem = exportable ? key.export({ type: 'pkcs8', format: 'pem' }).toString() : '';
    return keyPem + chain.map((certificate) => certificate.toString()).join('');
  }
  const certificates = chain.map(({ raw }) => raw);
  const rounds = options.pfxRounds;
  const file = writePfx({ certificates, ...(exportable && { key }) }, leaf.raw, {
    bytes: chance.bytes,
    ...(rounds !== undefined && { rounds }),
  });
  return file.toString('base64');
}
