import type { Plan, WavePlan } from './types.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A step that is tried again by its table takes 34 minutes at most, and ten of them lie between claim and rollout. */
const STEPS = 6 * HOUR;
/** The same for what targets do side by side: baseline, deployment and record, each tried again. */
const BATCH = 2 * HOUR;
/** Writes that Resource Manager takes of one principal in one subscription: at once, and in each second after that. */
const BURST = 200;
const PER_SECOND = 10;

/** What a renewal has before it. */
export interface Ahead {
  readonly plan: Pick<Plan, 'rollout'>;
  /** How many targets it deploys to. */
  readonly targets: number;
}

/**
 * When a renewal that begins now has surely told of an end, or of a wait that it goes into: later than that nobody works
 * on it. Generous, because what comes too early here stops a renewal that is only slow. It is the sum of its steps and of
 * its rollout, twice because a rollout may have to go back; waits for an issuer are added as they come (`pushed`).
 */
export function expectedBy(now: Date, { plan, targets }: Ahead): Date {
  return new Date(now.getTime() + STEPS + rolloutMilliseconds(plan, targets));
}

/** `by`, or later when a wait of so many seconds begins now. */
export function pushed(by: string | undefined, wait: { readonly now: Date; readonly seconds: number } & Ahead): string {
  const later = expectedBy(new Date(wait.now.getTime() + wait.seconds * 1000), wait).toISOString();
  return by === undefined || by < later ? later : by;
}

function rolloutMilliseconds({ rollout }: Pick<Plan, 'rollout'>, targets: number): number {
  const { verify } = rollout;
  // What no wave names may come in one more.
  const waves = Math.min(rollout.waves.some(isAll) ? rollout.waves.length : rollout.waves.length + 1, targets);
  // Each wave may leave its last batch half empty.
  const batches = waves === 0 ? 0 : waves - 1 + Math.ceil(targets / rollout.perSubscription);
  const share = rollout.writePercent / 100;
  const paced = Math.max(0, targets - BURST * share) / (PER_SECOND * share);
  return soakMilliseconds(rollout, waves) + 2 * (batches * (BATCH + verify.forSeconds * 1000) + paced * 1000);
}

function isAll(wave: WavePlan): boolean {
  return 'percent' in wave && wave.percent === 100;
}

function soakMilliseconds({ waves, soakSeconds }: Plan['rollout'], count: number): number {
  const longest = Math.max(...waves.map((wave) => wave.soakSeconds ?? soakSeconds), soakSeconds);
  return count * longest * 1000;
}

/** Days left, less the time that the renewal may take: what has the least is the most urgent. */
export function slackMilliseconds(now: Date, notAfter: Date, ahead: Ahead): number {
  return notAfter.getTime() - expectedBy(now, ahead).getTime();
}
