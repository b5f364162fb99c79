import { describe, expect, it } from 'vitest';
import { type App, DAY, openBench } from './bench.ts';

const after = (context: { df: { currentUtcDateTime: Date } }, days: number): Date =>
  new Date(context.df.currentUtcDateTime.getTime() + days * DAY);

let luck = false;

const app: App = {
  activities: {
    echo: (input) => input,
    lucky: (input) => {
      if (!luck) throw new TypeError('no luck');
      return input;
    },
  },
  orchestrators: {
    *wait(context) {
      const approved: unknown = yield context.df.waitForExternalEvent('approved');
      const echoed: unknown = yield context.df.callActivity('echo', 'after');
      return { approved, echoed };
    },
    *late(context) {
      yield context.df.createTimer(after(context, 1));
      const first: unknown = yield context.df.waitForExternalEvent('go');
      const second: unknown = yield context.df.waitForExternalEvent('go');
      return [first, second];
    },
    *deadline(context) {
      const timer = context.df.createTimer(after(context, 2));
      const approved = context.df.waitForExternalEvent('approved');
      const winner: unknown = yield context.df.Task.any([approved, timer]);
      if (winner === timer) return 'too late';
      timer.cancel();
      const echoed: unknown = yield context.df.callActivity('echo', approved.result);
      return echoed;
    },
    *forgetful(context) {
      const timer = context.df.createTimer(after(context, 2));
      yield context.df.Task.any([context.df.waitForExternalEvent('approved'), timer]);
      return 'done';
    },
    *rounds(context) {
      for (let round = 0; round < 3; round += 1) {
        const timer = context.df.createTimer(after(context, 1));
        const winner: unknown = yield context.df.Task.any([context.df.waitForExternalEvent('approved'), timer]);
        if (winner !== timer) {
          timer.cancel();
          return `approved in round ${round}`;
        }
      }
      return 'expired';
    },
    *parent(context) {
      try {
        yield context.df.callSubOrchestrator('wait', null, 'child');
      } catch (error) {
        return error instanceof Error ? error.message.split(' \n ')[0] : 'not an error';
      }
      return 'nothing was thrown';
    },
    *chain(context) {
      const one: unknown = yield context.df.callActivity('echo', 1);
      const two: unknown = yield context.df.Task.all([
        context.df.callActivity('lucky', 2),
        context.df.callActivity('echo', 3),
      ]);
      return [one, two];
    },
    *outer(context) {
      const inner: unknown = yield context.df.callSubOrchestrator('chain', null, 'inner');
      return inner;
    },
    *twice(context) {
      const timer = context.df.createTimer(after(context, 1));
      yield context.df.Task.any([timer, context.df.callActivity('echo', 1)]);
      yield context.df.Task.any([timer, context.df.callActivity('echo', 2)]);
      return 'wrong on Azure';
    },
    *version(context) {
      yield* [];
      return context.df.version;
    },
    *http(context) {
      yield context.df.callHttp({ method: 'GET', url: 'http://localhost/' });
    },
  },
};

describe('external events', () => {
  it('delivers an event to whoever waits', async () => {
    const bench = await openBench(app);
    expect((await bench.run('wait')).runtimeStatus).toBe('Running');
    expect(await bench.hub.raiseEvent('one', 'approved', '{"by":"me"}')).toBe('accepted');
    expect((await bench.status()).output).toEqual({ approved: { by: 'me' }, echoed: 'after' });
    expect(await bench.hub.raiseEvent('one', 'approved', '1')).toBe('finished');
    expect(await bench.hub.raiseEvent('nobody', 'approved', '1')).toBe('unknown');
  });

  it('keeps events that come before somebody waits, in order', async () => {
    const bench = await openBench(app);
    await bench.run('late');
    await bench.hub.raiseEvent('one', 'go', '1');
    await bench.hub.raiseEvent('one', 'go', '2');
    await bench.pass(1);
    expect((await bench.status()).output).toEqual([1, 2]);
  });

  it('warns of an event whose name differs in case', async () => {
    const bench = await openBench(app);
    await bench.run('wait');
    await bench.hub.raiseEvent('one', 'Approved', '1');
    expect((await bench.status()).runtimeStatus).toBe('Running');
    expect(bench.logged).toEqual([expect.stringContaining("waits for event 'approved' and got 'Approved'")]);
  });

  it('refuses an event that is not JSON', async () => {
    const bench = await openBench(app);
    await bench.run('wait');
    await expect(bench.hub.raiseEvent('one', 'go', 'plain')).rejects.toThrow('not JSON');
  });
});

describe('an event against a timer', () => {
  it('takes the event, cancels the timer, and ends at once', async () => {
    const bench = await openBench(app);
    await bench.run('deadline');
    await bench.hub.raiseEvent('one', 'approved', '"yes"');
    expect(await bench.status()).toMatchObject({ runtimeStatus: 'Completed', output: 'yes' });
    expect(bench.clock.next()).toBeUndefined();
  });

  it('takes the timer when nobody comes', async () => {
    const bench = await openBench(app);
    await bench.run('deadline');
    await bench.pass(2);
    expect((await bench.status()).output).toBe('too late');
  });

  it('stays running until a timer that was not cancelled fires', async () => {
    const bench = await openBench(app);
    await bench.run('forgetful');
    await bench.hub.raiseEvent('one', 'approved', '1');
    expect((await bench.status()).runtimeStatus).toBe('Running');
    await bench.pass(2);
    expect((await bench.status()).output).toBe('done');
  });

  it.each([
    [0.5, 'approved in round 0'],
    [2.5, 'approved in round 2'],
    [9, 'expired'],
  ])('makes a new timer each round (%d days)', async (days, output) => {
    const bench = await openBench(app);
    await bench.run('rounds');
    await bench.pass(days);
    await bench.hub.raiseEvent('one', 'approved', '1');
    expect((await bench.status()).output).toBe(output);
  });
});

describe('suspend, resume, terminate', () => {
  it('holds what comes while it is suspended', async () => {
    const bench = await openBench(app);
    await bench.run('late');
    expect(await bench.hub.suspend('one', 'lunch')).toBe('accepted');
    await bench.hub.raiseEvent('one', 'go', '1');
    await bench.pass(2);
    expect((await bench.status()).runtimeStatus).toBe('Suspended');
    await bench.hub.suspend('one', 'again');
    await bench.hub.resume('one', 'back');
    expect((await bench.status()).runtimeStatus).toBe('Running');
    await bench.hub.raiseEvent('one', 'go', '2');
    expect((await bench.status()).output).toEqual([1, 2]);
  });

  it('ends an instance with the reason, and its parent learns of it', async () => {
    const bench = await openBench(app);
    await bench.run('parent');
    expect(await bench.hub.terminate('child', 'enough')).toBe('accepted');
    expect(await bench.status('child')).toMatchObject({ runtimeStatus: 'Terminated', output: 'enough' });
    expect((await bench.status()).output).toBe('enough');
    expect(await bench.hub.terminate('child', 'enough')).toBe('finished');
  });

  it('leaves the children of a terminated parent alone', async () => {
    const bench = await openBench(app);
    await bench.run('parent');
    await bench.hub.suspend('one', 'first');
    await bench.hub.terminate('one', 'then');
    expect((await bench.status()).runtimeStatus).toBe('Terminated');
    expect((await bench.status('child')).runtimeStatus).toBe('Running');
  });

  it('takes the timers of a terminated instance away', async () => {
    const bench = await openBench(app);
    await bench.run('late');
    await bench.hub.terminate('one', 'enough');
    await bench.hub.idle();
    expect(bench.clock.next()).toBeUndefined();
  });
});

describe('purge, restart, rewind', () => {
  it('purges what is finished, and only that', async () => {
    const bench = await openBench(app);
    await bench.run('wait');
    expect(await bench.hub.purge('one')).toBe('running');
    await bench.run('version', null, 'two');
    expect(await bench.hub.purge('two')).toBe('purged');
    expect(await bench.hub.purge('two')).toBe('unknown');
    expect(await bench.hub.status('two')).toBeUndefined();
  });

  it('purges by time and status', async () => {
    const bench = await openBench(app);
    await bench.run('version', null, 'old');
    const from = new Date(bench.clock.now().getTime() + 1);
    bench.clock.advance(DAY);
    await bench.run('version', null, 'new');
    await bench.run('wait', null, 'waiting');
    expect(await bench.hub.purgeMany({ createdTimeFrom: from, runtimeStatus: ['Failed'] })).toBe(0);
    expect(await bench.hub.purgeMany({ createdTimeFrom: from })).toBe(1);
    expect((await bench.hub.list({})).instances.map((instance) => instance.instanceId)).toEqual(['old', 'waiting']);
  });

  it('restarts with the same input', async () => {
    const bench = await openBench(app);
    await bench.run('version', { n: 1 });
    expect(await bench.hub.restart('one', false)).toEqual({ state: 'started', instanceId: 'one' });
    const anew = await bench.hub.restart('one', true);
    expect(anew.state === 'started' && (await bench.status(anew.instanceId)).input).toEqual({ n: 1 });
    await bench.run('wait', null, 'busy');
    expect(await bench.hub.restart('busy', false)).toEqual({ state: 'conflict' });
    expect(await bench.hub.restart('nobody', false)).toEqual({ state: 'unknown' });
  });

  it('rewinds: the failed activity alone runs again, in a child too', async () => {
    luck = false;
    const bench = await openBench(app);
    expect((await bench.run('outer')).runtimeStatus).toBe('Failed');
    luck = true;
    bench.calls.length = 0;
    expect(await bench.hub.rewind('one', 'mended')).toBe('accepted');
    expect(await bench.status()).toMatchObject({ runtimeStatus: 'Completed', output: [1, [2, 3]] });
    expect(bench.calls.filter((name) => name === 'echo' || name === 'lucky')).toEqual(['lucky']);
    expect(await bench.hub.rewind('one', 'again')).toBe('not-failed');
    expect(await bench.hub.rewind('nobody', 'again')).toBe('unknown');
  });
});

describe('lists', () => {
  it('gives pages, filtered', async () => {
    const bench = await openBench(app);
    for (const id of ['a1', 'a2', 'b1', 'a3']) await bench.run('version', null, id);
    const first = await bench.hub.list({ instanceIdPrefix: 'a', top: 2 });
    expect(first.instances.map((instance) => instance.instanceId)).toEqual(['a1', 'a2']);
    const token = first.continuationToken ?? '';
    const second = await bench.hub.list({ instanceIdPrefix: 'a', top: 2, continuationToken: token });
    expect(second.instances.map((instance) => instance.instanceId)).toEqual(['a3']);
    expect(second.continuationToken).toBeUndefined();
  });
});

describe('versions', () => {
  it('gives instances the default version, or their own', async () => {
    const bench = await openBench(app, { durable: { defaultVersion: '2.0' } });
    expect(await bench.run('version')).toMatchObject({ version: '2.0', output: '2.0' });
    await bench.hub.start({ name: 'version', instanceId: 'two', version: '1.0' });
    expect((await bench.status('two')).output).toBe('1.0');
  });

  it('leaves a newer version waiting', async () => {
    const bench = await openBench(app, { durable: { defaultVersion: '2.0' } });
    await bench.hub.start({ name: 'version', instanceId: 'one', version: '3.0' });
    expect((await bench.status()).runtimeStatus).toBe('Pending');
    expect(bench.logged).toHaveLength(1);
    await bench.hub.terminate('one', 'nobody runs it');
    expect((await bench.status()).runtimeStatus).toBe('Terminated');
  });

  it('fails it where it was told to', async () => {
    const bench = await openBench(app, { durable: { defaultVersion: '2.0', versionFailureStrategy: 'Fail' } });
    await bench.hub.start({ name: 'version', instanceId: 'one', version: '3.0' });
    expect(await bench.status()).toMatchObject({ runtimeStatus: 'Failed', output: expect.stringContaining("'3.0'") });
  });
});

describe('what Azure refuses, or would punish', () => {
  it('fails an instance whose orchestrator was changed', async () => {
    const orchestrators = { ...app.orchestrators };
    const changing: App = {
      activities: app.activities ?? {},
      orchestrators: {
        *story(context) {
          yield context.df.callActivity(changed ? 'lucky' : 'echo', 1);
          yield context.df.waitForExternalEvent('go');
        },
        ...orchestrators,
      },
    };
    let changed = false;
    const bench = await openBench(changing);
    await bench.run('story');
    changed = true;
    await bench.hub.raiseEvent('one', 'go', '1');
    expect(await bench.status()).toMatchObject({
      runtimeStatus: 'Failed',
      output: expect.stringMatching(/^Non-Deterministic workflow detected: .*'echo'.*'lucky'/),
    });
  });

  it('fails a task that is yielded twice', async () => {
    const bench = await openBench(app);
    expect(await bench.run('twice')).toMatchObject({
      runtimeStatus: 'Failed',
      output: expect.stringContaining('yielded in two different'),
    });
  });

  it('fails durable HTTP calls', async () => {
    const bench = await openBench(app);
    expect(await bench.run('http')).toMatchObject({
      runtimeStatus: 'Failed',
      output: expect.stringContaining('callHttp'),
    });
  });

  it('refuses an app without functions', async () => {
    await expect(openBench({ orchestrators: {} })).rejects.toThrow('no functions');
  });
});
