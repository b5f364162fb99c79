import type { OrchestrationContext, Task } from 'durable-functions';
import type { Target } from '../plan/types.ts';
import type { Probe } from '../targets/port.ts';
import { type Performer, pause, perform, performAnyway, type Story } from './perform.ts';
import type { GroupInput } from './roll-out.ts';
import { isEnded, type TargetResult } from './story.ts';

/** What the orchestration of one target is asked, and what it carries into its next history. */
export interface DeployInput extends Omit<GroupInput, 'targets'> {
  readonly target: Target;
  /** Set once the target is deployed: what is left is to verify. */
  readonly verifying?: { readonly round: number; readonly until: string; readonly baseline: 'served' | 'unreachable' };
}

const ROUNDS_A_HISTORY = 20;

/** Deploys a group of targets side by side; each child answers with a result and never throws. */
export function* deployGroup(context: OrchestrationContext): Story<TargetResult[]> {
  const { targets, ...input } = context.df.getInput<GroupInput>();
  const children: Task[] = targets.map((target) =>
    context.df.callSubOrchestrator('deployTarget', { ...input, target }),
  );
  return (yield context.df.Task.all(children)) as TargetResult[];
}

/** Probe, deploy, then probe until the new version is served or the plan's time is over. */
export function* deployTarget(context: OrchestrationContext): Story<TargetResult | undefined> {
  const input = context.df.getInput<DeployInput>();
  const untouched = { id: input.target.id, kind: input.target.kind, verified: false };
  try {
    return yield* deployAndVerify(context, input);
  } catch (error) {
    const problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { ...untouched, touched: true, problem: problem.slice(0, 300) };
  }
}

function* deployAndVerify(context: OrchestrationContext, input: DeployInput): Story<TargetResult | undefined> {
  const who: Performer = { context, renewalId: input.renewalId, vault: input.vault, certificate: input.certificate };
  const verifying = input.verifying ?? (yield* deploy(who, input));
  if ('verified' in verifying) return yield* closeTarget(who, input, verifying);
  const answer = yield* verify(who, input, verifying);
  if (answer !== undefined) return yield* closeTarget(who, input, answer);
  context.df.continueAsNew({ ...input, verifying: { ...verifying, round: verifying.round + ROUNDS_A_HISTORY } });
  return undefined;
}

/** The probe before, and the deployment. Answers with the verification to do, or with the result when there is none. */
function* deploy(who: Performer, input: DeployInput): Story<TargetResult | NonNullable<DeployInput['verifying']>> {
  const { id, kind } = input.target;
  const before = yield* perform(who, 'probe', { ...callOf(input), purpose: 'baseline', round: 0 });
  const baseline = isEnded(before) ? 'unreachable' : before.state;
  const deployed = yield* perform(who, 'deploy', callOf(input));
  const problem = isEnded(deployed) ? `${deployed.outcomeReason}: ${deployed.detail}` : deployed.refused;
  if (problem !== undefined) return { id, kind, verified: false, touched: isEnded(deployed), problem, baseline };
  const until = new Date(who.context.df.currentUtcDateTime.getTime() + input.verify.forSeconds * 1000);
  return { round: 1, until: until.toISOString(), baseline };
}

/** `undefined`: the history is long enough, go on in a new one. */
function* verify(
  who: Performer,
  input: DeployInput,
  verifying: NonNullable<DeployInput['verifying']>,
): Story<TargetResult | undefined> {
  const { id, kind } = input.target;
  for (let round = verifying.round; round < verifying.round + ROUNDS_A_HISTORY; round++) {
    const probe = yield* perform(who, 'probe', { ...callOf(input), purpose: 'verify', round });
    const seen = isEnded(probe) ? { problem: probe.detail } : judge(probe, input.version.sha256);
    const result = { id, kind, touched: true, baseline: verifying.baseline, ...seen };
    if (seen.problem === undefined) return { ...result, verified: true };
    const now = who.context.df.currentUtcDateTime.toISOString();
    if (now >= verifying.until) return { ...result, verified: false };
    yield* pause(who, input.verify.everySeconds, 'verify');
  }
  return undefined;
}

/** A probe against what should be served: no `problem` means verified. */
export function judge(probe: Probe, wanted: string): { readonly servedSha256?: string; readonly problem?: string } {
  if (probe.state === 'unreachable') return { problem: `unreachable: ${probe.reason}` };
  const { sha256: servedSha256 } = probe;
  if (servedSha256 !== wanted) return { servedSha256, problem: `still serves ${servedSha256.slice(0, 16)}` };
  return probe.problem === undefined ? { servedSha256 } : { servedSha256, problem: probe.problem };
}

function* closeTarget(who: Performer, input: DeployInput, result: TargetResult): Story<TargetResult> {
  yield* performAnyway(who, 'targetClosed', { ...callOf(input), result });
  return result;
}

/** Rolls a group of targets back, each as far as it can be, and looks at what they serve afterwards. */
export function* rollBackGroup(context: OrchestrationContext): Story<TargetResult[]> {
  const { targets, ...input } = context.df.getInput<GroupInput>();
  const children: Task[] = targets.map((target) =>
    context.df.callSubOrchestrator('rollBackTarget', { ...input, target }),
  );
  return (yield context.df.Task.all(children)) as TargetResult[];
}

/** `input.version` is the last good one here. */
export function* rollBackTarget(context: OrchestrationContext): Story<TargetResult> {
  const input = context.df.getInput<DeployInput>();
  const who: Performer = { context, renewalId: input.renewalId, vault: input.vault, certificate: input.certificate };
  const result = { id: input.target.id, kind: input.target.kind, verified: false, touched: true };
  try {
    const back = yield* perform(who, 'rollBack', callOf(input));
    if (isEnded(back)) return { ...result, rolledBack: false, problem: back.detail };
    if (!back.rolledBack) return { ...result, rolledBack: false, problem: back.detail };
    const probe = yield* perform(who, 'probe', { ...callOf(input), purpose: 'roll-back', round: 1 });
    const seen = isEnded(probe) ? { problem: probe.detail } : judge(probe, input.version.sha256);
    return { ...result, ...seen, rolledBack: seen.problem === undefined };
  } catch (error) {
    return {
      ...result,
      rolledBack: false,
      problem: error instanceof Error ? error.message.slice(0, 300) : String(error),
    };
  }
}

function callOf(input: DeployInput) {
  const { target, version, issuer, inspected } = input;
  return { target, version, issuer, vaultUri: inspected.vaultUri, vaultResourceId: inspected.vaultResourceId };
}
