/** Key types that Perennial asks for and accepts. */
export const keyTypes = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521'] as const;
export type KeyType = (typeof keyTypes)[number];

/** One relative distinguished name: a set of `type=value` pairs, type as dotted OID. */
export type RelativeName = readonly { readonly type: string; readonly value: string }[];

/** Subject alternative names, lower case where DNS compares without case. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
  readonly upn: readonly string[];
  /** GeneralNames of any other form, DER in lower-case hex: not understood, but never overlooked. */
  readonly other?: readonly string[];
}

/** What Perennial knows of one X.509 certificate (RFC 5280). Hashes and serial in lower-case hex. */
export interface CertificateDetails {
  readonly der: Uint8Array;
  readonly sha256: string;
  /** What Azure calls the thumbprint. */
  readonly sha1: string;
  readonly serial: string;
  readonly subject: readonly RelativeName[];
  readonly issuer: readonly RelativeName[];
  /** For people only; never compared. */
  readonly subjectText: string;
  readonly issuerText: string;
  readonly names: AlternativeNames;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly keyType: KeyType | 'unknown';
  /** SHA-256 of the SubjectPublicKeyInfo. */
  readonly spkiSha256: string;
  /** Dotted OID. */
  readonly signatureAlgorithm: string;
  readonly isCa: boolean;
  /** RFC 5280 4.2.1.3 names, e.g. `digitalSignature`. */
  readonly keyUsage: readonly string[];
  /** Dotted OIDs. */
  readonly extendedKeyUsage: readonly string[];
  readonly authorityKeyId?: string;
  readonly subjectKeyId?: string;
}

/** What a PKCS#10 request (RFC 2986) asks for. */
export interface CsrDetails {
  readonly der: Uint8Array;
  readonly sha256: string;
  readonly subject: readonly RelativeName[];
  readonly subjectText: string;
  readonly names: AlternativeNames;
  /** Dotted OIDs of the purposes that it asks for. */
  readonly extendedKeyUsage: readonly string[];
  readonly keyType: KeyType | 'unknown';
  readonly spkiSha256: string;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}
