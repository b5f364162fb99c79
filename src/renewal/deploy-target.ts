import type { OrchestrationContext } from 'durable-functions';
import type { Probe } from '../targets/port.ts';
import { type GroupResult, type TargetInput, type Verifying, workOnGroup } from './group.ts';
import {
  ChildPerformer,
  isVersionOne,
  type Performer,
  pause,
  perform,
  performAnyway,
  problemOf,
  type Story,
} from './perform.ts';
import { type Ended, isEnded, type TargetResult } from './story.ts';
import { callOf, verify, verifyingFrom } from './verify-target.ts';
import * as one from './version-one/deploy-target.ts';

/** Deploys a group of targets side by side. */
export function* deployGroup(context: OrchestrationContext): Story<GroupResult | TargetResult[]> {
  if (isVersionOne(context)) return yield* one.deployGroup(context);
  return yield* workOnGroup(context, 'deployTarget');
}

/** Wait for its turn, probe, deploy, then probe until the new version is served or the plan's time is over. */
export function* deployTarget(context: OrchestrationContext): Story<TargetResult | undefined> {
  if (isVersionOne(context)) return yield* one.deployTarget(context);
  const input = context.df.getInput<TargetInput>();
  try {
    return yield* deployAndVerify(context, input);
  } catch (error) {
    const { id, kind } = input.target;
    return { id, kind, verified: false, touched: true, problem: problemOf(error) };
  }
}

function* deployAndVerify(context: OrchestrationContext, input: TargetInput): Story<TargetResult | undefined> {
  const who = new ChildPerformer(context, input);
  const verifying = input.verifying ?? (yield* deploy(who, input));
  if ('verified' in verifying) return yield* closeTarget(who, input, verifying);
  const answer = yield* verify(who, input, { purpose: 'verify', verifying });
  if ('verified' in answer) return yield* closeTarget(who, input, answer);
  context.df.continueAsNew({ ...input, verifying: answer });
  return undefined;
}

/** The probe before, and the deployment. Answers with the verification to do, or with the result when there is none. */
function* deploy(who: Performer, input: TargetInput): Story<TargetResult | Verifying> {
  const { id, kind } = input.target;
  yield* waitForTurn(who, input);
  const before = yield* perform(who, 'probe', { ...callOf(input), purpose: 'baseline', round: 0 });
  if (isServed(before, input)) return alreadyThere(input);
  const baseline = baselineOf(before);
  // What nobody may look at could never be verified, so that nothing is begun there.
  if (!isEnded(before) && before.state === 'unreachable' && before.isForbidden)
    return { id, kind, verified: false, touched: false, problem: before.reason, ...baseline };
  const deployed = yield* perform(who, 'deploy', callOf(input));
  const problem = isEnded(deployed) ? `${deployed.outcomeReason}: ${deployed.detail}` : deployed.refused;
  const touched = isEnded(deployed) || deployed.touched === true;
  if (problem !== undefined) return { id, kind, verified: false, touched, problem, ...baseline };
  if (isEnded(deployed) || deployed.lookAfterSeconds === undefined)
    return { ...verifyingFrom(who, input), ...baseline };
  // While there is nothing to see yet, no time is lost.
  const since = who.context.df.currentUtcDateTime.toISOString();
  yield* pause(who, Math.max(deployed.lookAfterSeconds, input.firstLooks?.[kind] ?? 0), 'verify');
  return { ...verifyingFrom(who, input), since, ...baseline };
}

/** So that Resource Manager is asked no faster than it answers. */
export function* waitForTurn(who: Performer, { startAt }: TargetInput): Story<void> {
  const now = who.context.df.currentUtcDateTime.getTime();
  const milliseconds = startAt === undefined ? 0 : Date.parse(startAt) - now;
  if (milliseconds > 0) yield* pause(who, milliseconds / 1000, 'turn');
}

/** What is only reported is not believed before anything was asked to report it. */
function isServed(before: Probe | Ended, { version }: TargetInput): boolean {
  if (isEnded(before) || before.state !== 'served' || before.seenBy === 'report') return false;
  return before.sha256 === version.sha256 && before.problem === undefined;
}

/** Nothing is written to it. Unless an earlier renewal deployed the version, the target has taken it by itself. */
function alreadyThere({ target: { id, kind }, version, isAgain }: TargetInput): TargetResult {
  const result = {
    id,
    kind,
    verified: true,
    touched: false,
    servedSha256: version.sha256,
    baseline: 'served',
  } as const;
  return isAgain ? result : { ...result, tookItself: true };
}

/** A target that cannot say anything before its deployment has no baseline; what it was comes with its report. */
function baselineOf(before: Probe | Ended): Pick<Verifying, 'baseline'> {
  if (isEnded(before) || before.state === 'unreachable') return { baseline: 'unreachable' };
  return before.state === 'served' ? { baseline: 'served' } : {};
}

function* closeTarget(who: Performer, input: TargetInput, result: TargetResult): Story<TargetResult> {
  yield* performAnyway(who, 'targetClosed', { ...callOf(input), result });
  return result;
}
