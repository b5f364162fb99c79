import type { Probe } from '../targets/port.ts';
import { nextLookSeconds } from './first-look.ts';
import type { TargetInput, Verifying } from './group.ts';
import type { Performer, Story } from './perform.ts';
import { type ChildPerformer, pause, perform } from './perform.ts';
import { type Ended, isEnded, type TargetResult } from './story.ts';

/** What a probe says of a target, against what it should serve: no `problem` means verified. */
export type Judgement = Pick<TargetResult, 'servedSha256' | 'servedBefore' | 'problem'>;

/**
 * Probes until the target serves `input.version`, has failed for good, or its time is over. Answers with the verification
 * that is left when the history is long enough: it goes on in a new one.
 */
export function* verify(
  who: ChildPerformer,
  input: TargetInput,
  { purpose, verifying }: { readonly purpose: 'verify' | 'roll-back'; readonly verifying: Verifying },
): Story<TargetResult | Verifying> {
  const { id, kind } = input.target;
  let { round } = verifying;
  for (; !who.historyIsLong; round++) {
    const waited = secondsSince(verifying.since, who);
    const probe = yield* perform(who, 'probe', { ...callOf(input), purpose, round });
    const seen = judge(probe, input.version.sha256);
    const baseline = verifying.baseline && { baseline: verifying.baseline };
    const result = { id, kind, touched: true, ...baseline, ...seen };
    if (seen.problem === undefined)
      return { ...result, verified: true, ...(waited !== undefined && { seenAfterSeconds: Math.round(waited) }) };
    const now = who.context.df.currentUtcDateTime.toISOString();
    if (now >= verifying.until || isOver(probe)) return { ...result, verified: false };
    const { everySeconds } = input.verify;
    yield* pause(who, waited === undefined ? everySeconds : nextLookSeconds(waited, everySeconds), 'verify');
  }
  return { ...verifying, round };
}

/** A verification that begins now, and ends when the plan's time is over. */
export function verifyingFrom(who: Performer, { verify: { forSeconds } }: TargetInput): Verifying {
  const until = new Date(who.context.df.currentUtcDateTime.getTime() + forSeconds * 1000);
  return { round: 1, until: until.toISOString() };
}

function secondsSince(since: string | undefined, { context }: Performer): number | undefined {
  if (since === undefined) return undefined;
  return (context.df.currentUtcDateTime.getTime() - Date.parse(since)) / 1000;
}

function isOver(probe: Probe | Ended): boolean {
  return !isEnded(probe) && probe.state === 'failed';
}

export function judge(probe: Probe | Ended, wanted: string): Judgement {
  if (isEnded(probe)) return { problem: probe.detail };
  if (probe.state !== 'served') return { problem: `${probe.state}: ${probe.reason}` };
  const { sha256: servedSha256, before: servedBefore } = probe;
  const problem = servedSha256 === wanted ? probe.problem : `still serves ${servedSha256.slice(0, 16)}`;
  return {
    servedSha256,
    ...(servedBefore !== undefined && { servedBefore }),
    ...(problem !== undefined && { problem }),
  };
}

/** What every step of a target is asked. */
export function callOf({
  target,
  version,
  issuer,
  inspected,
}: Pick<TargetInput, 'target' | 'version' | 'issuer' | 'inspected'>) {
  return { target, version, issuer, vaultUri: inspected.vaultUri, vaultResourceId: inspected.vaultResourceId };
}
