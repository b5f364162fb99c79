import { asciiJson } from '../ascii-json.ts';
import { sha256Hex } from '../certificate/fingerprint.ts';
import { takersOf } from '../plan/takers.ts';
import { pullHours, type Target } from '../plan/targets/target.ts';
import type { RolloutPlan } from '../plan/types.ts';
import { wavesOf } from '../plan/waves.ts';
import { subscriptionOf } from './pace.ts';

/** A rollout without its targets, which are in rows: what the history holds of it. */
export interface RolloutShape {
  /** Targets of the certificate. */
  readonly total: number;
  /** How many of them serve this version already, as an earlier renewal has seen: they are left alone. */
  readonly verifiedBefore: number;
  readonly waves: readonly WaveShape[];
  /** Which targets take a new version by themselves: a sentence for people. */
  readonly takers: string;
}

export interface WaveShape {
  readonly failureBudget: number;
  readonly soakSeconds: number;
  /** One after the other; the groups of a batch are at work side by side. */
  readonly batches: readonly (readonly GroupShape[])[];
}

export interface GroupShape {
  /** SHA-256 of its targets, which is the key of their row: what the history names never changes. */
  readonly key: string;
  readonly count: number;
  /** How many of its targets are in each subscription. */
  readonly writes: Readonly<Record<string, number>>;
  /** How many of its targets take a new version by themselves; absent: none of which anything is known. */
  readonly takers?: number;
}

/** Durable Functions likes fan-outs of at most this many children in one history. */
const TARGETS_A_GROUP = 50;
/** A table row holds a megabyte, a history likes to: half a million characters would be all of it. */
const CHARACTERS_A_GROUP = 200_000;
const GROUPS_A_BATCH = 100;

/** The targets of a group as their row holds them. */
export interface StoredGroup {
  readonly key: string;
  readonly targets: string;
}

/** Splits targets into waves, batches and groups. Equal targets make equal groups, whatever renewal asks. */
export function shapeOf(
  targets: readonly Target[],
  { rollout, all = targets }: { readonly rollout: RolloutPlan; readonly all?: readonly Target[] },
): { readonly shape: RolloutShape; readonly groups: readonly StoredGroup[] } {
  const stored: StoredGroup[] = [];
  const store = (group: readonly Target[]): GroupShape => {
    const text = asciiJson(group);
    const key = sha256Hex(Buffer.from(text));
    stored.push({ key, targets: text });
    const takers = group.filter((target) => pullHours(target) !== undefined).length;
    const writes = countedBy(group.flatMap((target) => subscriptionOf(target) ?? []));
    return { key, count: group.length, writes, ...(takers > 0 && { takers }) };
  };
  const waves = wavesOf(targets, rollout).map((wave) => ({
    failureBudget: wave.failureBudget,
    soakSeconds: wave.soakSeconds,
    batches: batchesOf(wave.targets, rollout.perSubscription).map((batch) => batch.map(store)),
  }));
  const shape = { total: all.length, verifiedBefore: all.length - targets.length, waves, takers: takersOf(all) };
  return { shape, groups: stored };
}

/** In their order: a batch ends before a subscription would have too many of its targets at work at once. */
function batchesOf(targets: readonly Target[], perSubscription: number): readonly (readonly (readonly Target[])[])[] {
  const batches: Target[][][] = [];
  let atWork = new Map<string, number>();
  let characters = 0;
  for (const target of targets) {
    const subscription = subscriptionOf(target) ?? '';
    const count = (atWork.get(subscription) ?? 0) + 1;
    const size = asciiJson(target).length;
    const batch = batches.at(-1);
    const group = batch?.at(-1);
    const isFull = group === undefined || group.length === TARGETS_A_GROUP || characters + size > CHARACTERS_A_GROUP;
    const isOver = subscription !== '' && count > perSubscription;
    if (batch === undefined || isOver || (isFull && batch.length === GROUPS_A_BATCH)) {
      batches.push([[target]]);
      atWork = new Map([[subscription, 1]]);
      characters = size;
      continue;
    }
    if (isFull) batch.push([target]);
    else group.push(target);
    characters = isFull ? size : characters + size;
    atWork.set(subscription, count);
  }
  return batches;
}

function countedBy(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
