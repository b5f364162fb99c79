import { beforeEach, describe, expect, it } from 'vitest';
import type { CertificateRow } from '../../../src/estate/port.ts';
import type { RenewalInstance } from '../../../src/renewal/orchestrations.ts';
import { type Started, startRenewal } from '../../../src/renewal/start.ts';
import { runStep, type Step } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { RenewalResult, StepInput, StepName, StepOutput } from '../../../src/renewal/story.ts';
import { createWorld, site, type World } from '../../builders/world.ts';

let world: World;
let id: string;
beforeEach(async () => {
  world = await createWorld();
  const started = await start();
  id = started.state === 'started' ? started.renewalId : '';
});

const start = (): Promise<Started> =>
  startRenewal({ vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false }, world.app);

async function row(): Promise<CertificateRow | undefined> {
  return (await world.app.store.certificate('kv-web', 'shop'))?.row;
}

type Asks<S extends StepName> = Omit<StepInput<S>, 'renewalId' | 'vault' | 'certificate' | 'attempt'>;

function run<S extends StepName>(name: S, asks: Asks<S>) {
  const input = { renewalId: id, vault: 'kv-web', certificate: 'shop', attempt: 1, ...asks } as StepInput<S>;
  return runStep(name, steps[name] as Step<S>, { input, app: world.app });
}

async function value<S extends StepName>(name: S, asks: Asks<S>): Promise<StepOutput<S>> {
  const answer = await run(name, asks);
  if (answer.state !== 'done') throw new TypeError(`${name}: ${JSON.stringify(answer)}`);
  return answer.value;
}

/** The steps up to the merge, and then no more. */
async function merge() {
  const inspected = await value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await value('request', { inspected });
  const { reference } = await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
  await value('poll', { reference, issuer: 'internal', round: 1 });
  const checked = await value('check', { plan: inspected.plan, csrSha256, old: inspected.old, reason: 'sweep' });
  return { inspected, csrSha256, version: await value('merge', { checked, csrSha256, inspected }) };
}

function end(changes: Partial<RenewalInstance>): void {
  const known = world.instances.get(id);
  if (known !== undefined) world.instances.set(id, { ...known, state: 'finished', ...changes });
}

describe('a renewal whose instance is gone', () => {
  it('begins again under its own id', async () => {
    world.instances.delete(id);
    expect(await start()).toMatchObject({ state: 'running', renewalId: id });
    expect(world.started[1]).toEqual({
      traceparent: world.started[0]?.traceparent,
      ...{ renewalId: id, vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false },
    });
    expect((await world.app.journal.read(id)).map(({ key }) => key)).toEqual(['start:again']);
  });

  it('only deploys when its version was merged', async () => {
    await merge();
    world.instances.delete(id);
    await start();
    expect(world.started[1]).toMatchObject({ renewalId: id, scope: 'deploy' });
  });

  it('only deploys when it was merged and nobody heard of that', async () => {
    await merge();
    const order = await world.app.store.order(id);
    if (order !== undefined) await world.app.store.saveOrder({ ...order.row, state: 'issued' }, order.etag);
    world.instances.delete(id);
    await start();
    expect(world.started[1]).toMatchObject({ scope: 'deploy' });
  });
});

describe('a renewal that ended without closing its row', () => {
  it('is closed with its own result', async () => {
    const { version, inspected } = await merge();
    const known = { renewalId: id, vault: 'kv-web', certificate: 'shop', reason: 'sweep', targets: [] } as const;
    const ends = { outcome: 'renewed', outcomeReason: 'served', detail: '1/1' } as const;
    const result: RenewalResult = { ...known, ...ends, old: inspected.old, new: version };
    end({ runtimeStatus: 'Completed', result });
    expect(await start()).toMatchObject({ state: 'waiting', outcomeReason: 'too-young' });
    expect(await row()).toMatchObject({ state: 'idle', lastOutcome: 'renewed', failedAttempts: 0, attempt: 1 });
  });

  it('is closed as failed when it has none, and backs off', async () => {
    end({ runtimeStatus: 'Failed' });
    expect(await start()).toMatchObject({ state: 'waiting', outcomeReason: 'backing-off' });
    expect(await row()).toMatchObject({ state: 'idle', lastOutcome: 'failed', lastReason: 'step-failed' });
    const [record] = await world.app.journal.read(id);
    expect(record).toMatchObject({ key: 'close:from-records', facts: { orchestration: 'Failed' } });
  });

  it('leaves its merged version to be deployed', async () => {
    const { version } = await merge();
    end({ runtimeStatus: 'Terminated' });
    await start();
    const closed = await row();
    expect(closed).toMatchObject({ state: 'idle', lastOutcome: 'partly-deployed', undeployed: version.version });
    world.clock.advance(3_600_000);
    expect(await start()).toMatchObject({ state: 'started' });
    expect(world.started.at(-1)).toMatchObject({ scope: 'deploy' });
  });
});

describe('a renewal that failed because no answer to its merge arrived', () => {
  const failed = (old: RenewalResult['old']): RenewalResult => ({
    ...{ renewalId: id, vault: 'kv-web', certificate: 'shop', reason: 'sweep', targets: [] },
    ...{ outcome: 'failed', outcomeReason: 'vault-unreachable', detail: 'no answer' },
    ...(old && { old }),
  });

  it.each([
    ['closing', (result: RenewalResult) => run('close', { result })],
    [
      'closing from the records',
      async (result: RenewalResult) => {
        end({ runtimeStatus: 'Completed', result });
        await start();
      },
    ],
  ])('leaves the version that was merged all the same to be deployed, by %s', async (_title, closing) => {
    const { version, inspected } = await merge();
    await closing(failed(inspected.old));
    expect(await row()).toMatchObject({
      ...{ state: 'idle', lastOutcome: 'failed', lastReason: 'vault-unreachable' },
      ...{ undeployed: version.version, expectedVersion: version.version },
    });
    world.clock.advance(3_600_000);
    expect(await start()).toMatchObject({ state: 'started' });
    expect(world.started.at(-1)).toMatchObject({ scope: 'deploy' });
  });

  it('leaves nothing to be deployed when the vault has not merged it', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    await run('close', { result: failed(inspected.old) });
    expect(await row()).toMatchObject({ state: 'idle', lastOutcome: 'failed' });
    expect(await row()).not.toHaveProperty('undeployed');
  });
});

describe('a renewal that was overtaken', () => {
  const overtake = async (changes: Partial<CertificateRow>) => {
    const found = await world.app.store.certificate('kv-web', 'shop');
    if (found !== undefined) await world.app.store.saveCertificate({ ...found.row, ...changes }, found.etag);
  };

  it.each([
    ['closed', { state: 'idle' }, 'the renewal is closed'],
    ['claimed by another attempt', { renewalId: 'kv-web-shop-other' }, 'kv-web-shop-other runs now'],
  ] as const)('does nothing more that cannot be taken back once its row is %s', async (_title, changes, detail) => {
    const { inspected, csrSha256, version } = await merge();
    const calls = world.vault.calls.length;
    const records = (await world.app.journal.read(id)).length;
    await overtake(changes);
    const { vaultUri, vaultResourceId } = inspected;
    const target = { target: site('shop'), version, vaultUri, vaultResourceId, issuer: 'internal' };
    const answers = [
      await run('request', { inspected }),
      await run('submit', { csrSha256, issuer: 'internal', validityDays: 90 }),
      await run('deploy', target),
      await run('rollBack', target),
    ];
    for (const answer of answers)
      expect(answer).toMatchObject({
        state: 'ended',
        outcomeReason: 'superseded',
        detail: expect.stringContaining(detail),
      });
    expect(world.vault.calls).toHaveLength(calls);
    expect(world.served.get(site('shop').id)).not.toBe(version.sha256);
    expect(await world.app.journal.read(id)).toHaveLength(records);
  });
});

describe('an issuer that takes its time', () => {
  it('pushes what is expected of the renewal, and not at each look', async () => {
    const before = (await row())?.expectedBy ?? '';
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    const { reference } = await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    world.levers.issuer = { poll: async () => ({ state: 'pending', retryAfterSeconds: 60 }) };
    await value('poll', { reference, issuer: 'internal', round: 1 });
    expect((await row())?.expectedBy).toBe(before);
    world.levers.issuer = { poll: async () => ({ state: 'pending', retryAfterSeconds: 21_600 }) };
    await value('poll', { reference, issuer: 'internal', round: 2 });
    expect(Date.parse((await row())?.expectedBy ?? '') - Date.parse(before)).toBe(21_600_000);
  });
});
