import type { KeyType } from '../certificate/types.ts';

/** A certificate of a vault. `vault` is the vault's URI without trailing slash; `name` as Key Vault spells it. */
export interface CertificateRef {
  readonly vault: string;
  readonly name: string;
}

/** What a vault holds under one certificate name. Dates are ISO 8601, hashes lower-case hex. */
export type Inspection =
  /** Nothing of that name, or only a soft-deleted one. */
  | { readonly state: 'absent'; readonly softDeleted: boolean }
  | {
      readonly state: 'present';
      /** The newest enabled or disabled version; absent while a first version is still pending. */
      readonly current?: VersionFacts;
      readonly policy: PolicyFacts;
      readonly tags: Readonly<Record<string, string>>;
      readonly pending?: PendingFacts;
    };

export interface VersionFacts {
  /** 32 lower-case hex characters. */
  readonly version: string;
  /** Key Vault's own id: `{vault}/certificates/{name}/{version}`. */
  readonly id: string;
  readonly enabled: boolean;
  readonly createdAt: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly sha256: string;
  readonly serial: string;
  /** base64 of the DER. */
  readonly der: string;
}

/** The parts of a certificate policy that a renewal carries over. */
export interface PolicyFacts {
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  readonly upns: readonly string[];
  readonly issuer: string;
  readonly keyType: KeyType | 'unknown';
  readonly exportable: boolean;
  readonly reuseKey: boolean;
  readonly contentType: string;
  readonly validityMonths: number;
}

/** A pending certificate operation. */
export interface PendingFacts {
  readonly status: 'inProgress' | 'completed' | 'cancelled' | 'failed';
  /** base64 of the PKCS#10 DER. */
  readonly csr: string;
  readonly csrSha256: string;
  readonly issuer: string;
  readonly requestId: string;
  readonly error?: string;
  /** Somebody has asked for its end; the issuer may go on all the same. */
  readonly cancellationRequested?: true;
}

/** One row of a vault's certificate list. */
export interface ListedCertificate {
  readonly name: string;
  readonly enabled: boolean;
  readonly notAfter?: string;
  readonly createdAt?: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** One row of the list of a certificate's versions. */
export interface ListedVersion {
  /** 32 lower-case hex characters. */
  readonly version: string;
  /** Upper-case hex of SHA-1; absent: it is not finished. */
  readonly thumbprint?: string;
}

export interface CsrRequest extends CertificateRef {
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly keyType: KeyType;
  readonly exportable: boolean;
  readonly contentType: string;
  readonly validityMonths: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** An order with an issuer that the vault knows: all else is as the certificate's policy says. */
export interface NamedIssuerRequest extends CertificateRef {
  /** What the policy has to name: a policy with another issuer is refused. Compared without case. */
  readonly issuer: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface MergeRequest extends CertificateRef {
  /** base64 DERs, leaf first, root left out. */
  readonly chain: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * The vault. Answers are facts; it throws `RenewalError` with a `vault-*` code. Every verb may be repeated: `request`
 * answers with the pending operation that is there when it was the one asked for, `merge` with the version that holds
 * this leaf already.
 */
export interface Vault {
  /**
   * Azure: Get Certificate, Get Certificate Operation, Get Deleted Certificate. `version` leaves the operation out, which
   * is one call less: `pending` is then absent, whatever is pending.
   */
  inspect(ref: CertificateRef, parts?: 'all' | 'version'): Promise<Inspection>;
  /** Azure: Get Certificate, of one version: 32 hex characters. `undefined`: there is none, or it is not finished. */
  version(ref: CertificateRef, version: string): Promise<VersionFacts | undefined>;
  /**
   * Azure: Get Certificate Versions. Disabled ones too, in no order, one page after another, lazily; none when there is no such
   * certificate.
   */
  versions(ref: CertificateRef): AsyncIterable<ListedVersion>;
  /** Azure: Get Certificates (with pending ones). One page after another, lazily. */
  list(vault: string): AsyncIterable<ListedCertificate>;
  /**
   * Azure: Create Certificate, with issuer `Unknown` for a CSR, or with the named issuer of the policy, which begins to
   * issue at once. The key is made in the vault and stays there. Throws `issuer-misconfigured` when the vault knows no such
   * issuer.
   */
  request(request: CsrRequest | NamedIssuerRequest): Promise<PendingFacts>;
  /**
   * Azure: Update Certificate Operation with `cancellation_requested`, for one that is in progress. Answers with the operation
   * as it is then: whether the issuer agrees is seen later. `undefined`: nothing is pending.
   */
  cancel(ref: CertificateRef): Promise<PendingFacts | undefined>;
  /** Azure: Delete Certificate Operation. Nothing pending is fine. */
  discard(ref: CertificateRef): Promise<void>;
  /** Azure: Merge Certificate, then Update Certificate for the tags that the client drops at merge. */
  merge(request: MergeRequest): Promise<VersionFacts>;
  /**
   * Azure: Update Certificate, of one version, with `enabled: false`: its secret and its key are then refused as well. One that
   * is disabled already is fine.
   */
  disable?(ref: CertificateRef, version: string): Promise<void>;
}

/** A JSON Web Algorithm that signs (RFC 7518 3.1). */
export type SigningAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512';

/** One version of a certificate whose key signs and never leaves the vault. */
export interface SigningVersion {
  /** 32 lower-case hex characters. */
  readonly version: string;
  /** base64 of the DER. */
  readonly certificate: string;
  /** Azure: keys/sign. `digest` is hashed already. */
  sign(algorithm: SigningAlgorithm, digest: Uint8Array): Promise<Uint8Array>;
}

/** The certificate of a CA with its versions. */
export interface VaultSigner {
  /** The newest version that is enabled and valid now; the newest of all where there is none. */
  current(): Promise<SigningVersion>;
  /** A version that signed before. It may be disabled by now, and then refuses to sign. */
  version(version: string): Promise<SigningVersion>;
  /** Azure: Get Certificate Versions. Those that are enabled and have not expired, newest first. */
  versions(): Promise<readonly SigningVersion[]>;
}

/** The public half of a key (RFC 7517), members base64url. */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384' | 'P-521'; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

/** One version of a key by which we show who we are. */
export interface KeyVersion {
  /** Key Vault's own id: `{vault}/keys/{name}/{version}`. */
  readonly id: string;
  readonly jwk: PublicJwk;
  /** Azure: keys/sign. `digest` is hashed already. */
  sign(algorithm: SigningAlgorithm, digest: Uint8Array): Promise<Uint8Array>;
}

/** A key of a vault with its versions. */
export interface VaultKey {
  newest(): Promise<KeyVersion>;
  /** The version that an id names; it may be disabled by now, and then refuses to sign. */
  version(id: string): Promise<KeyVersion>;
}
