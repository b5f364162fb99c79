import { describe, expect, it } from 'vitest';
import { renewalView } from '../../../src/api/answers.ts';
import { getRenewal, listRenewals } from '../../../src/api/renewals.ts';
import { type StartRequest, startRenewal } from '../../../src/renewal/start.ts';
import { runStep } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import { createWorld, NOW, type World } from '../../builders/world.ts';

const HOUR = 3_600_000;
const start = (world: World, changes: Partial<StartRequest> = {}) =>
  startRenewal({ vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false, ...changes }, world.app);

/** A renewal that is started and ends at once with that outcome. Answers with its id. */
async function lives(world: World, outcome: RenewalResult['outcome'], changes: Partial<StartRequest> = {}) {
  const started = await start(world, changes);
  if (started.state !== 'started') throw new TypeError(JSON.stringify(started));
  const { renewalId } = started;
  const names = { renewalId, vault: 'kv-web', certificate: 'shop' };
  const ends = {
    outcome,
    outcomeReason: 'step-failed',
    detail: 'told by a test',
    reason: 'sweep',
    targets: [],
  } as const;
  const result = { ...names, ...ends };
  await runStep('close', steps.close, { input: { ...names, attempt: 1, result }, app: world.app });
  const instance = world.instances.get(renewalId);
  if (instance !== undefined)
    world.instances.set(renewalId, { ...instance, state: 'finished', runtimeStatus: 'Completed', result });
  return renewalId;
}

const row = async (world: World) => (await world.app.store.certificate('kv-web', 'shop'))?.row;
const waits = async (world: World) =>
  (Date.parse((await row(world))?.nextAttemptAt ?? '') - world.clock.now().getTime()) / HOUR;

describe('the back-off of a certificate', () => {
  it('doubles from an hour to 32, is obeyed to the millisecond, and ends with a success', async () => {
    const world = await createWorld({ leftDays: 20 });
    for (const hours of [1, 2, 4, 8, 16, 32, 32]) {
      await lives(world, 'failed');
      expect(await waits(world)).toBe(hours);
      world.clock.advance(hours * HOUR - 1);
      expect(await start(world)).toMatchObject({ state: 'waiting', outcomeReason: 'backing-off' });
      expect(await start(world, { reason: 'near-expiry-event' })).toMatchObject({ outcomeReason: 'backing-off' });
      world.clock.advance(1);
    }
    await lives(world, 'renewed');
    expect(await row(world)).toMatchObject({ failedAttempts: 0 });
    expect(await row(world)).not.toHaveProperty('nextAttemptAt');
    await lives(world, 'rejected');
    expect(await waits(world)).toBe(1);
  });

  it.each([
    ['goes on where it was when what a person forced fails', 'failed', 4, 3],
    ['ends when what a person forced succeeds', 'renewed', Number.NaN, 0],
  ] as const)('lets a person go at once, and %s', async (_title, outcome, hours, failedAttempts) => {
    const world = await createWorld();
    await lives(world, 'failed');
    world.clock.advance(HOUR);
    await lives(world, 'partly-deployed');
    expect(await start(world, { reason: 'manual' })).toMatchObject({ outcomeReason: 'backing-off' });
    await lives(world, outcome, { reason: 'manual', force: true });
    expect(await waits(world)).toBe(hours);
    expect(await row(world)).toMatchObject({ failedAttempts });
  });

  it('shows in the answers about the renewal and about the certificate', async () => {
    const world = await createWorld();
    const id = await lives(world, 'failed');
    const nextAttemptAt = new Date(NOW.getTime() + HOUR).toISOString();
    const call = { app: world.app, base: 'https://app.example' };
    const { body } = await getRenewal(call, id);
    expect(renewalView.parse(body)).toMatchObject({ outcome: 'failed', failedAttempts: 1, nextAttemptAt });
    expect((await listRenewals(call)).body).toMatchObject({ renewals: [{ failedAttempts: 1, nextAttemptAt }] });
  });

  it('shows no longer in a renewal that another one came after', async () => {
    const world = await createWorld();
    const id = await lives(world, 'failed');
    world.clock.advance(HOUR);
    await lives(world, 'failed');
    const { body } = await getRenewal({ app: world.app, base: '' }, id);
    expect(body).not.toHaveProperty('nextAttemptAt');
  });
});
