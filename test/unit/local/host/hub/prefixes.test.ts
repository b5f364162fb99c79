import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RetryOptions } from 'durable-functions';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readFrame } from '../../../../../local/host/store/frame.ts';
import { JOURNAL_MAGIC } from '../../../../../local/host/store/read-journal.ts';
import { type App, type Bench, DAY, openBench } from './bench.ts';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'prefixes-'));
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

let attempts = 0;

/** A story with everything in it that an orchestration can wait for. */
const app: App = {
  activities: {
    double: (input) => Number(input) * 2,
    unsteady: () => {
      attempts += 1;
      if (attempts % 2 === 1) throw new TypeError('not yet');
      return 'steady';
    },
  },
  orchestrators: {
    *story(context) {
      const round = Number(context.df.getInput());
      const steady: unknown = yield context.df.callActivityWithRetry('unsteady', new RetryOptions(1000, 4));
      const fan: unknown = yield context.df.Task.all([1, 2].map((n) => context.df.callSubOrchestrator('child', n)));
      const timer = context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 8 * DAY));
      yield context.df.Task.any([context.df.waitForExternalEvent('never'), timer]);
      if (round < 2) context.df.continueAsNew(round + 1);
      return { round, steady, fan };
    },
    *child(context) {
      const result: unknown = yield context.df.callActivity('double', context.df.getInput());
      return result;
    },
  },
};

const ended = { runtimeStatus: 'Completed', output: { round: 2, steady: 'steady', fan: [2, 4] } };

it('reaches the same end from every record of its journal', async () => {
  const whole = await openBench(app, { directory: join(root, 'whole') });
  await whole.hub.start({ name: 'story', instanceId: 'one', input: '1' });
  await whole.pass(30);
  expect(await whole.status()).toMatchObject(ended);
  await whole.hub.stop();
  const bytes = await readFile(join(root, 'whole', 'journal'));
  const ends = recordEnds(bytes);
  expect(ends.length).toBeGreaterThan(20);
  for (const end of ends) {
    const bench = await openPrefix(bytes.subarray(0, end), join(root, String(end)));
    await bench.pass(30);
    expect(await bench.status(), `killed at ${end}`).toMatchObject(ended);
    await bench.hub.stop();
  }
});

async function openPrefix(bytes: Buffer, directory: string): Promise<Bench> {
  await mkdir(directory);
  await writeFile(join(directory, 'journal'), bytes);
  return await openBench(app, { directory });
}

function recordEnds(bytes: Buffer): readonly number[] {
  const ends: number[] = [];
  for (let at = JOURNAL_MAGIC.length; at < bytes.length; ) {
    const frame = readFrame(bytes, at);
    if (frame.state !== 'record') throw new TypeError(frame.state);
    at += frame.bytes;
    ends.push(at);
  }
  return ends;
}
