import { eventType } from '../../../local/host/engine/history.ts';
import type { Change } from '../../../local/host/hub/instances.ts';

/** An activity that an orchestration has asked for. */
export interface Scheduled {
  readonly step: string;
  readonly renewalId: string;
  /** Which try of the step it is. */
  readonly attempt: number;
}

/** The activities that a change of the hub asks for. Inputs are long: they are searched, not parsed. */
export function scheduledIn(change: Change): readonly Scheduled[] {
  if (change.change !== 'turn') return [];
  const events = change.events.filter(({ EventType }) => EventType === eventType.taskScheduled);
  return events.map(({ Name, Input }) => {
    const [, renewalId = ''] = /"renewalId":"([^"]*)"/.exec(String(Input)) ?? [];
    const [, attempt = ''] = /"attempt":(\d+)/.exec(String(Input)) ?? [];
    return { step: String(Name), renewalId, attempt: Number(attempt) };
  });
}
