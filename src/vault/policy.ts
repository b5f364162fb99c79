import type { CertificateContentType, CertificatePolicy, LifetimeAction } from '@azure/keyvault-certificates';
import { RenewalError } from '../errors.ts';
import type { CsrRequest } from './port.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

type KeyUsage = NonNullable<CertificatePolicy['keyUsage']>[number];

/** What only RSA keys can do (RFC 5480, section 3). */
const RSA_ONLY: readonly KeyUsage[] = ['keyEncipherment', 'dataEncipherment'];

/**
 * The policy that a CSR is made with. What the request names, it decides; the rest is carried over from the policy that
 * is there (`live`), because members that are left out would be filled in with Azure's defaults. Never carried over: the
 * issuer, key reuse, and the vault's own renewal, which would put a version of its own over ours.
 */
export function requestPolicy(request: CsrRequest, live: CertificatePolicy | undefined): CertificatePolicy {
  return {
    issuerName: 'Unknown',
    subject: request.subject,
    subjectAlternativeNames: alternativeNames(request, live),
    ...keyProperties(request, live),
    exportable: request.exportable,
    reuseKey: false,
    contentType: contentType(request),
    validityInMonths: request.validityMonths,
    enhancedKeyUsage: live?.enhancedKeyUsage ?? [SERVER_AUTH],
    keyUsage: keyUsage(request, live),
    lifetimeActions: emailOnly(live?.lifetimeActions),
  };
}

/** The client's types want at least one name of each kind that is given; the vault takes none as well. */
function alternativeNames(
  { dnsNames }: CsrRequest,
  live: CertificatePolicy | undefined,
): NonNullable<CertificatePolicy['subjectAlternativeNames']> {
  const { emails, userPrincipalNames } = live?.subjectAlternativeNames ?? {};
  const names = {
    ...(dnsNames.length > 0 && { dnsNames: [...dnsNames] }),
    ...(emails && { emails }),
    ...(userPrincipalNames && { userPrincipalNames }),
  };
  return names as NonNullable<CertificatePolicy['subjectAlternativeNames']>;
}

/** A key that was in an HSM stays in an HSM. */
function keyProperties(
  { keyType }: CsrRequest,
  live: CertificatePolicy | undefined,
): Pick<CertificatePolicy, 'keyType' | 'keySize' | 'keyCurveName'> {
  const hsm = live?.keyType?.endsWith('-HSM') ?? false;
  switch (keyType) {
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return { keyType: hsm ? 'EC-HSM' : 'EC', keyCurveName: keyType, keySize: Number(keyType.slice(2)) };
    default:
      return { keyType: hsm ? 'RSA-HSM' : 'RSA', keySize: Number(keyType.slice(4)) };
  }
}

function keyUsage({ keyType }: CsrRequest, live: CertificatePolicy | undefined): KeyUsage[] {
  const rsa = keyType.startsWith('RSA');
  const usages: readonly KeyUsage[] = live?.keyUsage ?? ['digitalSignature', 'keyEncipherment'];
  return usages.filter((usage) => rsa || !RSA_ONLY.includes(usage));
}

function contentType({ contentType, vault, name }: CsrRequest): NonNullable<CertificateContentType> {
  if (contentType === 'application/x-pkcs12' || contentType === 'application/x-pem-file') return contentType;
  throw new RenewalError(
    'vault-refused',
    `key-vault: request failed: vault=${vault}, name=${name}: unknown content type ${contentType.slice(0, 60)}`,
  );
}

function emailOnly(actions: LifetimeAction[] | undefined): LifetimeAction[] {
  const triggers = actions?.length ? actions : [{ lifetimePercentage: 80 }];
  return triggers.slice(0, 1).map((trigger) => ({ ...trigger, action: 'EmailContacts' }));
}
