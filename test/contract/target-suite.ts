import { afterEach, describe, expect, it } from 'vitest';
import { jsonResponse } from '../../local/emulator.ts';
import { RenewalError } from '../../src/errors.ts';
import { pullHours } from '../../src/plan/targets/target.ts';
import type { Deployment, Look, Probe, VersionToServe } from '../../src/targets/port.ts';
import type { TargetBench, TargetCase, TargetUnderTest, TargetWish } from './target-under-test.ts';

/** Between two looks, and how many there are: a quarter of an hour in all, on the clock. */
const LOOK_SECONDS = 30;
const LOOKS = 30;
const THROTTLED_SECONDS = 17;
const HOUR_SECONDS = 3600;

interface Suite extends Pick<TargetBench, 'demands' | 'conflicts' | 'role'> {
  setUp(wish?: TargetWish): Promise<TargetUnderTest>;
  /** A test of one case, or the reason why it is none here. */
  tries(name: TargetCase, title: string, run: () => Promise<void>): void;
}

/** What every kind of target does, whatever its service: over real HTTPS, through the real clients. */
export function targetSuite({ title, lacks, setUp, ...bench }: TargetBench): void {
  describe(title, () => {
    const open: TargetUnderTest[] = [];
    afterEach(async () => {
      for (const under of open.splice(0)) await under.tearDown();
    });
    const suite: Suite = {
      ...bench,
      async setUp(wish = {}) {
        const under = await setUp(wish);
        open.push(under);
        return under;
      },
      tries(name, wish, run) {
        const why = lacks[name];
        if (why === undefined) it(`${name}: ${wish}`, run);
        else it(`${name}: NOT TRIED: ${why}`, () => expect(why).toMatch(/\S/));
      },
    };
    deploying(suite);
    failing(suite);
    refusing(suite);
    goingBack(suite);
    repeating(suite);
  });
}

function deploying({ setUp, tries }: Suite): void {
  tries('deploy', 'makes the target take the new version, and asks nothing of it before', async () => {
    const under = await setUp();
    const before = await look(under, 'baseline');
    expect(['served', 'pending']).toContain(before.state);
    if (before.state === 'served') expect(before.sha256).toBe(under.old.sha256);
    expect(under.writes()).toBe(0);
    expect(await deploy(under)).toMatchObject({ state: 'deployed' });
    expect(under.writes()).toBeGreaterThan(0);
  });

  tries('verify', 'sees the new version served, with nothing wrong', async () => {
    const under = await setUp();
    expect(await deploy(under)).toMatchObject({ state: 'deployed' });
    const probe = await served(under, under.renewed);
    expect(probe).not.toHaveProperty('problem');
    expect(under.effects()).toBe(1);
  });

  tries('lies', 'is never verified while it serves the old version, whatever the API says', async () => {
    const under = await setUp({ lies: true });
    expect(await deploy(under)).toMatchObject({ state: 'deployed' });
    for (let round = 0; round < LOOKS; round += 1) {
      expect(await look(under, 'verify')).not.toMatchObject({ state: 'served', sha256: under.renewed.sha256 });
      await under.pass(LOOK_SECONDS);
    }
  });

  tries('pulled', 'takes the new version by itself within its pull window', async () => {
    const under = await setUp();
    const hours = pullHours(under.target);
    if (hours === undefined) throw new TypeError('it takes nothing by itself: declare so');
    await under.pass(hours * HOUR_SECONDS + LOOK_SECONDS);
    await served(under, under.renewed);
    expect(under.writes()).toBe(0);
  });
}

function failing({ setUp, tries, conflicts }: Suite): void {
  tries('throttled', 'says how long it was told to wait, and goes on afterwards', async () => {
    for (const which of ['any', 'write'] as const) {
      const under = await setUp();
      const body = { error: { code: 'TooManyRequests', message: 'slow down' } };
      under.plant(jsonResponse(429, body, { 'retry-after': String(THROTTLED_SECONDS) }), which);
      const error = await thrownBy(() => deploy(under));
      expect(error).toMatchObject({ retry: true, retryAfterSeconds: THROTTLED_SECONDS });
      expect(error.code).toMatch(/-throttled$/);
      await under.pass(THROTTLED_SECONDS);
      expect(await deploy(under)).toMatchObject({ state: 'deployed' });
      await served(under, under.renewed);
    }
  });

  tries('conflict', 'tries again when somebody else changes the same thing', async () => {
    expect(conflicts).not.toEqual([]);
    for (const conflict of conflicts) {
      const under = await setUp();
      under.plant(conflict, 'write');
      expect(await again(() => deploy(under))).toMatchObject({ state: 'deployed' });
      await served(under, under.renewed);
      expect(under.effects(), `after ${conflict.status}`).toBe(1);
    }
  });
}

function refusing({ setUp, tries, demands, role }: Suite): void {
  tries('gone', 'refuses a target that is not there, for good, and leaves all else as it is', async () => {
    const under = await setUp({ gone: true });
    expect(await deploy(under)).toEqual({ state: 'refused', reason: expect.stringMatching(/\S/) });
    expect(await look(under, 'verify')).not.toMatchObject({ state: 'served', sha256: under.renewed.sha256 });
    expect(await under.adapter.rollBack(under.target, under.old)).toMatchObject({ state: 'impossible' });
    expect(under.effects()).toBe(0);
  });

  tries('forbidden', 'names the right that is missing, and changes nothing without it', async () => {
    expect(demands).not.toEqual([]);
    for (const missing of demands) {
      const under = await setUp({ without: missing });
      const error = await thrownBy(() => deploy(under));
      expect(error).toMatchObject({ retry: false, message: expect.stringContaining(missing) });
      if (role !== undefined) expect(error.message).toContain(`; the role ${role} gives it`);
      expect(error.code).toMatch(/-forbidden$/);
    }
  });
}

function goingBack({ setUp, tries }: Suite): void {
  tries('roll-back', 'goes back as far as its kind can, and says so where it cannot', async () => {
    const under = await setUp({ keepsOld: true });
    await deploy(under);
    await served(under, under.renewed);
    const { rollBack } = under.adapter.capabilities;
    const back = await again(() => under.adapter.rollBack(under.target, under.old));
    if (rollBack === 'no') return void expect(back).toMatchObject({ state: 'impossible' });
    expect(back).toMatchObject({ state: 'rolled-back' });
    await served(under, under.old, 'roll-back');
    const writes = under.writes();
    expect(await under.adapter.rollBack(under.target, under.old)).toMatchObject({ state: 'rolled-back' });
    expect(under.writes(), 'a second roll back').toBe(writes);
    await under.pass((pullHours(under.target) ?? 1) * HOUR_SECONDS + LOOK_SECONDS);
    await served(under, rollBack === 'yes' ? under.old : under.renewed, 'roll-back');
  });
}

function repeating({ setUp, tries }: Suite): void {
  tries('already-there', 'writes nothing where the new version is served already', async () => {
    const under = await setUp();
    await deploy(under);
    await served(under, under.renewed);
    const writes = under.writes();
    expect(await deploy(under)).toMatchObject({ state: 'deployed' });
    expect(under.writes()).toBe(writes);
    await served(under, under.renewed);
    expect(under.effects()).toBe(1);
  });

  tries('twice-at-once', 'changes the target once when two deployments run at the same time', async () => {
    const under = await setUp();
    const both = await Promise.all([again(() => deploy(under)), again(() => deploy(under))]);
    expect(both).toMatchObject([{ state: 'deployed' }, { state: 'deployed' }]);
    await served(under, under.renewed);
    expect(under.effects()).toBe(1);
  });
}

const deploy = ({ adapter, target, renewed }: TargetUnderTest): Promise<Deployment> => adapter.deploy(target, renewed);

function look(under: TargetUnderTest, purpose: Look['purpose'], version = under.renewed): Promise<Probe> {
  return under.adapter.probe(under.target, { purpose, version });
}

/** Looks until the version is served, as the orchestration does: a definite failure ends it, and so does patience. */
async function served(
  under: TargetUnderTest,
  version: VersionToServe,
  purpose: 'verify' | 'roll-back' = 'verify',
): Promise<Probe> {
  let probe = await again(() => look(under, purpose, version));
  for (let round = 0; round < LOOKS && !isServing(probe, version) && probe.state !== 'failed'; round += 1) {
    await under.pass(LOOK_SECONDS);
    probe = await again(() => look(under, purpose, version));
  }
  expect(probe).toMatchObject({ state: 'served', sha256: version.sha256 });
  return probe;
}

function isServing(probe: Probe, { sha256 }: VersionToServe): boolean {
  return probe.state === 'served' && probe.sha256 === sha256;
}

/** What may be tried again is tried again, as the orchestration's activities are. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  const tries = 4;
  for (let left = tries; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !(error instanceof RenewalError) || !error.retry) throw error;
    }
  }
}

async function thrownBy(work: () => Promise<unknown>): Promise<RenewalError> {
  const answer = await work().catch((error: unknown) => error);
  if (answer instanceof RenewalError) return answer;
  throw new TypeError(`no RenewalError was thrown: ${JSON.stringify(answer)}`);
}
