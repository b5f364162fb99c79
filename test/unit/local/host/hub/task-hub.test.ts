import { RetryOptions } from 'durable-functions';
import { describe, expect, it } from 'vitest';
import { type App, DAY, openBench, START } from './bench.ts';

const story: App = {
  activities: {
    double: (input) => Number(input) * 2,
    echo: (input) => input,
    fail: () => {
      throw new TypeError('no luck');
    },
  },
  orchestrators: {
    *chain(context) {
      const one: number = yield context.df.callActivity('double', context.df.getInput());
      const two: number = yield context.df.callActivity('double', one);
      return { one, two };
    },
    *fan(context) {
      const calls = [1, 2, 3, 4, 5].map((n) => context.df.callActivity('double', n));
      const results: number[] = yield context.df.Task.all(calls);
      return results;
    },
    *echoes(context) {
      const results: unknown[] = [];
      for (const value of ['text', '"quoted"', '12', 12, 1.5, true, null, { a: [1] }]) {
        results.push(yield context.df.callActivity('echo', value));
      }
      return results;
    },
    *failing(context) {
      yield context.df.callActivity('fail');
    },
    *throwing() {
      yield* [];
      throw new TypeError('boom');
    },
    *catching(context) {
      try {
        yield context.df.callActivity('fail');
      } catch (error) {
        return error instanceof Error ? error.message.split(' \n ')[0] : 'not an error';
      }
      return 'nothing was thrown';
    },
    *unknown(context) {
      yield context.df.callActivity('nobody');
    },
    *parent(context) {
      const first: unknown = yield context.df.callSubOrchestrator('chain', 1);
      const second: unknown = yield context.df.callSubOrchestrator('chain', 2, 'named');
      return [first, second];
    },
    *unlucky(context) {
      try {
        yield context.df.callSubOrchestrator('failing', null, 'child');
      } catch (error) {
        return error instanceof Error ? error.message.split(' \n ')[0] : 'not an error';
      }
      return 'nothing was thrown';
    },
    *status(context) {
      context.df.setCustomStatus({ stage: 1 });
      yield context.df.callActivity('double', 1);
      context.df.setCustomStatus(undefined);
      yield context.df.waitForExternalEvent('go');
    },
    *count(context) {
      const n = Number(context.df.getInput());
      yield context.df.callActivity('double', n);
      if (n < 5) context.df.continueAsNew(n + 1);
      return n;
    },
    // An asynchronous generator: the types forbid it, the library notices only when it runs.
    wrong: (async () => 1) as never,
  },
};

describe('activities', () => {
  it('runs a chain, each activity once', async () => {
    const bench = await openBench(story);
    expect(await bench.run('chain', 5)).toMatchObject({
      runtimeStatus: 'Completed',
      input: 5,
      output: { one: 10, two: 20 },
      createdTime: '2026-03-01T00:00:00Z',
    });
    expect(bench.calls).toEqual(['chain', 'double', 'chain', 'double', 'chain']);
  });

  it('fans out and in', async () => {
    const bench = await openBench(story);
    expect((await bench.run('fan')).output).toEqual([2, 4, 6, 8, 10]);
    expect(bench.calls.filter((name) => name === 'double')).toHaveLength(5);
  });

  it('hands values over as Azure does', async () => {
    const bench = await openBench(story);
    expect((await bench.run('echoes')).output).toEqual(['text', '"quoted"', '12', 12, 1.5, true, null, { a: [1] }]);
  });

  it('fails the orchestration with the text of the activity', async () => {
    const bench = await openBench(story);
    const { runtimeStatus, output } = await bench.run('failing');
    expect(runtimeStatus).toBe('Failed');
    expect(output).toMatch(/^Orchestrator function 'failing' failed: Activity function 'fail' failed: no luck/);
  });

  it('lets the orchestrator catch it', async () => {
    const bench = await openBench(story);
    expect((await bench.run('catching')).output).toBe("Activity function 'fail' failed: no luck");
  });

  it('fails at an unknown name, and tells the known ones', async () => {
    const bench = await openBench(story);
    const { runtimeStatus, output } = await bench.run('unknown');
    expect(runtimeStatus).toBe('Failed');
    expect(output).toMatch(/'nobody' doesn't exist.*'double', 'echo', 'fail'/);
  });

  it('retries with back-off, and then reports the failure', async () => {
    const times: number[] = [];
    const bench = await openBench({
      activities: {
        try: () => {
          times.push(bench.clock.now().getTime() - START.getTime());
          throw new TypeError('not yet');
        },
      },
      orchestrators: {
        *retried(context) {
          const options = new RetryOptions(1000, 4);
          options.backoffCoefficient = 2;
          options.maxRetryIntervalInMilliseconds = 3000;
          yield context.df.callActivityWithRetry('try', options);
        },
      },
    });
    expect((await bench.run('retried')).runtimeStatus).toBe('Running');
    await bench.pass(1);
    expect(times).toEqual([0, 1000, 3000, 6000]);
    expect((await bench.status()).output).toContain("Activity function 'try' failed: not yet");
  });

  it('retries in a fan-out, side by side', async () => {
    let calls = 0;
    const bench = await openBench({
      activities: {
        try: (n) => {
          calls += 1;
          if (calls <= 3) throw new TypeError('not yet');
          return n;
        },
      },
      orchestrators: {
        *retried(context) {
          const retry = new RetryOptions(1000, 3);
          const all: number[] = yield context.df.Task.all(
            [1, 2, 3].map((n) => context.df.callActivityWithRetry('try', retry, n)),
          );
          const last: number = yield context.df.callActivity('try', 4);
          return [...all, last];
        },
      },
    });
    await bench.run('retried');
    await bench.pass(1);
    expect((await bench.status()).output).toEqual([1, 2, 3, 4]);
  });

  it('runs no more activities at a time than it may', async () => {
    let running = 0;
    let most = 0;
    const bench = await openBench(
      {
        activities: {
          slow: async () => {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
          },
        },
        orchestrators: {
          *fan(context) {
            yield context.df.Task.all(Array.from({ length: 20 }, () => context.df.callActivity('slow')));
          },
        },
      },
      { durable: { maxConcurrentActivityFunctions: 3 } },
    );
    expect((await bench.run('fan')).runtimeStatus).toBe('Completed');
    expect(most).toBe(3);
  });

  it('repeats a call that was lost', async () => {
    const lost = new Set(['double', 'chain']);
    const bench = await openBench(story, {
      around: (call, run) => (lost.delete(call.functionName) ? Promise.resolve({ state: 'lost' }) : run()),
    });
    await bench.hub.start({ name: 'chain', input: '1', instanceId: 'one' });
    // The call is repeated after a short wait, which is work under way: `idle` would wait for the clock to move.
    for (let round = 0; round < 50 && lost.size > 0; round += 1) await nextTurn(bench.clock);
    for (let round = 0; round < 50; round += 1) await nextTurn(bench.clock);
    expect((await bench.status()).output).toEqual({ one: 2, two: 4 });
    expect(bench.logged).toEqual([
      expect.stringContaining('the call of chain for one was lost'),
      expect.stringContaining('the call of double for one was lost'),
    ]);
  });
});

async function nextTurn(clock: { advance(ms: number): void }): Promise<void> {
  clock.advance(100);
  await new Promise((resolve) => setImmediate(resolve));
}

describe('orchestrations', () => {
  it('runs sub-orchestrations, named or not', async () => {
    const bench = await openBench(story);
    expect((await bench.run('parent')).output).toEqual([
      { one: 2, two: 4 },
      { one: 4, two: 8 },
    ]);
    const history = await bench.hub.history('one');
    const execution = history?.find((event) => event.EventType === 0)?.OrchestrationInstance;
    const { instances } = await bench.hub.list({});
    expect(instances.map((instance) => [instance.instanceId, instance.parentInstanceId])).toEqual([
      ['one', undefined],
      [`${(execution as { ExecutionId: string }).ExecutionId}:0`, 'one'],
      ['named', 'one'],
    ]);
  });

  it('tells a parent of a failed child', async () => {
    const bench = await openBench(story);
    const { output } = await bench.run('unlucky');
    expect(output).toMatch(/^Orchestrator function 'failing' failed: Activity function 'fail' failed: no luck/);
    expect((await bench.status('child')).runtimeStatus).toBe('Failed');
  });

  it('keeps the custom status when the orchestrator leaves it out', async () => {
    const bench = await openBench(story);
    expect(await bench.run('status')).toMatchObject({ runtimeStatus: 'Running', customStatus: { stage: 1 } });
  });

  it('continues as new, and keeps its id', async () => {
    const bench = await openBench(story);
    expect(await bench.run('count', 1)).toMatchObject({ runtimeStatus: 'Completed', input: 5, output: 5 });
    expect(await bench.hub.history('one')).toHaveLength(8);
  });

  it('loses events that the old execution has seen and not used, and keeps later ones', async () => {
    const bench = await openBench({
      orchestrators: {
        *again(context) {
          const round = Number(context.df.getInput());
          const go: unknown = yield context.df.waitForExternalEvent(`go${round}`);
          if (round < 2) context.df.continueAsNew(round + 1);
          return go;
        },
      },
    });
    await bench.run('again', 1);
    await bench.hub.raiseEvent('one', 'go2', '"early"');
    await bench.hub.idle();
    await bench.hub.raiseEvent('one', 'go1', '1');
    expect((await bench.status()).runtimeStatus).toBe('Running');
    await bench.hub.raiseEvent('one', 'go2', '"late"');
    expect((await bench.status()).output).toBe('late');
  });

  it('retries a sub-orchestration in a new instance', async () => {
    let attempts = 0;
    const bench = await openBench({
      activities: {
        try: () => {
          attempts += 1;
          if (attempts === 1) throw new TypeError('not yet');
          return attempts;
        },
      },
      orchestrators: {
        *child(context) {
          const result: unknown = yield context.df.callActivity('try');
          return result;
        },
        *parent(context) {
          const result: unknown = yield context.df.callSubOrchestratorWithRetry('child', new RetryOptions(1000, 3));
          return result;
        },
      },
    });
    await bench.run('parent');
    await bench.pass(1);
    expect((await bench.status()).output).toBe(2);
    expect((await bench.hub.list({})).instances.map((instance) => instance.runtimeStatus)).toEqual([
      'Completed',
      'Failed',
      'Completed',
    ]);
  });

  it('fails an instance that makes a timer of no date', async () => {
    const bench = await openBench({
      orchestrators: {
        *never(context) {
          yield context.df.createTimer(new Date('never'));
        },
      },
    });
    expect((await bench.run('never')).runtimeStatus).toBe('Failed');
  });

  it('fails when the orchestrator throws, or is none', async () => {
    const bench = await openBench(story);
    expect((await bench.run('throwing')).output).toBe("Orchestrator function 'throwing' failed: boom");
    expect((await bench.run('wrong', null, 'two')).runtimeStatus).toBe('Failed');
  });

  it('refuses an unknown orchestrator and an id that is in use', async () => {
    const bench = await openBench(story);
    expect(await bench.hub.start({ name: 'nobody' })).toEqual({ state: 'unknown-function' });
    await bench.run('status');
    expect(await bench.hub.start({ name: 'chain', instanceId: 'one' })).toEqual({ state: 'conflict' });
    await bench.hub.raiseEvent('one', 'go', 'null');
    await bench.hub.idle();
    expect(await bench.run('chain', 1)).toMatchObject({ name: 'chain', runtimeStatus: 'Completed' });
  });

  it('replaces a running instance where it may', async () => {
    const bench = await openBench(story, { durable: { overridableExistingInstanceStates: 'AnyState' } });
    await bench.run('status');
    expect(await bench.run('chain', 1)).toMatchObject({ name: 'chain', runtimeStatus: 'Completed' });
  });
});

describe('timers', () => {
  it.each([1, 6, 30, 60, 398])('waits %i days, in one jump or many', async (days) => {
    const app: App = {
      orchestrators: {
        *sleeper(context) {
          const due = new Date(context.df.currentUtcDateTime.getTime() + days * DAY);
          yield context.df.createTimer(due);
          return context.df.currentUtcDateTime.getTime() - due.getTime();
        },
      },
    };
    const walking = await openBench(app);
    await walking.run('sleeper');
    await walking.pass(days - 0.5);
    expect((await walking.status()).runtimeStatus).toBe('Running');
    await walking.pass(0.5);
    expect(await walking.status()).toMatchObject({ runtimeStatus: 'Completed', output: 0 });
    const jumping = await openBench(app);
    await jumping.run('sleeper');
    jumping.clock.advance(400 * DAY);
    expect((await jumping.status()).runtimeStatus).toBe('Completed');
  });

  it('goes on after a long timer with the right results', async () => {
    const bench = await openBench({
      activities: story.activities ?? {},
      orchestrators: {
        *sleeper(context) {
          const due = new Date(context.df.currentUtcDateTime.getTime() + 20 * DAY);
          const timer = context.df.createTimer(due);
          const all: unknown[] = yield context.df.Task.all([timer, context.df.callActivity('double', 4)]);
          const later: number = yield context.df.callActivity('double', 5);
          return [all[1], later];
        },
      },
    });
    await bench.run('sleeper');
    await bench.pass(20);
    expect((await bench.status()).output).toEqual([8, 10]);
  });
});
