import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../../../../local/clock.ts';
import { startTimers, type TimerOptions } from '../../../../../local/host/triggers/timers.ts';
import type { Invocation, InvocationResult } from '../../../../../local/host/types.ts';
import { fakeWorker, functionInfo } from '../http/requests.ts';

const HOUR = 3_600_000;
const START = new Date('2026-01-01T00:30:00Z');

async function bench(
  more: Partial<TimerOptions> & { options?: Record<string, unknown>; answer?: () => Promise<InvocationResult> } = {},
) {
  const { options = {}, answer, ...rest } = more;
  const clock = new ManualClock(START);
  const functions = [functionInfo('sweep', 'timerTrigger', { schedule: '0 0 * * * *', ...options })];
  const worker = fakeWorker(functions, answer);
  const lines: string[] = [];
  const runs: Promise<void>[] = [];
  const common = { log: (line: string) => void lines.push(line), track: (run: Promise<void>) => void runs.push(run) };
  const timers = await startTimers({ functions, clock, worker, ...common, ...rest });
  return { clock, worker, timers, lines, ended: () => Promise.all(runs) };
}

function timerOf(invocation: Invocation | undefined) {
  return JSON.parse(invocation?.inputs.timerTrigger1?.json ?? 'null');
}

test('fires at its time, and tells about the last and the next', async () => {
  const { clock, worker, timers, ended } = await bench();
  expect(timers.next('sweep')).toEqual(new Date('2026-01-01T01:00:00Z'));
  clock.advance(HOUR / 2);
  await ended();
  clock.advance(HOUR);
  await ended();
  expect(worker.calls).toHaveLength(2);
  expect(timerOf(worker.calls[1])).toEqual({
    Schedule: { AdjustForDST: true },
    ScheduleStatus: {
      Last: '2026-01-01T01:00:00.000Z',
      Next: '2026-01-01T02:00:00.000Z',
      LastUpdated: '2026-01-01T01:00:00.000Z',
    },
    IsPastDue: false,
  });
});

test('runs once after a long jump of the clock', async () => {
  const { clock, worker, timers, ended } = await bench();
  clock.advance(400 * 24 * HOUR);
  await ended();
  expect(worker.calls).toHaveLength(1);
  expect(timers.next('sweep')?.getTime()).toBeGreaterThan(clock.now().getTime());
});

test('never overlaps its own run', async () => {
  let end: (result: InvocationResult) => void = () => {};
  const answer = () => new Promise<InvocationResult>((resolve) => (end = resolve));
  const { clock, worker, ended } = await bench({ answer });
  clock.advance(5 * HOUR);
  clock.advance(5 * HOUR);
  expect(worker.calls).toHaveLength(1);
  end({ state: 'succeeded', outputs: {} });
  await ended();
  clock.advance(HOUR);
  expect(worker.calls).toHaveLength(2);
});

test('goes on after a failed run', async () => {
  const { clock, worker, lines, ended } = await bench({ answer: async () => ({ state: 'failed', message: 'no' }) });
  clock.advance(HOUR);
  await ended();
  clock.advance(HOUR);
  await ended();
  expect(worker.calls).toHaveLength(2);
  expect(lines).toEqual(['no', 'no']);
});

test('runs at start when asked to', async () => {
  const { worker, ended } = await bench({ options: { runOnStartup: true } });
  await ended();
  expect(timerOf(worker.calls[0])).toMatchObject({ IsPastDue: false });
});

test('notices after a restart that a run was missed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'timers-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const first = await bench({ directory });
  first.clock.advance(HOUR);
  await first.ended();
  first.timers.stop();
  first.clock.advance(3 * HOUR);
  const second = await bench({ directory, clock: first.clock });
  await second.ended();
  expect(timerOf(second.worker.calls[0])).toMatchObject({ IsPastDue: true });
});

test('stops', async () => {
  const { clock, worker, timers } = await bench();
  timers.stop();
  clock.advance(HOUR);
  expect(worker.calls).toHaveLength(0);
});

test('names the function of a wrong schedule', async () => {
  await expect(bench({ options: { schedule: 'never' } })).rejects.toThrow(/"sweep": "never" is no schedule/);
});
