import type { Clock } from '../clock.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { EstateStore } from '../estate/port.ts';
import type { Issuer } from '../issuers/port.ts';
import type { Journal } from '../journal/port.ts';
import type { Target } from '../plan/targets/target.ts';
import type { Estate } from '../plan/types.ts';
import type { TargetAdapter } from '../targets/port.ts';
import type { CredentialReader } from '../vault/credential-facts.ts';
import type { Vault } from '../vault/port.ts';
import type { Lease } from './lease.ts';

/** Everything outside that start, sweep and the steps may reach: `app.ts` builds it, tests build another. */
export interface Dependencies {
  readonly clock: Clock;
  /** The estate as it is now. */
  readonly estate: () => Promise<Estate>;
  readonly vault: Vault;
  readonly store: EstateStore;
  readonly journal: Journal;
  readonly rows: AppRowStore;
  readonly lease: Lease;
  /** How many renewals of one vault may start by themselves in ten seconds. */
  readonly startsPerVault: number;
  /** The issuer of that name in the estate. */
  readonly issuer: (estate: Estate, name: string) => Issuer;
  /** How long a credential of an issuer may be used: `{vault}/{secrets|keys|certificates}/{name}`. */
  readonly credentialFacts: CredentialReader;
  readonly target: (estate: Estate, issuer: string, kind: Target['kind']) => TargetAdapter;
}
