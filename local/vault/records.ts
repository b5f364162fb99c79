import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Policy } from './policy.ts';

export type Tags = Readonly<Record<string, string>>;

/** A finished version of a certificate, of its key and of its secret. */
export interface Version {
  /** 32 lower-case hex characters. */
  readonly id: string;
  readonly leaf: X509Certificate;
  /** In the order of the secret. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  /** The policy as it was when the version was made: later changes do not reach its key and secret. */
  readonly policy: Policy;
  readonly preserveCertOrder: boolean;
  readonly created: Date;
  updated: Date;
  enabled: boolean;
  tags: Tags | undefined;
  /** The secret's value, once somebody asked for it. */
  secret?: string;
}

/** A certificate operation. */
export interface Pending {
  /** Id of the version that it will become. */
  readonly version: string;
  readonly requestId: string;
  readonly policy: Policy;
  readonly key: KeyObject;
  /** DER. */
  readonly csr: Buffer;
  readonly created: Date;
  readonly tags: Tags | undefined;
  readonly enabled: boolean;
  readonly preserveCertOrder: boolean;
  cancellationRequested: boolean;
  status: 'inProgress' | 'completed' | 'cancelled' | 'failed';
  error?: { readonly code: string; readonly message: string };
}

/** Everything under one name. */
export interface CertificateRecord {
  /** As its first creator spelled it. */
  readonly name: string;
  policy: Policy;
  /** In the order they were made. */
  readonly versions: Version[];
  pending?: Pending | undefined;
  /** What is shown of a name that never had a version: it outlives the pending operation. */
  shell?: Pending | undefined;
  /** Takes back the order that waits for the lifetime action. */
  forgetLifetime?: (() => void) | undefined;
}

export interface DeletedRecord {
  readonly record: CertificateRecord;
  readonly deletedAt: Date;
  /** Deletion is eventually consistent: until then nobody sees it. */
  readonly visibleAt: Date;
  readonly purgeAt: Date;
  /** When the recovery that was asked for is through. */
  recoveredAt?: Date;
}

/** A version of a key, whoever it belongs to. */
export interface KeyVersion {
  /** 32 lower-case hex characters. */
  readonly id: string;
  readonly key: KeyObject;
  readonly kty: string;
  readonly operations: readonly string[];
  readonly enabled: boolean;
  /** Unix seconds. */
  readonly nbf: number | undefined;
  readonly exp: number | undefined;
  readonly created: Date;
  readonly updated: Date;
  readonly tags: Tags | undefined;
  /** Belongs to a certificate: read only here. */
  readonly managed: boolean;
  readonly exportable: boolean;
}

/** A key that belongs to no certificate. */
export interface StoredKey {
  readonly name: string;
  /** In the order they were made. */
  readonly versions: KeyVersion[];
}

/** A version of a secret, whoever it belongs to. */
export interface SecretVersion {
  /** 32 lower-case hex characters. */
  readonly id: string;
  readonly value: () => string;
  readonly contentType: string | undefined;
  readonly enabled: boolean;
  /** Unix seconds. For people only: Azure gives out a secret whatever its dates. */
  readonly nbf: number | undefined;
  readonly exp: number | undefined;
  readonly created: Date;
  readonly updated: Date;
  readonly tags: Tags | undefined;
  /** Belongs to a certificate: read only here. */
  readonly managed: boolean;
}

/** A secret that belongs to no certificate. */
export interface StoredSecret {
  readonly name: string;
  /** In the order they were made. */
  readonly versions: SecretVersion[];
}

/** An account with a partner. */
export interface Issuer {
  readonly name: string;
  /** `DigiCert`, `GlobalSign`, `Test`, … */
  readonly provider: string;
  readonly credentials: { readonly account_id?: string | undefined; readonly pwd?: string | undefined };
  readonly organization: {
    readonly id?: string | undefined;
    readonly admin_details?: readonly Administrator[] | undefined;
  };
  readonly enabled: boolean;
  readonly created: Date;
  readonly updated: Date;
}

/** Who stands for the organization at the partner. */
export interface Administrator {
  readonly first_name?: string | undefined;
  readonly last_name?: string | undefined;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
}

/** Somebody who would get mail about the vault's certificates. */
export interface Contact {
  readonly email: string;
  readonly name?: string | undefined;
  readonly phone?: string | undefined;
}
