import { copyFile, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../../../../local/host/types.ts';
import { type App, type Bench, type BenchOptions, DAY, openBench } from './bench.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hub-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

let ran: number[] = [];

const app: App = {
  activities: {
    step: (input) => {
      ran.push(Number(input));
      return Number(input) * 10;
    },
  },
  orchestrators: {
    *steps(context) {
      const results: unknown[] = [];
      for (let n = 1; n <= 4; n += 1) results.push(yield context.df.callActivity('step', n));
      return results;
    },
    *sleeper(context) {
      context.df.setCustomStatus({ asleep: true });
      yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 40 * DAY));
      const go: unknown = yield context.df.waitForExternalEvent('go');
      const child: unknown = yield context.df.callSubOrchestrator('steps', null, 'child');
      return [go, child];
    },
  },
};

/** What a disk holds when the process is killed now: nothing is closed, nothing is given back. */
async function killed(directory: string, copy: string): Promise<string> {
  await mkdir(join(root, copy));
  await copyFile(join(root, directory, 'journal'), join(root, copy, 'journal'));
  return join(root, copy);
}

const forever = new Promise<InvocationResult>(() => undefined);

describe('a hub that is killed', () => {
  it.each([1, 2, 3, 4])('goes on with activity %i, and uses each recorded result once', async (stuck) => {
    ran = [];
    let reach = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const first = await openBench(app, {
      directory: join(root, 'a'),
      around: (call, run) => {
        if (call.functionName !== 'step' || ran.length < stuck - 1) return run();
        reach();
        return forever;
      },
    });
    await first.hub.start({ name: 'steps', instanceId: 'one' });
    await reached;
    const second = await openBench(app, { directory: await killed('a', 'b') });
    expect(await second.status()).toMatchObject({ runtimeStatus: 'Completed', output: [10, 20, 30, 40] });
    expect(ran).toEqual([1, 2, 3, 4]);
    await Promise.all([first.hub.stop(), second.hub.stop()]);
  });

  it('never begins an activity that is not on disk yet', async () => {
    const found: boolean[] = [];
    const bench = await openBench(app, {
      directory: join(root, 'a'),
      around: async (call, run) => {
        if (call.functionName === 'step') {
          const text = await readFile(join(root, 'a', 'journal'), 'latin1');
          const input = call.inputs.activityTrigger7996c743ef?.string ?? '';
          found.push(text.includes(`"Name":"step","Input":"[${input}]"`));
        }
        return await run();
      },
    });
    await bench.run('steps');
    expect(found).toEqual([true, true, true, true]);
    await bench.hub.stop();
  });
});

describe('a hub that is stopped and opened again', () => {
  let bench: Bench;

  async function reopen(options: BenchOptions = {}): Promise<void> {
    const clock = bench?.clock;
    if (bench !== undefined) await bench.hub.stop();
    bench = await openBench(app, { ...(clock && { clock }), ...options, directory: join(root, 'a') });
  }

  it('keeps timers, events, custom status, children and finished instances', async () => {
    bench = await openBench(app, { directory: join(root, 'a') });
    await bench.run('sleeper');
    await reopen();
    expect((await bench.status()).customStatus).toEqual({ asleep: true });
    await bench.pass(10);
    await bench.hub.raiseEvent('one', 'go', '"now"');
    await reopen();
    await bench.pass(25);
    await reopen();
    await bench.pass(5);
    await reopen();
    expect(await bench.status()).toMatchObject({ runtimeStatus: 'Completed', output: ['now', [10, 20, 30, 40]] });
    const history = await bench.hub.history('one');
    await reopen();
    expect(await bench.hub.history('one')).toEqual(history);
    expect((await bench.hub.list({})).instances.map((instance) => instance.instanceId)).toEqual(['one', 'child']);
    await bench.hub.purge('one');
    await reopen();
    expect((await bench.hub.list({})).instances.map((instance) => instance.instanceId)).toEqual(['child']);
    await bench.hub.stop();
  });

  it('fires at once what fell due while it was closed', async () => {
    bench = await openBench(app, { directory: join(root, 'a') });
    await bench.run('sleeper');
    const { clock } = bench;
    await bench.hub.stop();
    clock.advance(100 * DAY);
    bench = await openBench(app, { clock, directory: join(root, 'a') });
    await bench.hub.raiseEvent('one', 'go', '1');
    expect((await bench.status()).runtimeStatus).toBe('Completed');
    await bench.hub.stop();
  });

  it('goes on with an instance that waited for a version', async () => {
    bench = await openBench(app, { directory: join(root, 'a'), durable: { defaultVersion: '1.0' } });
    await bench.hub.start({ name: 'steps', instanceId: 'one', version: '2.0' });
    expect((await bench.status()).runtimeStatus).toBe('Pending');
    await bench.hub.stop();
    bench = await openBench(app, { directory: join(root, 'a'), durable: { defaultVersion: '2.0' } });
    expect((await bench.status()).runtimeStatus).toBe('Completed');
    await bench.hub.stop();
  });

  it('keeps a suspended instance suspended', async () => {
    bench = await openBench(app, { directory: join(root, 'a') });
    await bench.run('sleeper');
    await bench.hub.suspend('one', 'lunch');
    await bench.pass(41);
    await reopen();
    expect((await bench.status()).runtimeStatus).toBe('Suspended');
    await bench.hub.resume('one', 'back');
    await bench.hub.raiseEvent('one', 'go', '1');
    expect((await bench.status()).runtimeStatus).toBe('Completed');
    await bench.hub.stop();
  });

  it('refuses everything after it was stopped', async () => {
    bench = await openBench(app, { directory: join(root, 'a') });
    await bench.hub.stop();
    await expect(bench.hub.start({ name: 'steps' })).rejects.toThrow('stopped');
  });
});

describe('the directory', () => {
  it('belongs to one hub at a time', async () => {
    const bench = await openBench(app, { directory: join(root, 'a') });
    await expect(openBench(app, { directory: join(root, 'a') })).rejects.toThrow('already open');
    await bench.hub.stop();
  });

  it('may have lost the end of its last record', async () => {
    const bench = await openBench(app, { directory: join(root, 'a') });
    await bench.run('sleeper');
    await bench.hub.suspend('one', 'so that the event is the last record');
    await bench.hub.idle();
    await bench.hub.raiseEvent('one', 'go', '1');
    const copy = await killed('a', 'b');
    const { length } = await readFile(join(copy, 'journal'));
    await truncate(join(copy, 'journal'), length - 3);
    const again = await openBench(app, { clock: bench.clock, directory: copy });
    expect(again.logged).toEqual([expect.stringContaining('cut off')]);
    await again.hub.raiseEvent('one', 'go', '2');
    await again.hub.resume('one', 'go on');
    await again.pass(40);
    expect((await again.status()).output).toEqual([2, [10, 20, 30, 40]]);
    await Promise.all([bench.hub.stop(), again.hub.stop()]);
  });

  it('is refused when a record in the middle is damaged', async () => {
    const bench = await openBench(app, { directory: join(root, 'a') });
    await bench.run('steps');
    const copy = await killed('a', 'b');
    const bytes = await readFile(join(copy, 'journal'));
    bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100);
    await writeFile(join(copy, 'journal'), bytes);
    await expect(openBench(app, { directory: copy })).rejects.toThrow(/journal is damaged .* at offset 16;/);
    await bench.hub.stop();
  });
});
