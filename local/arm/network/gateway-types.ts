import type { SecretRead } from '../app-service-types.ts';
import type { Bundle } from '../pfx.ts';

/** How a gateway finds a secret as its user-assigned identity (an ARM id): `{vault}/secrets/{name}`, or one version of it. */
export type ReadGatewaySecret = (identityId: string, secretId: string) => Promise<SecretRead>;

/** A Microsoft.Network/applicationGateways resource as it is to be at first. */
export interface GatewaySeed {
  readonly resourceId: string;
  readonly location: string;
  readonly operationalState?: 'Running' | 'Stopped';
  readonly tags?: Readonly<Record<string, string>>;
  /** ARM id of its user-assigned identity. */
  readonly identityId: string;
  readonly subnetId: string;
  readonly publicAddressId: string;
  readonly sslCertificates: readonly GatewayCertificateSeed[];
  /** Host names of its listeners, each with the name of the certificate that it uses. */
  readonly listeners: Readonly<Record<string, string>>;
}

export interface GatewayCertificateSeed {
  readonly name: string;
  /** Absent: it was uploaded. */
  readonly keyVaultSecretId?: string;
}

/** A gateway as it is. `body` is what GET answers, but for what only the service writes. */
export interface Gateway {
  readonly resourceId: string;
  readonly name: string;
  readonly resourceGroup: string;
  readonly body: Record<string, unknown>;
  readonly etag: string;
  readonly provisioningState: 'Updating' | 'Succeeded' | 'Failed';
  readonly operationalState: 'Running' | 'Stopped';
  /** What each certificate holds, by its name in lower case. */
  readonly held: ReadonlyMap<string, Bundle>;
  /** Host name (lower case) to the name (lower case) of the certificate that is served under it. */
  readonly listeners: ReadonlyMap<string, string>;
}

/**
 * `gateway.put-fails`: a write ends as `Failed`, and nothing is read. `gateway.no-poll`: nothing is read by itself.
 * `gateway.no-read`: a write ends well, and nothing is read.
 */
export type GatewayFault = 'gateway.put-fails' | 'gateway.no-poll' | 'gateway.no-read';

export interface GatewayError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: readonly { readonly code: string; readonly message: string }[];
}
