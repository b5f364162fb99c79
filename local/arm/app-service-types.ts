import type { Bundle } from './pfx.ts';

/** How App Service's resource provider, as its own principal, finds a vault's secret. */
export type SecretRead =
  | { readonly state: 'ok'; readonly contentType: string; readonly value: string; readonly version: string }
  | { readonly state: 'forbidden' | 'vault-unknown' | 'secret-unknown' };

export type ReadSecret = (vaultResourceId: string, secretName: string) => Promise<SecretRead>;

export type SslState = 'Disabled' | 'SniEnabled' | 'IpBasedEnabled';

/** A site or a slot: both have the same properties. */
export interface SiteSeed {
  /** ARM id of the site, or of a slot. */
  readonly resourceId: string;
  readonly location: string;
  readonly environment: 'ase-v3' | 'multi-tenant';
  /** Absent: a plan of the site's own resource group. */
  readonly serverFarmId?: string;
  readonly hostNames: readonly string[];
  /** Object id of its system-assigned identity; absent: it has none. */
  readonly identityId?: string;
  /** App settings by name. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface HostBinding {
  readonly hostName: string;
  readonly sslState: SslState;
  readonly thumbprint: string | null;
  /** What is served under the name; it outlives the certificate resource that it came from. */
  readonly bundle: Bundle | undefined;
}

export interface Site {
  readonly resourceId: string;
  /** `site` or `site/slot`. */
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly serverFarmId: string;
  readonly webspace: string;
  /** ARM id of the App Service Environment v3; null for a multi-tenant site. */
  readonly hostingEnvironmentId: string | null;
  readonly identityId: string | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly bindings: ReadonlyMap<string, HostBinding>;
  readonly modifiedAt: Date;
}

/** Azure's words for how the last read of the vault went. */
export type KeyVaultSecretStatus =
  | 'Initialized'
  | 'AzureServiceUnauthorizedToAccessKeyVault'
  | 'KeyVaultDoesNotExist'
  | 'KeyVaultSecretDoesNotExist'
  | 'UnknownError';

/** A Microsoft.Web/certificates resource that imports from a vault. */
export interface CertificateResource {
  readonly resourceId: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly location: string;
  readonly webspace: string;
  readonly serverFarmId: string | null;
  /** Lower case, as Azure gives it back. */
  readonly keyVaultId: string;
  readonly keyVaultSecretName: string;
  readonly status: KeyVaultSecretStatus;
  readonly bundle: Bundle;
  readonly thumbprint: string;
  readonly secretVersion: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly syncedAt: Date;
}

export interface ImportRequest {
  readonly resourceId: string;
  readonly location: string;
  readonly keyVaultId: string;
  readonly keyVaultSecretName: string;
  readonly serverFarmId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Why App Service does not take a vault's secret as a certificate. */
export type ImportRefusal =
  | 'vault-forbidden'
  | 'vault-unknown'
  | 'secret-unknown'
  | 'not-pkcs12'
  | 'unreadable'
  | 'key-not-allowed'
  | 'no-server-auth';

export type BindRefusal = 'thumbprint-unknown' | 'host-not-covered' | 'private-ca-on-multi-tenant';

/**
 * `app.no-sync`: App Service never reads the vault again by itself. `app.binding`: a new certificate is imported, but
 * the bindings stay on the old thumbprint. Both were reported of Azure.
 */
export type AppServiceFault = 'app.no-sync' | 'app.binding';
