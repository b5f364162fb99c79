import { decide, type StartReason, startReasons } from '../plan/decision.ts';
import type { Ended, Inspected, RenewalInput } from './story.ts';

/** The decision of start, made again on the facts that entered the history: the world may have moved in between. */
export function decideAgain(input: RenewalInput, inspected: Inspected, now: Date): Ended | undefined {
  // Nothing is asked for: the version that was merged is to be served, however young it is.
  if (input.scope === 'deploy') return undefined;
  const { facts, plan, pendingIsOurs } = inspected;
  const { renewalId, force, windowOf: version } = input;
  const request = { reason: startReason(input), force, renewalId, version };
  const decision = decide({ now, request, plan, facts, row: undefined, pendingIsOurs });
  switch (decision.action) {
    case 'renew':
      return undefined;
    case 'wait':
      return { outcome: 'not-needed', outcomeReason: decision.reason, detail: decision.detail };
    case 'refuse':
      return { outcome: decision.outcome, outcomeReason: decision.reason, detail: decision.detail };
    default:
      return decision satisfies never;
  }
}

/** An instance is started with one of these only; anything else reads as a person's wish. */
function startReason(input: RenewalInput): StartReason {
  return startReasons.find((reason) => reason === input.reason) ?? 'manual';
}
