import type { Target } from '../plan/types.ts';

/** What one fresh TLS connection with SNI showed. Times are ISO 8601 at the app's clock. */
export type Probe =
  | {
      readonly state: 'served';
      readonly at: string;
      readonly sha256: string;
      readonly serial: string;
      readonly notAfter: string;
      /** SHA-256 of every certificate the server sent, leaf first. */
      readonly chain: readonly string[];
      /** Why the chain does not hold at the clock's time; absent when it does. */
      readonly problem?: string;
    }
  /** Nobody listened, or no TLS was spoken: "unverified", never "ok". */
  | { readonly state: 'unreachable'; readonly at: string; readonly reason: string };

export type Deployment =
  | { readonly state: 'deployed'; readonly detail: string }
  /** `touched`: something was changed before the refusal, so that the target may serve the new version after all. */
  | { readonly state: 'refused'; readonly reason: string; readonly touched?: true };

export type RollBack =
  | { readonly state: 'rolled-back'; readonly detail: string }
  | { readonly state: 'impossible'; readonly reason: string };

export interface TargetCapabilities {
  /** `push`: changes when we change it. `pull`: takes the newest version by itself within `pullWindowHours`. */
  readonly control: 'push' | 'pull';
  readonly pullWindowHours: number;
  /** How long a rolled back target stays on the old version. */
  readonly rollBack: 'yes' | 'until-next-pull' | 'no';
}

/** The version a target shall serve. */
export interface VersionToServe {
  readonly vault: string;
  readonly vaultResourceId: string;
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** SHA-1 in upper-case hex: Azure's name for the certificate. */
  readonly thumbprint: string;
}

/**
 * A kind of place that uses certificates. Throws `RenewalError` (`arm-*`) for "cannot tell, try again"; each verb may be
 * repeated without a second effect.
 */
export interface TargetAdapter<T extends Target = Target> {
  readonly kind: T['kind'];
  readonly capabilities: TargetCapabilities;
  probe(target: T): Promise<Probe>;
  deploy(target: T, version: VersionToServe): Promise<Deployment>;
  rollBack(target: T, lastGood: VersionToServe): Promise<RollBack>;
  /** Reasons why this target can never serve a certificate of that issuer, known before anything is ordered. */
  preflight?(target: T, issuer: { readonly isPrivate: boolean }): Promise<{ readonly refused?: string }>;
}
