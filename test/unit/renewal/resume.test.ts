import { describe, expect, it } from 'vitest';
import { postResume } from '../../../src/api/renewals.ts';
import { resumeRenewal } from '../../../src/renewal/resume.ts';
import { createWorld, plan, site, type World } from '../../builders/world.ts';
import { type Bench, openBench } from '../../replay/bench.ts';
import { rollout, two } from '../../replay/levers.ts';

/** A renewal within its failure budget, of whose two targets the first goes on serving the old version. */
async function partlyDeployed(): Promise<{ world: World; bench: Bench; renewalId: string }> {
  const world = await createWorld({
    targets: [...two],
    plan: plan({ rollout: { ...rollout, failureBudget: 1 } }),
  });
  world.lying.add(site('a').id);
  const bench = await openBench(world);
  const { renewalId, result } = await bench.live();
  expect(result).toMatchObject({ outcome: 'partly-deployed', outcomeReason: 'targets-unverified' });
  return { world, bench, renewalId };
}

describe('a partly deployed renewal that is resumed', () => {
  it('deploys at once, and only where the version is not served', async () => {
    const { world, bench, renewalId } = await partlyDeployed();
    world.lying.clear();
    const resumed = await resumeRenewal(renewalId, bench.app);
    expect(resumed).toMatchObject({ state: 'started' });
    const next = 'renewalId' in resumed ? (resumed.renewalId ?? '') : '';
    expect(next).not.toBe(renewalId);
    const { result } = await bench.liveOn(next);
    expect(result).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', detail: '2/2 targets verified' });
    expect(result.targets.map(({ id }) => id)).toEqual([site('a').id]);
    expect(result.counts).toEqual({ total: 2, verified: 2, touched: 1, rolledBack: 0 });
    const records = await world.app.journal.read(next);
    expect(records.filter(({ step, kind }) => step === 'deploy' && kind === 'intent')).toHaveLength(1);
    expect(records.some(({ step }) => step === 'request')).toBe(false);
    expect(records[0]?.facts).toMatchObject({ comment: `resumes ${renewalId}`, targets: 2, verifiedBefore: 1 });
    expect(await resumeRenewal(renewalId, bench.app)).toMatchObject({ state: 'superseded' });
    expect(await resumeRenewal(next, bench.app)).toMatchObject({ state: 'not-partly-deployed' });
  });

  it('is deployed although the version is due again', async () => {
    const { world, bench, renewalId } = await partlyDeployed();
    world.lying.clear();
    world.clock.advance(70 * 86_400_000);
    const resumed = await resumeRenewal(renewalId, bench.app);
    expect(resumed).toMatchObject({ state: 'started' });
    const { result } = await bench.liveOn('renewalId' in resumed ? (resumed.renewalId ?? '') : '');
    expect(result).toMatchObject({ outcome: 'renewed', detail: '2/2 targets verified' });
  });

  it('is the renewal that runs when it is asked for twice', async () => {
    const { bench, renewalId } = await partlyDeployed();
    const [one, other] = [await resumeRenewal(renewalId, bench.app), await resumeRenewal(renewalId, bench.app)];
    expect(one.state).toBe('started');
    expect(other).toMatchObject({ state: 'already-running' });
  });

  it('is refused once another version is current', async () => {
    const { world, bench, renewalId } = await partlyDeployed();
    const held = world.vault.get('shop');
    if (held.state !== 'present' || held.current === undefined) throw new TypeError('no version');
    world.vault.set('shop', { ...held, current: { ...held.current, version: 'e'.repeat(32) } });
    expect(await resumeRenewal(renewalId, bench.app)).toMatchObject({
      state: 'refused',
      outcomeReason: 'not-current',
    });
  });
});

describe('POST resume', () => {
  const call = (bench: Bench) => ({ app: bench.app as Parameters<typeof postResume>[0]['app'], base: 'https://app' });

  it('answers with the renewal that finishes it', async () => {
    const { bench, renewalId } = await partlyDeployed();
    const { status, body, headers } = await postResume(call(bench), renewalId);
    expect([status, body]).toMatchObject([202, { state: 'started', vault: 'kv-web', certificate: 'shop' }]);
    expect(headers.location).toContain('/api/renewals/');
  });

  it('tells why there is nothing to resume', async () => {
    const world = await createWorld();
    const bench = await openBench(world);
    const { renewalId } = await bench.live();
    expect(await postResume(call(bench), 'kv-shop-unknown')).toMatchObject({
      ...{ status: 404, body: { code: 'renewal-unknown' } },
    });
    expect(await postResume(call(bench), 'not an id')).toMatchObject({ status: 400 });
    expect(await postResume(call(bench), renewalId)).toMatchObject({
      ...{ status: 409, body: { code: 'not-partly-deployed', detail: 'It cannot be resumed: It ended as renewed.' } },
    });
  });

  it('waits for a renewal that runs', async () => {
    const { bench, renewalId } = await partlyDeployed();
    await postResume(call(bench), renewalId);
    expect(await postResume(call(bench), renewalId)).toMatchObject({ status: 409, body: { code: 'already-running' } });
  });
});
