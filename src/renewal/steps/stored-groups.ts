import { RenewalError } from '../../errors.ts';
import { pullHours, type Target } from '../../plan/targets/target.ts';
import type { Dependencies } from '../dependencies.ts';
import type { StoredGroup } from '../rollout-shape.ts';
import { done, type Step } from './step.ts';

const AT_ONCE = 10;

/** Stores groups of targets under what they are: one that is there already is the same, whoever stored it. */
export async function storeGroups(groups: readonly StoredGroup[], { rows }: Dependencies): Promise<void> {
  for (let at = 0; at < groups.length; at += AT_ONCE) {
    await Promise.all(groups.slice(at, at + AT_ONCE).map((group) => store(group, rows)));
  }
}

async function store({ key, targets }: StoredGroup, rows: Dependencies['rows']): Promise<void> {
  if ((await rows.get('targetGroup', key)) !== undefined) return;
  try {
    await rows.save('targetGroup', key, { targets });
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
  }
}

/** The first step of a group: its targets as they were when the renewal began. */
export const readGroup: Step<'readGroup'> = {
  async run({ group }, { rows }) {
    const found = await rows.get('targetGroup', group);
    if (found === undefined) throw new RenewalError('bug', `rollout: no targets are stored under ${group}`);
    const targets = JSON.parse(found.row.targets) as readonly Target[];
    const takers = targets.flatMap((target, place) => (pullHours(target) === undefined ? [] : [place]));
    return done({ targets, takers });
  },
  result: () => undefined,
};
