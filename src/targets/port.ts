import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { AddressRule } from '../address.ts';
import type { Arm } from '../azure/arm.ts';
import type { KeyType } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import type { TargetFacts } from '../plan/targets/every-target.ts';
import type { Target } from '../plan/targets/target.ts';
import type { SecretReader } from '../vault/secret.ts';

/** What a target was seen serving. Times are ISO 8601 at the app's clock. */
export type Probe =
  | {
      readonly state: 'served';
      readonly at: string;
      readonly sha256: string;
      /** Absent of a report that knows which version it is, and no more. */
      readonly serial?: string;
      readonly notAfter?: string;
      /** SHA-256 of every certificate the server sent, leaf first. */
      readonly chain: readonly string[];
      /** Why the chain does not hold at the clock's time; absent when it does. */
      readonly problem?: string;
      /** `report`: read where the application reads it, by our script; absent: by a fresh TLS connection with SNI. */
      readonly seenBy?: 'report';
      /** Of a report: what was there before the deployment, SHA-256. */
      readonly before?: string;
      /** Of a report: since when the process runs that serves it. */
      readonly runningSince?: string;
    }
  /**
   * Nobody listened, or no TLS was spoken: "unverified", never "ok". `isForbidden`: it is at an address that the estate file
   * does not allow, so that no look will ever tell more.
   */
  | { readonly state: 'unreachable'; readonly at: string; readonly reason: string; readonly isForbidden?: true }
  /** The change goes on in Azure, or nothing can be said before it: worth another look. */
  | { readonly state: 'pending'; readonly at: string; readonly reason: string }
  /** The change has ended without success: no later look will see another end. */
  | { readonly state: 'failed'; readonly at: string; readonly reason: string };

/** What a target is looked at for. */
export interface Look {
  readonly purpose: 'baseline' | 'verify' | 'roll-back';
  /** What it shall serve then. */
  readonly version: VersionToServe;
}

export type Deployment =
  /** Changed, or asked to change: only a probe tells whether it serves. `lookAfterSeconds`: sooner there is nothing to see. */
  | { readonly state: 'deployed'; readonly detail: string; readonly lookAfterSeconds?: number }
  /** `touched`: something was changed before the refusal, so that the target may serve the new version after all. */
  | { readonly state: 'refused'; readonly reason: string; readonly touched?: true };

export type RollBack =
  | { readonly state: 'rolled-back'; readonly detail: string }
  | { readonly state: 'impossible'; readonly reason: string };

/** The version a target shall serve. */
export interface VersionToServe {
  /** The renewal that wants it: what a repeat is known by. */
  readonly renewalId: string;
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
  readonly capabilities: TargetFacts;
  probe(target: T, look: Look): Promise<Probe>;
  deploy(target: T, version: VersionToServe): Promise<Deployment>;
  rollBack(target: T, lastGood: VersionToServe): Promise<RollBack>;
  /** What only Azure can tell of why this target can never serve such a certificate, before anything is ordered. */
  preflight?(target: T, certificate: CertificateToServe): Promise<{ readonly refused?: string }>;
}

/** What is known of a certificate before it is ordered. */
export interface CertificateToServe {
  readonly isPrivate: boolean;
  readonly keyType: KeyType;
  readonly exportable: boolean;
}

/** What adapters are made of. */
export interface TargetOptions {
  readonly arm: Arm;
  readonly clock: Clock;
  /** PEM of the roots that a served chain may end at; absent: the public ones. */
  readonly roots?: readonly string[];
  readonly probeSeconds?: number;
  /** Which addresses a probe may connect to. Absent: every one. */
  readonly mayConnect?: AddressRule;
  /** Reads a secret by its id `{vault}/secrets/{name}`. */
  readonly secret?: SecretReader;
  /** Waits in this process; absent: by Node's timers. For seconds: whatever takes longer is a durable timer's. */
  pause?(milliseconds: number): Promise<void>;
  /** The deployer's identity, for what is not Resource Manager. */
  readonly credential?: TokenCredential;
  /** Takes the place of the network, where an adapter speaks to something other than Resource Manager. */
  readonly httpClient?: HttpClient;
}
