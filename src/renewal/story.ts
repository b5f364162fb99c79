import type { DiffClass } from '../certificate/diff.ts';
import type { KeyType } from '../certificate/types.ts';
import type { ErrorCode } from '../errors.ts';
import type { OrderStatus } from '../issuers/port.ts';
import type { Target } from '../plan/targets/target.ts';
import type { Plan } from '../plan/types.ts';
import type { Probe } from '../targets/port.ts';
import type { Inspection } from '../vault/port.ts';
import type { Outcome, Reason } from './outcomes.ts';
import type { RolloutShape } from './rollout-shape.ts';
import type { TargetCounts } from './tally.ts';

/** What a renewal is started with: ids and the reason, nothing that may change. */
export interface RenewalInput {
  readonly renewalId: string;
  /** Name of the estate vault. */
  readonly vault: string;
  readonly certificate: string;
  readonly reason: Reason;
  readonly force: boolean;
  /** Of `window-opened`: the version that its CA wishes to be replaced. */
  readonly windowOf?: string;
  /** Set when the current version is only to be deployed; absent: everything. */
  readonly scope?: 'deploy';
  /** With `scope`: that version was made by the vault itself, and is judged before it is deployed. */
  readonly adopts?: string;
  readonly requester?: string;
  /** What the requester wrote, for the journal. */
  readonly comment?: string;
  /** W3C `traceparent` of the event or call that it began with. Renewals of earlier versions of the app have none. */
  readonly traceparent?: string;
}

/** The end of a renewal, and why. `detail` is a sentence for people, without secrets. */
export interface Ended {
  readonly outcome: Outcome;
  readonly outcomeReason: Reason;
  readonly detail: string;
}

/**
 * What a step answers. Expected ends are values; `again` means "cannot tell, try again", which the orchestrator does
 * after `retryAfterSeconds` or by its own table, a bounded number of times.
 */
export type StepAnswer<T> =
  | { readonly state: 'done'; readonly value: T }
  | ({ readonly state: 'ended' } & Ended)
  | { readonly state: 'again'; readonly code: ErrorCode; readonly detail: string; readonly retryAfterSeconds?: number };

/** A version in short: ids and dates, no bodies. */
export interface VersionSummary {
  readonly version: string;
  readonly sha256: string;
  readonly thumbprint: string;
  readonly serial: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

/** Vault facts and the plan, as they were when the renewal began: later edits of either cannot change its story. */
export interface Inspected {
  readonly facts: Extract<Inspection, { state: 'present' }>;
  readonly pendingIsOurs: boolean;
  readonly old: VersionSummary;
  readonly vaultUri: string;
  readonly vaultResourceId: string;
  readonly plan: Plan;
  readonly owner: string;
  readonly issuerIsPrivate: boolean;
  readonly keyType: KeyType;
  /** Of a renewal of version 1.0 only. */
  readonly targets?: readonly Target[];
  /** Of every later one: the targets themselves are in rows. */
  readonly rollout?: RolloutShape;
  /** Set when the issuer is inside the vault: it orders and merges in one act, and is asked for what this policy says. */
  readonly inVault?: { readonly issuerName: string; readonly policySha256: string };
}

export interface Requested {
  readonly csrSha256: string;
  /** True when a pending operation of ours was taken up again. */
  readonly resumed: boolean;
  /** Set when the request was the order itself, with an issuer inside the vault. */
  readonly reference?: string;
  /** True when that order was begun by somebody else, or by the vault itself. */
  readonly isForeign?: true;
}

export interface Submitted {
  readonly reference: string;
  /** How often the issuer was asked before and not heard, where it may have issued each time; absent: never. */
  readonly unheard?: number;
}

/** The order's state without the chain: that is in the order row. */
export type Polled =
  | Exclude<OrderStatus, { state: 'issued' }>
  /** `unheard`: how often the CA was asked before and not heard, where it may have issued each time. */
  | { readonly state: 'issued'; readonly chainSha256: string; readonly unheard?: number };

export interface Checked {
  readonly sha256: string;
  readonly serial: string;
  readonly notAfter: string;
  /** SHA-256 over the accepted chain: what a decision before the merge is bound to. */
  readonly chainSha256: string;
  readonly diffClass: DiffClass;
  readonly warnings: readonly string[];
}

/** A finished version of an issuer inside the vault, accepted. */
export interface CheckedVersion {
  readonly version: VersionSummary;
  /** What it has replaced; absent when that is not known. */
  readonly replaced?: VersionSummary;
  readonly diffClass: DiffClass;
  readonly warnings: readonly string[];
}

/** How one target ended; children of a fan-out answer with this, they never throw. */
export interface TargetResult {
  readonly id: string;
  readonly kind: Target['kind'];
  readonly verified: boolean;
  /** False when nothing was changed on it. */
  readonly touched: boolean;
  readonly servedSha256?: string;
  readonly problem?: string;
  readonly baseline?: 'served' | 'unreachable';
  /** Of a target that reports itself: what was there before, SHA-256. */
  readonly servedBefore?: string;
  readonly rolledBack?: boolean;
  /** It could not be moved back, and was seen serving the last good version all the same. */
  readonly isOnLastGood?: true;
  /** It served the new version although nobody had deployed it. */
  readonly tookItself?: true;
  /** From its deployment to the look that saw the new version; of a target whose deployment says when to look first. */
  readonly seenAfterSeconds?: number;
}

/** What a finished renewal answers, and what its orchestration's output is. */
export interface RenewalResult extends Ended {
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly reason: Reason;
  readonly issuer?: string;
  readonly old?: VersionSummary;
  readonly new?: VersionSummary;
  /** At most 100 of them, those that are not verified first; of a renewal of version 1.0 all of them. */
  readonly targets: readonly TargetResult[];
  /** Of all of them; absent: `targets` holds every one. */
  readonly counts?: TargetCounts;
}

/** The custom status: what the portal shows while a renewal runs. */
export interface RenewalStatus {
  readonly vault: string;
  readonly certificate: string;
  readonly stage: Stage;
  readonly reason: Reason;
  /** 32 hex digits: what finds the event, every step and every request of this renewal. */
  readonly traceId?: string;
  readonly issuer?: string;
  readonly order?: string;
  /** `n/m` targets seen serving the new version. */
  readonly verified?: string;
  /** `k/n`: which wave is deployed to. */
  readonly wave?: string;
  /** Set while a step waits to be tried again. */
  readonly waitingFor?: string;
  readonly nextAttemptAt?: string;
  readonly outcome?: Outcome;
  readonly outcomeReason?: Reason;
}

/** The numbered stages of a renewal, in order. */
export const stages = [
  'inspect',
  'decide',
  'gate',
  'request',
  'submit',
  'issue',
  'check',
  'merge',
  'deploy',
  'verify',
  'close',
] as const;
export type Stage = (typeof stages)[number];

export const gatePoints = ['before-request', 'before-submit', 'before-merge'] as const;
export type GatePoint = (typeof gatePoints)[number];

/** Every step's input says whose it is and which try it is: together they are its key in the journal. */
export interface StepCall {
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly attempt: number;
  /** Of the renewal, as it was started with. */
  readonly traceparent?: string;
}

interface TargetCall {
  readonly target: Target;
  readonly version: VersionSummary;
  readonly vaultUri: string;
  readonly vaultResourceId: string;
  readonly issuer: string;
}

/** The steps: name → what it is asked besides the `StepCall`, and what it answers. Each is an activity of that name. */
export interface Steps {
  inspect: {
    /** `targets`: where the targets go; absent, as in version 1.0: into the answer. */
    asks: Pick<RenewalInput, 'reason' | 'requester' | 'comment' | 'scope' | 'adopts'> & { readonly targets?: 'rows' };
    answers: Inspected;
  };
  gate: {
    asks: { readonly point: GatePoint; readonly boundTo: Readonly<Record<string, string>> };
    answers: { readonly open: true };
  };
  request: { asks: { readonly inspected: Inspected }; answers: Requested };
  submit: {
    asks: { readonly csrSha256: string; readonly issuer: string; readonly validityDays: number };
    answers: Submitted;
  };
  poll: { asks: { readonly reference: string; readonly issuer: string; readonly round: number }; answers: Polled };
  check: {
    asks: { readonly plan: Plan; readonly csrSha256: string; readonly old: VersionSummary; readonly reason: Reason };
    answers: Checked;
  };
  checkVersion: {
    asks: Pick<Inspected, 'plan' | 'targets' | 'vaultUri'> & {
      readonly reason: Reason;
      readonly adopts?: string;
      /** Which targets take it by themselves, where `targets` are not asked with. */
      readonly takers?: string;
    };
    answers: CheckedVersion;
  };
  merge: {
    asks: { readonly checked: Checked; readonly csrSha256: string; readonly inspected: Inspected };
    answers: VersionSummary;
  };
  /** The targets of a group, from the row of that key. */
  readGroup: {
    asks: { readonly group: string };
    /** `takers`: places in the group, from 0, of those that take versions by themselves; absent in older histories. */
    answers: { readonly targets: readonly Target[]; readonly takers?: readonly number[] };
  };
  probe: {
    /** `last`: after a rollout was stopped, at what it has not touched. */
    asks: TargetCall & { readonly purpose: 'baseline' | 'verify' | 'roll-back' | 'last'; readonly round: number };
    answers: Probe;
  };
  deploy: {
    asks: TargetCall;
    answers: { readonly refused?: string; readonly touched?: true; readonly lookAfterSeconds?: number };
  };
  rollBack: { asks: TargetCall; answers: { readonly rolledBack: boolean; readonly detail: string } };
  disableOld: {
    asks: { readonly vaultUri: string; readonly old: VersionSummary; readonly version: VersionSummary };
    answers: { readonly disabled: boolean; readonly detail: string };
  };
  /** `isLast`: it is the end of the last look. */
  targetClosed: {
    asks: TargetCall & { readonly result: TargetResult; readonly isLast?: true };
    answers: { readonly recorded: true };
  };
  close: {
    asks: { readonly result: RenewalResult };
    /** `seconds` since the claim, and which attempt since the last success it was: told once, by the run that closed the row. */
    answers: { readonly closed: true; readonly seconds?: number; readonly attempts?: number };
  };
}

export type StepName = keyof Steps;
export type StepInput<S extends StepName> = StepCall & Steps[S]['asks'];
export type StepOutput<S extends StepName> = Steps[S]['answers'];

export function isEnded(answer: object): answer is Ended {
  return 'outcome' in answer && 'outcomeReason' in answer;
}
