import type { KeyType } from '../certificate/types.ts';
import type { AcmePlan } from './issuers/acme.ts';
import type { AdCsPlan } from './issuers/ad-cs.ts';
import type { CfsslPlan } from './issuers/cfssl.ts';
import type { DigicertPlan } from './issuers/digicert.ts';
import type { EjbcaPlan } from './issuers/ejbca.ts';
import type { EstPlan } from './issuers/est.ts';
import type { GlobalSignPlan } from './issuers/globalsign.ts';
import type { ManualPlan } from './issuers/manual.ts';
import type { PartnerPlan } from './issuers/partner.ts';
import type { StepCaPlan } from './issuers/step-ca.ts';
import type { VaultCaPlan } from './issuers/vault-ca.ts';
import type { VaultPkiPlan } from './issuers/vault-pki.ts';
import type { WebhookPlan } from './issuers/webhook.ts';
import type { Target } from './targets/target.ts';

/** The estate file, validated: every vault, issuer, plan and certificate under Perennial's care. */
export interface Estate {
  readonly schema: 1;
  readonly vaults: readonly EstateVault[];
  readonly issuers: Readonly<Record<string, IssuerPlan>>;
  readonly plans: Readonly<Record<string, Plan>>;
  readonly certificates: readonly EstateCertificate[];
  /** Subscriptions (GUIDs) in which it is looked where certificates are used, besides those of the vaults. */
  readonly subscriptions?: readonly string[] | undefined;
  /** Absent: probes connect to public addresses only. */
  readonly network?: {
    /** Addresses and networks (`10.1.0.0/16`) that are not public and may be probed all the same. */
    readonly allow: readonly string[];
  };
}

export interface EstateVault {
  /** Key Vault's name, as events carry it. */
  readonly name: string;
  /** Without trailing slash. */
  readonly uri: string;
  /** ARM id of the vault. */
  readonly resourceId: string;
}

/** Settings of one issuer, whatever its kind; each kind has its own file under `src/plan/issuers/`. */
export type IssuerPlan =
  | VaultCaPlan
  | AcmePlan
  | PartnerPlan
  | EstPlan
  | AdCsPlan
  | WebhookPlan
  | ManualPlan
  | StepCaPlan
  | VaultPkiPlan
  | DigicertPlan
  | EjbcaPlan
  | GlobalSignPlan
  | CfsslPlan;

export interface Plan {
  readonly name: string;
  readonly issuer: string;
  readonly owner: string;
  readonly renewAt: {
    /** Percent of the life after which a renewal is due. */
    readonly percentOfLife: number;
    /** Never later than this many days before expiry (capped at half of the life). */
    readonly floorDays: number;
  };
  readonly acceptance: AcceptanceProfile;
  readonly rollout: RolloutPlan;
}

export interface AcceptanceProfile {
  /** The life asked of the issuer. */
  readonly validityDays: number;
  /** A new certificate must be valid for at least this long from now. */
  readonly minimumDays: number;
  readonly maximumDays: number;
  readonly keys: readonly KeyType[];
}

export interface RolloutPlan {
  /** One after the other; the first is the canary. What none of them names comes in a last one. */
  readonly waves: readonly WavePlan[];
  /** How many targets of a wave may fail before the rollout stops, where the wave says nothing else. */
  readonly failureBudget: number;
  /** The pause after a wave, likewise. */
  readonly soakSeconds: number;
  /** What becomes of the version before, once every target was seen serving the new one. */
  readonly oldVersion: 'keep' | 'disable';
  /** How many targets of one subscription are at work at once. */
  readonly perSubscription: number;
  /** Percent of what Resource Manager takes of one principal that a rollout may use up. */
  readonly writePercent: number;
  readonly verify: {
    readonly everySeconds: number;
    readonly forSeconds: number;
  };
}

/** Which targets a wave takes, of those that are in no earlier one. */
export type WavePlan = (
  | { readonly count: number }
  /** Percent of all targets that are deployed to once the wave is done. */
  | { readonly percent: number }
  /** Tags by name: the wave takes the targets that have them all. */
  | { readonly tag: Readonly<Record<string, string>> }
) & { readonly failureBudget?: number; readonly soakSeconds?: number };

export interface EstateCertificate {
  /** Name of an estate vault. */
  readonly vault: string;
  readonly name: string;
  readonly plan: string;
  readonly owner: string;
  readonly targets: readonly Target[];
  /** Whether places that Azure shows to use it, and that could be targets, take part in its rollouts. */
  readonly discover: boolean;
}
