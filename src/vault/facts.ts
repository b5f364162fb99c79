import type {
  CertificatePolicy,
  CertificateProperties,
  KeyVaultCertificate,
  KeyVaultCertificateWithPolicy,
} from '@azure/keyvault-certificates';
import { readCertificate } from '../certificate/read.ts';
import type { KeyType } from '../certificate/types.ts';
import { RenewalError } from '../errors.ts';
import type { ListedCertificate, ListedVersion, PolicyFacts, VersionFacts } from './port.ts';

/** The version that a certificate of the client holds; `undefined` while its first version is still pending. */
export function versionFacts({ cer, properties }: KeyVaultCertificate): VersionFacts | undefined {
  // The client passes a null of the wire on, whatever its types say.
  if (!cer || cer.length === 0) return undefined;
  if (!ArrayBuffer.isView(cer)) {
    throw new RenewalError('vault-unreachable', 'key-vault: the answer has a certificate that is no text');
  }
  const { id, version, enabled, createdOn } = properties;
  if (id === undefined || version === undefined) {
    throw new RenewalError('vault-refused', `key-vault: a certificate came without its version: id=${id ?? 'none'}`);
  }
  const certificate = readCertificate(cer);
  return {
    version,
    id,
    enabled: enabled ?? true,
    createdAt: isoOf(createdOn ?? certificate.notBefore, id),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    sha256: certificate.sha256,
    serial: certificate.serial,
    der: Buffer.from(cer).toString('base64'),
  };
}

/** What is no number of seconds on the wire comes out of the client as a date that is none, or as it was. */
function isoOf(date: unknown, name: string | undefined): string {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.toISOString();
  throw new RenewalError('vault-unreachable', `key-vault: the answer has a date that is none: name=${name ?? 'none'}`);
}

/** What the vault fills in for a member that is missing (Azure's defaults of a policy). */
export function policyFacts(policy: CertificatePolicy | undefined): PolicyFacts {
  const names = policy?.subjectAlternativeNames;
  return {
    subject: policy?.subject ?? '',
    dnsNames: names?.dnsNames ?? [],
    emails: names?.emails ?? [],
    upns: names?.userPrincipalNames ?? [],
    issuer: policy?.issuerName ?? 'Unknown',
    keyType: keyTypeOf(policy),
    exportable: policy?.exportable ?? true,
    reuseKey: policy?.reuseKey ?? false,
    contentType: policy?.contentType ?? 'application/x-pkcs12',
    validityMonths: policy?.validityInMonths ?? 12,
  };
}

const RSA_SIZES: Readonly<Record<number, KeyType>> = { 2048: 'RSA-2048', 3072: 'RSA-3072', 4096: 'RSA-4096' };
const CURVES: Readonly<Record<string, KeyType>> = { 'P-256': 'P-256', 'P-384': 'P-384', 'P-521': 'P-521' };

/** Whether the key is in an HSM is not told here: `request` keeps it where it is. */
export function keyTypeOf(policy: CertificatePolicy | undefined): KeyType | 'unknown' {
  switch (policy?.keyType ?? 'RSA') {
    case 'RSA':
    case 'RSA-HSM':
      return RSA_SIZES[policy?.keySize ?? 2048] ?? 'unknown';
    case 'EC':
    case 'EC-HSM':
      return CURVES[policy?.keyCurveName ?? ''] ?? 'unknown';
    default:
      return 'unknown';
  }
}

export function tagsOf({ properties }: KeyVaultCertificateWithPolicy): Readonly<Record<string, string>> {
  return properties.tags ?? {};
}

/** A certificate that is still pending shows dates it may never have: without a thumbprint there is no version. */
export function listedCertificate(properties: CertificateProperties): ListedCertificate {
  const { name, enabled, expiresOn, createdOn, tags, x509Thumbprint } = properties;
  return {
    name: name ?? '',
    enabled: enabled ?? true,
    ...(expiresOn && x509Thumbprint && { notAfter: isoOf(expiresOn, name) }),
    ...(createdOn && { createdAt: isoOf(createdOn, name) }),
    tags: tags ?? {},
  };
}

/** None of a row that names no version. */
export function listedVersion({ version, x509Thumbprint }: CertificateProperties): readonly ListedVersion[] {
  if (version === undefined) return [];
  const thumbprint = x509Thumbprint && Buffer.from(x509Thumbprint).toString('hex').toUpperCase();
  return [{ version: version.toLowerCase(), ...(thumbprint && { thumbprint }) }];
}
