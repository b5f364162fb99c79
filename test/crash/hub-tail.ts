import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { eventType } from '../../local/host/engine/history.ts';
import type { Change } from '../../local/host/hub/instances.ts';
import { readFrame } from '../../local/host/store/frame.ts';
import { JOURNAL_MAGIC } from '../../local/host/store/read-journal.ts';

/** An activity's result, or an instance's beginning, as the host's store holds it. */
export interface StoredPoint {
  /** Absent: that the instance was created. */
  readonly activity?: string;
  /** Part of the activity's input, where a renewal has several of its name. */
  readonly input?: string;
}

const LOOK_EVERY_MILLISECONDS = 3;

/** Resolves when the host's store in this folder holds the point, for the renewal whose id contains `of`. Answers with the offset after it. */
export async function storedAt(directory: string, of: string, point: StoredPoint, seconds: number): Promise<number> {
  const file = await open(join(directory, 'hub', 'journal'), 'r');
  try {
    const giveUp = Date.now() + seconds * 1000;
    const known: Change[] = [];
    let offset = JOURNAL_MAGIC.length;
    while (Date.now() < giveUp) {
      const { changes, end } = await newChanges(file, offset);
      known.push(...changes);
      offset = end;
      if (holds(known, of, point)) return offset;
      await wait(LOOK_EVERY_MILLISECONDS);
    }
    throw new TypeError(`the host's store never held ${JSON.stringify(point)} of ${of}`);
  } finally {
    await file.close();
  }
}

async function newChanges(file: FileHandle, offset: number): Promise<{ changes: Change[]; end: number }> {
  const bytes = Buffer.alloc(Math.max(0, (await file.stat()).size - offset));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
  const changes: Change[] = [];
  let at = 0;
  for (;;) {
    const frame = readFrame(bytes.subarray(0, bytesRead), at);
    if (frame.state !== 'record') return { changes, end: offset + at };
    changes.push(...(frame.record as Change[]));
    at += frame.bytes;
  }
}

function holds(changes: readonly Change[], of: string, { activity, input = '' }: StoredPoint): boolean {
  if (activity === undefined) return changes.some((one) => one.change === 'create' && one.instance.id.includes(of));
  const scheduled = new Set<string>();
  for (const change of changes) {
    if (change.change === 'turn') {
      for (const event of change.events) {
        if (event.EventType !== eventType.taskScheduled || event.Name !== activity) continue;
        const asked = String(event.Input);
        if (asked.includes(of) && asked.includes(input)) scheduled.add(`${change.id} ${event.EventId}`);
      }
    }
    if (change.change !== 'message' || change.event.EventType !== eventType.taskCompleted) continue;
    if (scheduled.has(`${change.id} ${change.event.TaskScheduledId}`)) return true;
  }
  return false;
}
