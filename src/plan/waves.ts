import type { Target } from './targets/target.ts';
import type { RolloutPlan, WavePlan } from './types.ts';

/** A wave that has targets, and the limits that hold for it. */
export interface Wave<T> {
  readonly targets: readonly T[];
  /** How many of its targets may fail before the rollout stops. */
  readonly failureBudget: number;
  /** The pause after it. */
  readonly soakSeconds: number;
}

/** What waves choose targets by. */
type Choosable = Pick<Target, 'tags'>;

/**
 * Splits targets into waves: each takes what it names of those that are in no earlier one, in the order of the file, and
 * what no wave names comes in a last one. A wave that finds nothing is left out.
 */
export function wavesOf<T extends Choosable>(
  targets: readonly T[],
  rollout: Pick<RolloutPlan, 'waves' | 'failureBudget' | 'soakSeconds'>,
): readonly Wave<T>[] {
  const found: Wave<T>[] = [];
  let left = targets;
  for (const wave of [...rollout.waves, { percent: 100 }] as readonly WavePlan[]) {
    const chosen = chosenBy(wave, left, targets.length);
    if (chosen.length === 0) continue;
    const { failureBudget = rollout.failureBudget, soakSeconds = rollout.soakSeconds } = wave;
    found.push({ targets: chosen, failureBudget, soakSeconds });
    const taken = new Set(chosen);
    left = left.filter((target) => !taken.has(target));
  }
  return found;
}

function chosenBy<T extends Choosable>(wave: WavePlan, left: readonly T[], total: number): readonly T[] {
  if ('count' in wave) return left.slice(0, wave.count);
  if ('tag' in wave) return left.filter((target) => hasTags(target, wave.tag));
  // Of a few targets a small share is still one of them.
  const end = Math.max(1, Math.ceil((total * wave.percent) / 100));
  return left.slice(0, Math.max(0, end - (total - left.length)));
}

/** Whether a target has every one of these tags. */
export function hasTags({ tags = {} }: Choosable, wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(tags, name) && tags[name] === value);
}

/** The shorthand of the estate file: the share of the targets after each wave. */
export function percentWaves(percents: readonly number[]): readonly WavePlan[] {
  return percents.map((percent) => ({ percent }));
}
