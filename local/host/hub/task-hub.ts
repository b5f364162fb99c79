import { openJournal } from '../store/journal.ts';
import type { TaskHub, TaskHubOptions } from '../types.ts';
import { Client } from './client.ts';
import { HubError } from './hub-error.ts';
import { type Change, Instances } from './instances.ts';
import { Runtime } from './runtime.ts';

/** Opens a hub and takes up what an earlier process left unfinished in the same directory. */
export async function openTaskHub(options: TaskHubOptions): Promise<TaskHub> {
  if (options.worker.functions.length === 0) throw new HubError('the app has registered no functions');
  const instances = new Instances();
  const { journal, droppedBytes } = await openJournal({
    ...(options.directory !== undefined && { directory: options.directory }),
    load: (record) => applyAll(instances, record),
    compact: () => instances.snapshot(),
  });
  if (droppedBytes > 0) {
    options.log(
      'warning',
      `durable: the last ${droppedBytes} bytes of the journal were cut off by a crash, and dropped`,
    );
  }
  const runtime = new Runtime(options, journal, instances);
  runtime.takeUp();
  return new Client(runtime, options.durable);
}

/** The journal's checksums vouch for the records: they are what this hub has written. */
function applyAll(instances: Instances, record: unknown): void {
  for (const change of record as readonly Change[]) instances.apply(change);
}
