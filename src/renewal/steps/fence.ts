import type { Dependencies } from '../dependencies.ts';
import { elsewhere } from '../lease.ts';
import type { Ended, StepCall, StepName } from '../story.ts';

/**
 * What keeps a renewal from an act that cannot be taken back. One that stood still long enough to be closed by the
 * watchdog may wake up later, in an instance whose termination was never read: its row names another renewal by then, or
 * none. Closing looks at the row itself.
 * An app that has lost its lease stops as well, and leaves the row open: the app that has it takes the renewal up, under the
 * same id and with the same order.
 */
export async function fence(
  step: StepName,
  { renewalId, vault, certificate }: StepCall,
  app: Dependencies,
): Promise<Ended | undefined> {
  const hold = await app.lease.hold();
  if (hold.state === 'elsewhere') {
    return { outcome: 'failed', outcomeReason: 'another-app', detail: `${step} was not begun: ${elsewhere(hold)}` };
  }
  if (step === 'close') return undefined;
  const row = (await app.store.certificate(vault, certificate))?.row;
  if (row === undefined || (row.renewalId === renewalId && row.state === 'renewing')) return undefined;
  const detail = `${step} was not begun: ${row.state === 'idle' ? 'the renewal is closed' : `${row.renewalId} runs now`}`;
  return { outcome: 'failed', outcomeReason: 'superseded', detail };
}
