import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/journal/port.ts';
import type { GroupInput, TargetInput } from '../../../src/renewal/group.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import type { RenewalStatus } from '../../../src/renewal/story.ts';
import { site } from '../../builders/world.ts';
import { livePath, type Path } from '../../replay/path.ts';
import { paths } from '../../replay/paths.ts';
import { recordingsOf } from '../../replay/recording.ts';

type Life = Awaited<ReturnType<typeof livePath>>;

const lives = new Map<string, Promise<Life>>();

/** A path is lived once, and looked at from several sides. */
function lifeOf(name: string): Promise<Life> {
  const life = lives.get(name) ?? livePath(paths[name] as Path);
  lives.set(name, life);
  return life;
}

const names = Object.keys(paths);

describe('a renewal', () => {
  it.each(Object.entries(paths).map(([name, path]) => [name, ...path.ends] as const))(
    '%s ends as %s, %s',
    async (name, outcome, outcomeReason) => {
      const { lived } = await lifeOf(name);
      expect(lived.result, lived.result.detail).toMatchObject({ outcome, outcomeReason });
      expect(lived.status).toMatchObject({ stage: 'close', outcome, outcomeReason });
    },
  );
});

const settled = ['renewed', 'not-needed', 'cancelled'];

describe('the row of a renewal', () => {
  it.each(names.filter((name) => name !== 'close-fails'))('agrees with its end: %s', async (name) => {
    const { world, lived } = await lifeOf(name);
    const { result, renewalId } = lived;
    const found = await world.app.store.certificate('kv-web', 'shop');
    const { outcome: lastOutcome, outcomeReason: lastReason } = result;
    expect(found?.row).toMatchObject({ state: 'idle', renewalId, lastOutcome, lastReason });
    const good = settled.includes(result.outcome);
    expect(found?.row.failedAttempts).toBe(good ? 0 : 1);
    expect(Date.parse(found?.row.nextAttemptAt ?? '')).toBe(
      good ? Number.NaN : world.clock.now().getTime() + 3_600_000,
    );
    if (result.new !== undefined)
      expect(found?.row).toMatchObject({ expectedVersion: result.new.version, notAfter: result.new.notAfter });
    expect(found?.row.cancelRequested).toBeUndefined();
  });

  it('does not stand in the way of the next renewal when it could not be closed', async () => {
    const { world, bench } = await livePath(paths['close-fails'] as Path);
    const again = await startRenewal(
      { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false },
      { ...bench.app, store: { ...world.app.store, saveCertificate: () => Promise.resolve('"1"') } },
    );
    expect(again).toMatchObject({ state: 'waiting', outcomeReason: 'too-young' });
  });

  it('of a target tells what it was last seen serving', async () => {
    const { world, lived } = await lifeOf('second-wave-lies');
    const rows = await world.app.store.targets('kv-web/shop');
    const servedSha256 = lived.result.old?.sha256;
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatchObject({ servedSha256, expectedSha256: servedSha256, verified: false });
  });
});

describe('the journal of a renewal', () => {
  const journalOf = ({ world, lived }: Life) => world.app.journal.read(lived.renewalId);
  const irreversible = ['request', 'submit', 'merge', 'deploy', 'rollBack', 'close'];

  it.each(names)('has the intent before every result: %s', async (name) => {
    const records = await journalOf(await lifeOf(name));
    const acts = records.filter(({ step, kind }) => irreversible.includes(step) && kind !== 'intent');
    for (const act of acts) expect(intentBefore(act, records), act.key).toBe(true);
  });

  it.each(names)('says how it ended: %s', async (name) => {
    const life = await lifeOf(name);
    const closing = (await journalOf(life)).filter(({ step }) => step === 'close').at(0);
    const { outcome, outcomeReason: reason } = life.lived.result;
    expect(closing).toMatchObject({ kind: 'intent', facts: { outcome, reason } });
  });

  it('has every act of a plain renewal, in order', async () => {
    const records = await journalOf(await lifeOf('one-target'));
    expect(
      records.filter(({ step }) => irreversible.includes(step)).map(({ step, kind }) => `${step} ${kind}`),
    ).toEqual([
      ...['request intent', 'request result', 'submit intent', 'submit result', 'merge intent', 'merge result'],
      ...['deploy intent', 'deploy result', 'close intent'],
    ]);
  });
});

function intentBefore(act: JournalRecord, records: readonly JournalRecord[]): boolean {
  const key = act.key.replace(/:(result|decision)$/, ':intent');
  return records.some((record) => record.key === key && record.sequence < act.sequence);
}

describe('the custom status', () => {
  const shown: readonly (readonly [string, string, Partial<RenewalStatus>])[] = [
    ['the order while the issuer is waited for', 'issuer-pending', { stage: 'issue', waitingFor: 'issuer' }],
    ['when a step is tried again', 'merge-retried', { stage: 'merge', waitingFor: 'vault-conflict' }],
    ['that it rests between waves', 'two-waves', { stage: 'deploy', waitingFor: 'soak', verified: '1/2' }],
    ['how many targets are verified', 'second-wave-lies', { stage: 'deploy', verified: '1/2' }],
    ['that nothing is verified any more after a roll back', 'second-wave-lies', { stage: 'close', verified: '0/2' }],
  ];

  it.each(shown)('shows %s: %s', async (_title, name, status) => {
    const { lived } = await lifeOf(name);
    expect(lived.statuses).toContainEqual(expect.objectContaining(status));
  });

  it('says when the next attempt is, and forgets it in the next stage', async () => {
    const { lived } = await lifeOf('merge-retried');
    const waits = lived.statuses.filter(({ waitingFor }) => waitingFor !== undefined);
    expect(waits.map(({ nextAttemptAt }) => nextAttemptAt)).toEqual([
      '2026-06-01T12:00:02.000Z',
      '2026-06-01T12:00:07.000Z',
    ]);
    expect(lived.status.waitingFor).toBeUndefined();
  });

  it('carries the order from the submission on', async () => {
    const { lived } = await lifeOf('issuer-pending');
    const late = lived.statuses.filter(({ stage }) => stage === 'issue' || stage === 'check' || stage === 'merge');
    expect(late.every(({ order }) => order === lived.renewalId)).toBe(true);
  });
});

describe('the histories', () => {
  const executions = async (name: string) => recordingsOf((await lifeOf(name)).lived.calls, { path: name, tells: '' });

  it.each(names)('stay small: %s', async (name) => {
    for (const { orchestrator, history } of await executions(name)) {
      const most = orchestrator === 'renewCertificate' || orchestrator.endsWith('Group') ? 300 : 200;
      expect(history.length, orchestrator).toBeLessThanOrEqual(most);
    }
  });

  it.each(names)('hold no key, no chain and no PEM: %s', async (name) => {
    const { world, lived } = await lifeOf(name);
    const text = lived.calls.map(({ input, result }) => input + JSON.stringify(result)).join('\n');
    expect(text).not.toMatch(/-----BEGIN|PRIVATE KEY/);
    const order = await world.app.store.order(lived.renewalId);
    for (const body of order?.row.chain ?? []) expect(text).not.toContain(body);
  });

  it('of a wave of 51 targets are two groups', async () => {
    const all = await executions('two-groups');
    const groups = all.filter(({ orchestrator }) => orchestrator === 'deployGroup');
    expect(groups.map(({ input }) => (input as GroupInput).group.count)).toEqual([50, 1]);
  });

  it('of a slow issuer follow one another without a gap in the rounds', async () => {
    const polls = (await executions('issuer-pending-long'))
      .flatMap(({ history }) => history.filter(({ Name }) => Name === 'poll'))
      .map(({ Input }) => (JSON.parse(String(Input)) as { readonly round: number }[])[0]?.round);
    expect(polls).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
  });
});

describe('the targets', () => {
  it('of the second wave are left alone when the canary fails', async () => {
    const { world, lived } = await lifeOf('canary-lies');
    expect(lived.result.targets.map(({ id }) => id)).toEqual([site('a').id]);
    expect(world.served.get(site('b').id)).toBe(lived.result.old?.sha256);
  });

  it('that could not be moved back are told with what they serve', async () => {
    const { lived } = await lifeOf('no-way-back');
    const [first, second] = lived.result.targets;
    expect(first).toMatchObject({ verified: false, rolledBack: false, servedSha256: lived.result.new?.sha256 });
    expect(second).toMatchObject({ rolledBack: false, servedSha256: lived.result.old?.sha256, isOnLastGood: true });
    const [served, kept] = String(lived.result.detail).split('; 1 of 2');
    expect(served).toContain(
      `1 of 2 targets are not back: ${site('a').id} serves ${lived.result.new?.sha256.slice(0, 16)}`,
    );
    expect(kept).toContain(` targets have no way back, and are on the last good version: ${site('b').id} serves`);
  });

  it('that took the version by themselves are verified, told of, and not written to', async () => {
    const { world, lived } = await lifeOf('took-it-itself');
    const [first, second] = lived.result.targets;
    expect(first).toMatchObject({ touched: true, verified: true });
    expect(first).not.toHaveProperty('tookItself');
    expect(second).toMatchObject({ touched: false, verified: true, tookItself: true });
    const records = await world.app.journal.read(lived.renewalId);
    expect(records.filter(({ step }) => step === 'deploy').map(({ facts }) => facts.target)).toEqual([
      site('a').id,
      site('a').id,
    ]);
    const row = (await world.app.store.targets('kv-web/shop')).find(({ targetId }) => targetId === site('b').id);
    expect(row).toMatchObject({ verified: true, servedSha256: lived.result.new?.sha256 });
  });

  it('that no wave came to are looked at once a rollout was stopped, and those told of that took the version', async () => {
    const { world, lived } = await lifeOf('others-took-it');
    const [canary, ...others] = lived.result.targets;
    expect(canary).toMatchObject({ id: site('a').id, rolledBack: true });
    const servedSha256 = lived.result.new?.sha256;
    expect(others).toEqual([
      { id: site('b').id, kind: 'app-service', verified: true, touched: false, servedSha256, tookItself: true },
    ]);
    expect(lived.result.counts).toEqual({ total: 4, verified: 1, touched: 1, rolledBack: 1 });
    expect(lived.result.detail).toContain(`; 1 took it by themselves: ${site('b').id}`);
    expect(lived.status.verified).toBe('1/4');
    const rows = await world.app.store.targets('kv-web/shop');
    const seen = rows.map(({ targetId, verified, servedSha256: sha256 }) => [targetId, verified, sha256]);
    const old = lived.result.old?.sha256;
    expect(seen.sort()).toEqual([
      [site('a').id, false, old],
      [site('b').id, true, servedSha256],
      [site('c').id, false, old],
    ]);
    const records = await world.app.journal.read(lived.renewalId);
    const last = records.filter(({ facts }) => facts.purpose === 'last').map(({ facts }) => facts.state);
    expect(last.sort()).toEqual(['served', 'served', 'unreachable']);
    expect(new Set(records.filter(({ step }) => step === 'deploy').map(({ facts }) => facts.target))).toEqual(
      new Set([site('a').id]),
    );
  });

  it('at an address that may not be looked at are not deployed to, and told why', async () => {
    const { world, lived } = await lifeOf('address-forbidden');
    expect(lived.result.targets).toMatchObject([
      { verified: false, touched: false, baseline: 'unreachable', problem: expect.stringContaining('network.allow') },
    ]);
    const records = await world.app.journal.read(lived.renewalId);
    expect(records.filter(({ step }) => step === 'deploy' || step === 'rollBack')).toEqual([]);
  });

  it('that refused the deployment and took the version by themselves are told of as such', async () => {
    const { lived } = await lifeOf('refused-and-took-it');
    expect(lived.result.targets).toMatchObject([{ verified: true, touched: false, tookItself: true }]);
    expect(lived.result.counts).toMatchObject({ total: 1, verified: 1 });
  });

  it('that could not be looked at last leave everything else as it is', async () => {
    const { lived } = await lifeOf('last-look-fails');
    expect(lived.result.targets).toMatchObject([{ id: site('a').id, rolledBack: true }]);
    expect(lived.result.counts).toMatchObject({ total: 2, verified: 0 });
  });

  it('of a large rollout are all counted, those that failed are told of, and each is in its row', async () => {
    const { world, lived } = await lifeOf('more-than-told');
    expect(lived.result.counts).toEqual({ total: 120, verified: 117, touched: 120, rolledBack: 0 });
    const failed = [7, 70, 119].map((index) => site(`site${index}`).id);
    expect(lived.result.targets.map(({ id }) => id)).toEqual(failed);
    expect(await world.app.store.targets('kv-web/shop')).toHaveLength(120);
    expect(lived.statuses).toContainEqual(expect.objectContaining({ verified: '1/120', wave: '2/2' }));
  });

  it('wait for their turn when Resource Manager would have too much to do', async () => {
    const { lived } = await lifeOf('more-than-told');
    const children = recordingsOf(lived.calls, { path: '', tells: '' }).filter(
      ({ orchestrator }) => orchestrator === 'deployTarget',
    );
    // A tenth of 200 writes at once in each of two subscriptions, one of which the canary has used up.
    expect(children.filter(({ input }) => (input as TargetInput).startAt !== undefined)).toHaveLength(120 - 2 * 20);
  });

  it('are all seen serving before the old version is disabled, where the plan says so', async () => {
    const disabledOf = async (name: string) => {
      const { world, lived } = await lifeOf(name);
      return { disabled: world.vault.disabled, old: lived.result.old?.version, detail: lived.result.detail };
    };
    const { disabled, old, detail } = await disabledOf('old-disabled');
    expect([disabled, detail]).toEqual([[old], '1/1 targets verified; the old version is disabled']);
    expect(await disabledOf('old-in-use')).toMatchObject({
      ...{ disabled: [], detail: '1/1 targets verified; the old version is kept' },
    });
    expect(await disabledOf('one-target')).toMatchObject({ disabled: [], detail: '1/1 targets verified' });
  });

  it('that were never deployed to are not rolled back', async () => {
    const { lived } = await lifeOf('deploy-refused');
    expect(lived.calls.some(({ orchestrator }) => orchestrator === 'rollBackTarget')).toBe(false);
  });

  it('are not touched when nothing was merged', async () => {
    for (const name of ['wrong-key', 'policy-changed', 'cancelled-before-merge']) {
      const { world, lived } = await lifeOf(name);
      expect(world.vault.calls.filter((verb) => verb === 'merge')).toEqual([]);
      expect(lived.result.targets).toEqual([]);
    }
  });
});
