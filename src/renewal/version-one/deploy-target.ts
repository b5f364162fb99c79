import type { OrchestrationContext, Task } from 'durable-functions';
import type { Target } from '../../plan/targets/target.ts';
import type { Probe } from '../../targets/port.ts';
import {
  ChildPerformer,
  callChild,
  type Performer,
  pause,
  perform,
  performAnyway,
  problemOf,
  type Story,
} from '../perform.ts';
import { type Ended, isEnded, type TargetResult } from '../story.ts';
import type { GroupInput } from './roll-out.ts';

// Version 1.0, as `roll-out.ts` beside it: not edited.

/** What is left once the target was changed: to see it serve what it should. Carried from one history to the next. */
interface Verifying {
  readonly round: number;
  /** ISO 8601. */
  readonly until: string;
  readonly baseline?: 'served' | 'unreachable';
}

/** What the orchestration of one target is asked, and what it carries into its next history. */
export interface DeployInput extends Omit<GroupInput, 'targets'> {
  readonly target: Target;
  readonly verifying?: Verifying;
}

/** Deploys a group of targets side by side; each child answers with a result and never throws. */
export function* deployGroup(context: OrchestrationContext): Story<TargetResult[]> {
  return yield* fanOut(context, 'deployTarget');
}

/** Probe, deploy, then probe until the new version is served or the plan's time is over. */
export function* deployTarget(context: OrchestrationContext): Story<TargetResult | undefined> {
  const input = context.df.getInput<DeployInput>();
  try {
    return yield* deployAndVerify(context, input);
  } catch (error) {
    const { id, kind } = input.target;
    return { id, kind, verified: false, touched: true, problem: problemOf(error) };
  }
}

function* deployAndVerify(context: OrchestrationContext, input: DeployInput): Story<TargetResult | undefined> {
  const who = new ChildPerformer(context, input);
  const verifying = input.verifying ?? (yield* deploy(who, input));
  if ('verified' in verifying) return yield* closeTarget(who, input, verifying);
  const answer = yield* verify(who, input, { purpose: 'verify', verifying });
  if ('verified' in answer) return yield* closeTarget(who, input, answer);
  context.df.continueAsNew({ ...input, verifying: answer });
  return undefined;
}

/** The probe before, and the deployment. Answers with the verification to do, or with the result when there is none. */
function* deploy(who: Performer, input: DeployInput): Story<TargetResult | Verifying> {
  const { id, kind } = input.target;
  const before = yield* perform(who, 'probe', { ...callOf(input), purpose: 'baseline', round: 0 });
  const baseline = baselineOf(before);
  const deployed = yield* perform(who, 'deploy', callOf(input));
  const problem = isEnded(deployed) ? `${deployed.outcomeReason}: ${deployed.detail}` : deployed.refused;
  const touched = isEnded(deployed) || deployed.touched === true;
  if (problem !== undefined) return { id, kind, verified: false, touched, problem, ...baseline };
  const until = verifyUntil(who, input);
  if (!isEnded(deployed) && deployed.lookAfterSeconds !== undefined)
    yield* pause(who, deployed.lookAfterSeconds, 'verify');
  return { round: 1, until, ...baseline };
}

/** A target that cannot say anything before its deployment has no baseline; what it was comes with its report. */
function baselineOf(before: Probe | Ended): Pick<Verifying, 'baseline'> {
  if (isEnded(before) || before.state === 'unreachable') return { baseline: 'unreachable' };
  return before.state === 'served' ? { baseline: 'served' } : {};
}

function verifyUntil(who: Performer, { verify: { forSeconds } }: DeployInput): string {
  return new Date(who.context.df.currentUtcDateTime.getTime() + forSeconds * 1000).toISOString();
}

/** Answers with the verification that is left when the history is long enough: it goes on in a new one. */
function* verify(
  who: ChildPerformer,
  input: DeployInput,
  asked: { readonly purpose: 'verify' | 'roll-back'; readonly verifying: Verifying },
): Story<TargetResult | Verifying> {
  const { id, kind } = input.target;
  const { purpose, verifying } = asked;
  let { round } = verifying;
  for (; !who.historyIsLong; round++) {
    const probe = yield* perform(who, 'probe', { ...callOf(input), purpose, round });
    const seen = isEnded(probe) ? { problem: probe.detail } : judge(probe, input.version.sha256);
    const baseline = verifying.baseline && { baseline: verifying.baseline };
    const result = { id, kind, touched: true, ...baseline, ...seen };
    if (seen.problem === undefined) return { ...result, verified: true };
    const now = who.context.df.currentUtcDateTime.toISOString();
    if (now >= verifying.until || isOver(probe)) return { ...result, verified: false };
    yield* pause(who, input.verify.everySeconds, 'verify');
  }
  return { ...verifying, round };
}

function isOver(probe: Probe | Ended): boolean {
  return !isEnded(probe) && probe.state === 'failed';
}

/** A probe against what should be served: no `problem` means verified. */
function judge(probe: Probe, wanted: string): Judgement {
  if (probe.state !== 'served') return { problem: `${probe.state}: ${probe.reason}` };
  const { sha256: servedSha256, before: servedBefore } = probe;
  const seen = judgeServed(probe, wanted);
  return { servedSha256, ...(servedBefore !== undefined && { servedBefore }), ...seen };
}

type Judgement = Pick<TargetResult, 'servedSha256' | 'servedBefore' | 'problem'>;

function judgeServed(
  { sha256, problem }: Extract<Probe, { state: 'served' }>,
  wanted: string,
): Pick<Judgement, 'problem'> {
  if (sha256 !== wanted) return { problem: `still serves ${sha256.slice(0, 16)}` };
  return problem === undefined ? {} : { problem };
}

function* closeTarget(who: Performer, input: DeployInput, result: TargetResult): Story<TargetResult> {
  yield* performAnyway(who, 'targetClosed', { ...callOf(input), result });
  return result;
}

/** Rolls a group of targets back, each as far as it can be, and looks at what they serve afterwards. */
export function* rollBackGroup(context: OrchestrationContext): Story<TargetResult[]> {
  return yield* fanOut(context, 'rollBackTarget');
}

/** `input.version` is the last good one here. A target is back only when a probe has shown it. */
export function* rollBackTarget(context: OrchestrationContext): Story<TargetResult | undefined> {
  const input = context.df.getInput<DeployInput>();
  try {
    return yield* rollBackAndVerify(context, input);
  } catch (error) {
    return notBack(input, problemOf(error));
  }
}

function* rollBackAndVerify(context: OrchestrationContext, input: DeployInput): Story<TargetResult | undefined> {
  const who = new ChildPerformer(context, input);
  const verifying = input.verifying ?? (yield* rollBack(who, input));
  if ('verified' in verifying) return verifying;
  const answer = yield* verify(who, input, { purpose: 'roll-back', verifying });
  if ('verified' in answer)
    return yield* closeTarget(who, input, { ...answer, verified: false, rolledBack: answer.verified });
  context.df.continueAsNew({ ...input, verifying: answer });
  return undefined;
}

function* rollBack(who: Performer, input: DeployInput): Story<TargetResult | Verifying> {
  const back = yield* perform(who, 'rollBack', callOf(input));
  if (isEnded(back) || !back.rolledBack) return notBack(input, back.detail);
  return { round: 1, until: verifyUntil(who, input) };
}

function notBack({ target: { id, kind } }: DeployInput, problem: string): TargetResult {
  return { id, kind, verified: false, touched: true, rolledBack: false, problem };
}

function* fanOut(context: OrchestrationContext, child: 'deployTarget' | 'rollBackTarget'): Story<TargetResult[]> {
  const { targets, ...input } = context.df.getInput<GroupInput>();
  const children: Task[] = targets.map((target) => callChild(context, child, { input: { ...input, target } }));
  return (yield context.df.Task.all(children)) as TargetResult[];
}

function callOf(input: DeployInput) {
  const { target, version, issuer, inspected } = input;
  return { target, version, issuer, vaultUri: inspected.vaultUri, vaultResourceId: inspected.vaultResourceId };
}
