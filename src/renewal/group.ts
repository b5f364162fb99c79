import type { OrchestrationContext, Task } from 'durable-functions';
import type { Target } from '../plan/targets/target.ts';
import { type FirstLooks, firstLooksOf } from './first-look.ts';
import { type GroupPace, startsOf, subscriptionOf } from './pace.ts';
import { ChildPerformer, callChild, perform, problemOf, type Story } from './perform.ts';
import type { GroupShape } from './rollout-shape.ts';
import { type Ended, type Inspected, isEnded, type TargetResult, type VersionSummary } from './story.ts';
import { type Tally, tallyOf } from './tally.ts';

/** What the orchestrations of targets and of groups of them are asked alike. */
interface EveryInput {
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly traceparent?: string;
  readonly inspected: Pick<Inspected, 'vaultUri' | 'vaultResourceId'>;
  readonly issuer: string;
  /** What the targets shall serve; of a roll back the last good version. */
  readonly version: VersionSummary;
  readonly verify: { readonly everySeconds: number; readonly forSeconds: number };
  /** Set when an earlier renewal may have deployed this version already. */
  readonly isAgain?: true;
  /** Absent in the first wave, and while no target has said when to look. */
  readonly firstLooks?: FirstLooks;
}

/** What an orchestration over a group of targets is asked. The targets themselves it reads from their row. */
export interface GroupInput extends EveryInput {
  readonly group: Pick<GroupShape, 'key' | 'count'>;
  readonly pace: GroupPace;
  /** Of how many results it tells. */
  readonly tells: number | 'all';
  /** Places in the group, from 0, of targets that are left alone. */
  readonly except?: readonly number[];
}

/** What is left once the target was changed: to see it serve what it should. Carried from one history to the next. */
export interface Verifying {
  readonly round: number;
  /** ISO 8601. */
  readonly until: string;
  /** ISO 8601: when it was deployed to. Set when the deployment said when to look first: then looks follow one another closely. */
  readonly since?: string;
  readonly baseline?: 'served' | 'unreachable';
}

/** What the orchestration of one target is asked, and what it carries into its next history. */
export interface TargetInput extends EveryInput {
  readonly target: Target;
  /** ISO 8601: sooner Resource Manager would have too much to do. */
  readonly startAt?: string;
  readonly verifying?: Verifying;
}

/** How a group ended. It tells of some of its targets, and counts all of them. */
export interface GroupResult extends Tally {
  /** Places in the group of the targets that serve what they served before: nothing has to go back there. */
  readonly unchanged: readonly number[];
  /** When the next wave is looked at first; absent: no target of the group has shown it. */
  readonly firstLooks?: FirstLooks;
  /** Why nothing could be done with it at all. */
  readonly problem?: string;
}

/** Has the children do their work side by side; each answers with a result. It never throws: whatever goes wrong is a result. */
export function* workOnGroup(
  context: OrchestrationContext,
  child: 'deployTarget' | 'rollBackTarget',
): Story<GroupResult> {
  const input = context.df.getInput<GroupInput>();
  const { group: _group, pace: _pace, tells: _tells, except: _except, ...each } = input;
  const targets = yield* readGroup(context, input);
  if (isEnded(targets)) return unread(input, targets.detail);
  const starts = startsOf(
    targets.map(({ subscription }) => subscription),
    input.pace,
  );
  const children = targets.map(({ target }, index): Task => {
    const startAt = starts[index];
    return callChild(context, child, { input: { ...each, target, ...(startAt !== undefined && { startAt }) } });
  });
  const results = yield* together(context, children, targets);
  const unchanged = targets.filter((_, index) => isUnchanged(results[index])).map(({ place }) => place);
  const firstLooks = firstLooksOf(results, input.firstLooks);
  return {
    ...tallyOf(results, input.tells),
    unchanged: [...(input.except ?? []), ...unchanged],
    ...(Object.keys(firstLooks).length > 0 && { firstLooks }),
  };
}

/** A child that breaks off leaves nothing known of any of them. */
function* together(
  context: OrchestrationContext,
  children: Task[],
  targets: readonly Placed[],
): Story<readonly TargetResult[]> {
  if (children.length === 0) return [];
  try {
    return (yield context.df.Task.all(children)) as TargetResult[];
  } catch (error) {
    const problem = problemOf(error);
    return targets.map(({ target: { id, kind } }) => ({ id, kind, verified: false, touched: true, problem }));
  }
}

/** A target of a group that is not left alone. */
export interface Placed {
  readonly target: Target;
  readonly place: number;
  readonly takesIt: boolean;
  readonly subscription: string | undefined;
}

export function* readGroup(context: OrchestrationContext, input: GroupInput): Story<readonly Placed[] | Ended> {
  try {
    const read = yield* perform(new ChildPerformer(context, input), 'readGroup', { group: input.group.key });
    if (isEnded(read)) return read;
    const placed = read.targets.map((target, place) => {
      const takesIt = read.takers?.includes(place) === true;
      return { target, place, takesIt, subscription: subscriptionOf(target) };
    });
    return placed.filter(({ place }) => input.except?.includes(place) !== true);
  } catch (error) {
    return { outcome: 'failed', outcomeReason: 'step-failed', detail: problemOf(error) };
  }
}

function isUnchanged(result: TargetResult | undefined): boolean {
  return result !== undefined && !result.touched && !result.verified;
}

/** Nobody knows which targets these are, and so none of them was changed. */
function unread({ group, except = [] }: GroupInput, problem: string): GroupResult {
  const counts = { total: group.count - except.length, verified: 0, touched: 0, rolledBack: 0 };
  return { counts, results: [], unchanged: Array.from({ length: group.count }, (_, place) => place), problem };
}
