import { describe, expect, it } from 'vitest';
import { listRenewals } from '../../../src/api/renewals.ts';
import { RenewalError } from '../../../src/errors.ts';
import type { RenewalWindow } from '../../../src/issuers/port.ts';
import { decideAgain } from '../../../src/renewal/decide-again.ts';
import { runStep } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { createWorld, NOW, plan, type World } from '../../builders/world.ts';

const HOUR = 3_600_000;
const at = (hours: number) => new Date(NOW.getTime() + hours * HOUR).toISOString();

/** A certificate on day 40 of 90; its plan renews it on day 59. */
async function fresh(): Promise<World> {
  return createWorld({ leftDays: 50, plan: plan({ renewAt: { percentOfLife: 66, floorDays: 10 } }) });
}

interface Ca {
  readonly world: World;
  /** How often the CA was asked. */
  readonly asked: () => number;
}

function caThatSays(world: World, say: () => RenewalWindow | undefined): Ca {
  let asked = 0;
  world.levers.issuer = {
    renewalWindow: async () => {
      asked += 1;
      return say();
    },
  };
  return { world, asked: () => asked };
}

const rowOf = async ({ app }: World) => (await app.store.certificate('kv-web', 'shop'))?.row;
const past = { start: at(-48), end: at(-24), retryAfterSeconds: 6 * 3600 };
const ahead = { start: at(48), end: at(72), retryAfterSeconds: 6 * 3600, explanation: 'https://ca.example/why' };

describe('the sweep', () => {
  it('renews what its CA wishes to be replaced by now, and says why', async () => {
    const { world } = caThatSays(await fresh(), () => past);
    expect((await sweep(world.app)).started).toHaveLength(1);
    expect(world.started).toMatchObject([{ reason: 'window-opened', force: false, windowOf: 'a'.repeat(32) }]);
    expect(await rowOf(world)).toMatchObject({ state: 'renewing', startReason: 'window-opened' });
  });

  it('remembers a window that is ahead, and renews at the moment that is drawn from it', async () => {
    const { world, asked } = caThatSays(await fresh(), () => ahead);
    expect(await sweep(world.app)).toMatchObject({ waiting: 1, started: [], unanswered: [] });
    const row = await rowOf(world);
    expect(row).toMatchObject({ windowStart: ahead.start, windowEnd: ahead.end, windowPage: ahead.explanation });
    expect((row?.dueAt ?? '') >= ahead.start && (row?.dueAt ?? '') < ahead.end).toBe(true);
    world.clock.advance(Date.parse(row?.dueAt ?? '') - NOW.getTime() - 1000);
    expect((await sweep(world.app)).started).toEqual([]);
    world.clock.advance(1000);
    expect((await sweep(world.app)).started).toHaveLength(1);
    expect(asked()).toBe(2);
  });

  it('asks again when the CA said so, and not before', async () => {
    const { world, asked } = caThatSays(await fresh(), () => ahead);
    for (const [hours, times] of [
      [0, 1],
      [5, 1],
      [1, 2],
      [1, 2],
    ] as const) {
      world.clock.advance(hours * HOUR);
      await sweep(world.app);
      expect(asked()).toBe(times);
    }
  });

  it('asks a CA without a wish once a day', async () => {
    const { world, asked } = caThatSays(await fresh(), () => undefined);
    for (let hour = 0; hour < 48; hour++) {
      await sweep(world.app);
      world.clock.advance(HOUR);
    }
    expect(asked()).toBe(2);
    expect(await rowOf(world)).not.toHaveProperty('windowStart');
  });

  it('asks about a new version at once', async () => {
    const { world, asked } = caThatSays(await fresh(), () => ahead);
    await sweep(world.app);
    const held = world.vault.get('shop');
    if (held.state !== 'present' || held.current === undefined) throw new TypeError('shop is there');
    world.vault.set('shop', { ...held, current: { ...held.current, version: 'c'.repeat(32) } });
    await sweep(world.app);
    expect(asked()).toBe(2);
    expect(await rowOf(world)).toMatchObject({ windowOf: 'c'.repeat(32) });
  });

  it('goes by what the CA said last while it does not answer, and leaves it alone for as long as it wants', async () => {
    let isDown = false;
    const { world, asked } = caThatSays(await fresh(), () => {
      if (isDown) throw new RenewalError('issuer-unreachable', 'acme: no answer', { retryAfterSeconds: 7200 });
      return ahead;
    });
    await sweep(world.app);
    isDown = true;
    world.clock.advance(6 * HOUR);
    const report = await sweep(world.app);
    expect(report).toMatchObject({ looked: 1, waiting: 1, unreachable: [] });
    expect(report.unanswered).toEqual([{ issuer: 'internal', problem: 'acme: no answer' }]);
    expect(await rowOf(world)).toMatchObject({ windowStart: ahead.start, askWindowAt: at(8) });
    world.clock.advance(HOUR);
    await sweep(world.app);
    expect(asked()).toBe(2);
  });

  it('asks an issuer that does not answer three times, however many certificates it has', async () => {
    const world = await fresh();
    const { asked } = caThatSays(world, () => {
      throw new RenewalError('issuer-unreachable', 'acme: no answer');
    });
    const estate = await world.app.estate();
    const [first] = estate.certificates;
    if (first === undefined) throw new TypeError('there is one');
    const certificates = Array.from({ length: 60 }, (_, index) => ({ ...first, name: `site-${index}` }));
    for (const { name } of certificates) world.vault.set(name, world.vault.get('shop'));
    const app = { ...world.app, estate: async () => ({ ...estate, certificates }) };
    expect(await sweep(app)).toMatchObject({ looked: 60, waiting: 60, unreachable: [] });
    // Those that had begun when the third failed.
    expect(asked()).toBeLessThanOrEqual(3 + 8);
  });

  it('is not held up by an issuer that cannot even be made', async () => {
    const world = await fresh();
    const issuer = () => {
      throw new RenewalError('estate-invalid', 'estate: no issuer internal');
    };
    expect(await sweep({ ...world.app, issuer })).toMatchObject({ waiting: 1, unanswered: [{ issuer: 'internal' }] });
  });
});

describe('a renewal for the wish of its CA', () => {
  it('decides the same again inside itself, about the same version', async () => {
    const { world } = caThatSays(await fresh(), () => past);
    await sweep(world.app);
    const [input] = world.started;
    if (input === undefined) throw new TypeError('one was started');
    const inspected = await runStep('inspect', steps.inspect, { input: { ...input, attempt: 1 }, app: world.app });
    if (inspected.state !== 'done') throw new TypeError(JSON.stringify(inspected));
    expect(decideAgain(input, inspected.value, world.clock.now())).toBeUndefined();
    const other = { ...input, windowOf: 'c'.repeat(32) };
    expect(decideAgain(other, inspected.value, world.clock.now())).toMatchObject({ outcomeReason: 'not-current' });
  });
});

describe('the answer about a certificate', () => {
  it('has the window of its current version, with the page that explains it', async () => {
    const { world } = caThatSays(await fresh(), () => ahead);
    await sweep(world.app);
    const list = async () => (await listRenewals({ app: world.app, base: 'https://app.example' })).body;
    const { start, end, explanation: page } = ahead;
    expect(await list()).toMatchObject({ renewals: [{ certificate: 'shop', window: { start, end, page } }] });
    const found = await world.app.store.certificate('kv-web', 'shop');
    if (found === undefined) throw new TypeError('there is a row');
    await world.app.store.saveCertificate({ ...found.row, expectedVersion: 'c'.repeat(32) }, found.etag);
    expect(await list()).not.toHaveProperty('renewals.0.window');
  });
});
