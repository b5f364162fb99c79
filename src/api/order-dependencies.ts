import type { Clock } from '../clock.ts';
import type { RelayStore } from '../estate/relayed-order.ts';
import type { Credential } from '../issuers/credential.ts';
import type { Estate } from '../plan/types.ts';

/** What calls about relayed orders need. */
export interface OrderDependencies {
  readonly clock: Clock;
  readonly estate: () => Promise<Estate>;
  readonly relayed: RelayStore;
  readonly random: (size: number) => Uint8Array;
  /** What an issuer and whoever answers for it sign with, by the id of its secret. */
  readonly credential: (secretId: string) => Credential;
}
