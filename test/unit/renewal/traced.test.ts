import { describe, expect, it } from 'vitest';
import { eventType } from '../../../local/host/engine/history.ts';
import { createKeys } from '../../../local/pki.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { currentTrace, inTrace, newTrace } from '../../../src/trace.ts';
import { traceIdOf } from '../../../src/trace-parent.ts';
import { createWorld, pendingOf, type World } from '../../builders/world.ts';
import { livePath, type Path } from '../../replay/path.ts';
import { paths } from '../../replay/paths.ts';
import { recordingsOf } from '../../replay/recording.ts';

const traceparent = paths.traced?.traceparent ?? '';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const asked = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
const rowOf = async (world: World) => (await world.app.store.certificate('kv-web', 'shop'))?.row;

/** What every step and child orchestration of a life was asked. */
async function asksOf(name: string) {
  const life = await livePath(paths[name] as Path);
  const begun: readonly unknown[] = [eventType.taskScheduled, eventType.subOrchestrationCreated];
  const inputs = recordingsOf(life.lived.calls, { path: name, tells: '' }).flatMap(({ history }) =>
    history.filter(({ EventType }) => begun.includes(EventType)).map(({ Input }) => JSON.parse(String(Input))),
  );
  return { ...life, asks: inputs.flat() as readonly { readonly traceparent?: string }[] };
}

describe('a renewal', () => {
  it.each(['traced', 'two-waves', 'issuer-pending-long', 'group-throws', 'deployed-again'])(
    'keeps to one trace in every step and child: %s',
    async (name) => {
      const { world, lived, asks } = await asksOf(name);
      expect(asks.length).toBeGreaterThan(3);
      const known = (await rowOf(world))?.traceparent;
      expect(new Set(asks.map((ask) => ask.traceparent))).toEqual(new Set([known]));
      expect(new Set(lived.statuses.map((status) => status.traceId))).toEqual(new Set([traceIdOf(known)]));
      const [first] = await world.app.journal.read(lived.renewalId);
      expect(first?.facts).toMatchObject({ traceId: traceIdOf(known) });
    },
  );

  it('goes on in the trace of the event that began it', async () => {
    const { world } = await asksOf('traced');
    expect((await rowOf(world))?.traceparent).toBe(traceparent);
  });

  it('runs its steps on behalf of its trace', async () => {
    const path = paths.traced as Path;
    const seen = new Set<string | undefined>();
    await livePath({
      ...path,
      arrange: async (world) => {
        const options = (await path.arrange?.(world)) ?? {};
        const { vault } = world.app;
        const inspect: typeof vault.inspect = (...about) => {
          seen.add(currentTrace());
          return vault.inspect(...about);
        };
        return { ...options, adapters: { ...options.adapters, vault: { ...vault, inspect } } };
      },
    });
    expect(seen).toEqual(new Set([traceparent]));
  });

  it('that nobody asked for has a trace of its own', async () => {
    const one = await createWorld();
    const started = await startRenewal(asked, one.app);
    expect(started).toMatchObject({ state: 'started', traceId: traceIdOf((await rowOf(one))?.traceparent) });
    const later = await createWorld();
    later.clock.advance(1);
    expect(await startRenewal(asked, later.app)).not.toMatchObject({ traceId: traceIdOf(one.started[0]?.traceparent) });
  });

  it('that waits for its turn goes on in the trace of what asked first', async () => {
    const world = await createWorld();
    const full = { ...world.app, startsPerVault: 0 };
    const second = newTrace('another event');
    for (const trace of [traceparent, second])
      expect(await inTrace(trace, () => startRenewal(asked, full))).toMatchObject({ outcomeReason: 'queued' });
    expect(await startRenewal(asked, world.app)).toMatchObject({ state: 'started', traceId });
  });

  it('that runs already tells its own trace to whoever asks', async () => {
    const world = await createWorld();
    await inTrace(traceparent, () => startRenewal(asked, world.app));
    const again = await inTrace(newTrace('another event'), () => startRenewal(asked, world.app));
    expect(again).toMatchObject({ state: 'running', traceId });
  });

  it('that is refused says in its journal which trace it was', async () => {
    const world = await createWorld();
    const found = world.vault.get('shop');
    if (found.state !== 'present') throw new TypeError('the world holds shop');
    const names = { subject: 'CN=shop.contoso.example', dnsNames: ['shop.contoso.example'] };
    world.vault.set('shop', { ...found, pending: await pendingOf(names, await createKeys('P-256')) });
    const answer = await inTrace(traceparent, () => startRenewal(asked, world.app));
    if (answer.state !== 'refused' || answer.renewalId === undefined) throw new TypeError('it was not refused');
    expect(await world.app.journal.read(answer.renewalId)).toMatchObject([{ facts: { traceId } }]);
  });
});
