import type { EmulatorResponse } from '../../local/emulator.ts';
import type { Target } from '../../src/plan/targets/target.ts';
import type { TargetAdapter, VersionToServe } from '../../src/targets/port.ts';

/** What the suite asks of a kind of target: each is tried, or it is said why it cannot be. */
export const targetCases = [
  'deploy',
  'already-there',
  'verify',
  'lies',
  'gone',
  'throttled',
  'forbidden',
  'conflict',
  'roll-back',
  'pulled',
  'twice-at-once',
] as const;
export type TargetCase = (typeof targetCases)[number];

/** A kind of target over its emulator, and how the suite gets at both. */
export interface TargetBench {
  /** In titles: `App Service`. */
  readonly title: string;
  /** What cannot be tried, and why: shown among the results. */
  readonly lacks: Partial<Record<TargetCase, string>>;
  /** Actions or permissions without which `deploy` cannot work: each is taken away once, and the error must name it. */
  readonly demands: readonly string[];
  /** Name of the role that gives them all, where the error names it behind Azure's own words. */
  readonly role?: string;
  /** What the service answers while somebody else changes the same thing: statuses 409 and 412, in its own words. */
  readonly conflicts: readonly EmulatorResponse[];
  /** Every case has a target of its own, which serves the old version. */
  readonly setUp: (wish: TargetWish) => Promise<TargetUnderTest>;
}

export interface TargetWish {
  /** The API reports the new version, the target never serves it. */
  readonly lies?: boolean;
  /** The target is not there. */
  readonly gone?: boolean;
  /** Taken out of what the app may do. */
  readonly without?: string;
  /** Whatever a roll back needs that not every target has is there. */
  readonly keepsOld?: boolean;
}

export interface TargetUnderTest {
  readonly adapter: TargetAdapter;
  readonly target: Target;
  /** What it serves at first; the vault holds the renewed one already. */
  readonly old: VersionToServe;
  readonly renewed: VersionToServe;
  /** Lets time pass, with everything that happens by itself meanwhile. */
  readonly pass: (seconds: number) => Promise<void>;
  /** Changes that the service was asked for so far and did not refuse. */
  readonly writes: () => number;
  /** How often the place really took another certificate so far. */
  readonly effects: () => number;
  /** The next request (`write`: the next one that changes something) is answered so, and never arrives. */
  readonly plant: (answer: EmulatorResponse, which: 'any' | 'write') => void;
  readonly tearDown: () => Promise<void>;
}
