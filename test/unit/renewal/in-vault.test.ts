import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { CertificateRow } from '../../../src/estate/port.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { runStep } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { Inspection } from '../../../src/vault/port.ts';
import { createStepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';
import { livePath, type Path } from '../../replay/path.ts';
import { paths } from '../../replay/paths.ts';

type Present = Extract<Inspection, { state: 'present' }>;

const present = (world: World) => world.vault.get('shop') as Present;
const sweep = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
const rowOf = async (world: World) => (await world.app.store.certificate('kv-web', 'shop'))?.row;

async function begun(
  options: Parameters<typeof createWorld>[0] = {},
  arrange: (world: World) => void = () => undefined,
) {
  const world = await createWorld({ inVault: 'Partner', ...options });
  arrange(world);
  const runner = await createStepRunner(world);
  const inspected = await runner.value('inspect', { reason: 'sweep' });
  return { world, runner, inspected };
}

/** Ordered, and issued by now. */
async function issued(...options: Parameters<typeof begun>) {
  const all = await begun(...options);
  await all.runner.value('request', { inspected: all.inspected });
  all.world.clock.advance(60_000);
  const { plan, targets = [], vaultUri } = all.inspected;
  return { ...all, asks: { plan, targets, vaultUri, reason: 'sweep' } as const };
}

type Begun = Awaited<ReturnType<typeof begun>>;

/** The first try of the order ends before the vault is asked, or after its answer and before the record. */
async function crashAt({ world, runner, inspected }: Begun, point: 'request' | 'record'): Promise<void> {
  const { saveOrder } = world.app.store;
  const crash = () => Promise.reject(new TypeError('crash'));
  let saves = 0;
  const store = {
    ...world.app.store,
    saveOrder: (...args: Parameters<typeof saveOrder>) => (++saves === 2 ? crash() : saveOrder(...args)),
  };
  const vault = point === 'request' ? { ...world.app.vault, request: crash } : world.app.vault;
  const input = { renewalId: runner.renewalId, vault: 'kv-web', certificate: 'shop', attempt: 1, inspected };
  const answer = await runStep('request', steps.request, { input, app: { ...world.app, store, vault } });
  expect(answer).toMatchObject({ state: 'again' });
}

async function crashed(): Promise<Begun> {
  const all = await begun();
  await crashAt(all, 'record');
  return all;
}

function edit(world: World, change: Partial<Present['policy']>): void {
  const held = present(world);
  world.vault.set('shop', { ...held, policy: { ...held.policy, ...change } });
}

describe('what is inspected', () => {
  it('has the name of the issuer and a hash of the policy', async () => {
    const { inspected } = await begun();
    expect(inspected.inVault).toEqual({ issuerName: 'Partner', policySha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it.each([
    ['issuer-differs', { issuer: 'Unknown' }],
    ['outside-limits', { dnsNames: ['shop.fabrikam.example'] }],
    // In the limits of the issuer, and longer than the plan accepts.
    ['outside-limits', { validityMonths: 14 }],
    ['outside-limits', { validityMonths: 0 }],
  ])('is refused as %s with %j', async (outcomeReason, change) => {
    const world = await createWorld({ inVault: 'Partner' });
    const runner = await createStepRunner(world);
    edit(world, change);
    expect(await runner.run('inspect', { reason: 'sweep' })).toMatchObject({
      state: 'ended',
      outcome: 'refused',
      outcomeReason,
    });
    expect(world.vault.calls).not.toContain('request');
  });
});

describe('the order', () => {
  it('is on record with its reference as soon as the operation is there, and placed once', async () => {
    const { world, runner, inspected } = await begun();
    const first = await runner.value('request', { inspected });
    const { row } = (await world.app.store.order(runner.renewalId)) ?? {};
    expect(row).toMatchObject({ state: 'submitted', reference: first.reference, issuer: 'internal' });
    expect(first).toMatchObject({ resumed: false, csrSha256: present(world).pending?.csrSha256 });
    const second = await runner.value('request', { inspected });
    expect(second).toEqual({ ...first, resumed: true });
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
  });

  it('goes on after a crash between the vault’s answer and the record', async () => {
    const { world, runner, inspected } = await crashed();
    const { requestId } = present(world).pending ?? {};
    const value = await runner.value('request', { inspected });
    expect(value).toMatchObject({ resumed: true, reference: expect.stringContaining(requestId ?? '-') });
    expect(value).not.toHaveProperty('isForeign');
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
  });

  it.each([
    ['issued', 'issued', 'issued'],
    ['refused', { failed: 'simulated' }, 'rejected'],
  ] as const)('was %s while its answer was lost: it is not placed again', async (_title, answer, state) => {
    const { world, runner, inspected } = await crashed();
    if (world.partner) world.partner.answer = answer;
    world.clock.advance(60_000);
    const value = await runner.value('request', { inspected });
    expect(value).toMatchObject({ resumed: true, csrSha256: present(world).pending?.csrSha256 });
    expect(value).not.toHaveProperty('isForeign');
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
    const asks = { reference: value.reference ?? '', issuer: 'internal', round: 1 };
    expect(await runner.value('poll', asks)).toMatchObject({ state });
  });

  it('is what the version is judged by when its answer was lost', async () => {
    const { world, runner, inspected } = await crashed();
    world.clock.advance(60_000);
    const { reference = '' } = await runner.value('request', { inspected });
    await runner.value('poll', { reference, issuer: 'internal', round: 1 });
    const { plan, targets = [], vaultUri } = inspected;
    const checked = await runner.value('checkVersion', { plan, targets, vaultUri, reason: 'sweep' });
    expect(checked).toMatchObject({ replaced: inspected.old, version: { sha256: present(world).current?.sha256 } });
  });

  it.each([
    ['has ended before it was inspected', false],
    ['has ended before it was asked for', true],
  ])('is placed when the crash came before it, and the operation that is there %s', async (_title, isLate) => {
    const world = await createWorld({ inVault: 'Partner' });
    const runner = await createStepRunner(world);
    const earlier = (): void => {
      if (world.partner) world.partner.answer = { failed: 'an earlier one' };
      world.partner?.begin('shop');
      world.clock.advance(60_000);
      world.partner?.settle('shop');
      if (world.partner) world.partner.answer = 'issued';
    };
    if (!isLate) earlier();
    const inspected = await runner.value('inspect', { reason: 'sweep' });
    if (isLate) earlier();
    const before = present(world).pending?.requestId;
    await crashAt({ world, runner, inspected }, 'request');
    const value = await runner.value('request', { inspected });
    expect(value).toMatchObject({ resumed: false });
    expect(value.reference).not.toContain(before);
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
  });

  it('is not what somebody else has had certified', async () => {
    const { world, runner, inspected } = await crashed();
    world.clock.advance(60_000);
    await world.vault.inspect({ vault: '', name: 'shop' });
    const { pending, ...held } = present(world);
    if (pending) world.vault.set('shop', { ...held, pending: { ...pending, issuer: 'Other' } });
    expect(await runner.run('request', { inspected })).toMatchObject({ state: 'ended', outcomeReason: 'not-current' });
  });

  it('takes up an operation that the vault began by itself, and says so', async () => {
    const { world, runner, inspected } = await begun();
    const { requestId } = world.partner?.begin('shop') ?? {};
    const value = await runner.value('request', { inspected });
    expect(value).toMatchObject({
      resumed: true,
      isForeign: true,
      reference: expect.stringContaining(requestId ?? '-'),
    });
    expect(world.vault.calls).not.toContain('request');
    const records = await world.app.journal.read(runner.renewalId);
    expect(records.at(-1)).toMatchObject({ facts: { begunBy: expect.any(String) } });
  });

  it('waits for an operation that is being cancelled', async () => {
    const { world, runner, inspected } = await begun();
    if (world.partner) world.partner.agrees = false;
    world.partner?.begin('shop');
    world.partner?.cancel('shop');
    expect(await runner.run('request', { inspected })).toMatchObject({ state: 'again', code: 'vault-conflict' });
  });

  it.each([
    ['is a CSR for somebody else', { issuer: 'Unknown' }],
    ['is for another issuer', { issuer: 'Other' }],
  ])('is refused while what is pending %s, and nothing is discarded', async (_title, change) => {
    const { world, runner, inspected } = await begun();
    const pending = world.partner?.begin('shop');
    if (pending) world.vault.set('shop', { ...present(world), pending: { ...pending, ...change } });
    const answer = await runner.run('request', { inspected });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'refused', outcomeReason: 'foreign-pending' });
    expect(world.vault.calls.filter((verb) => verb === 'discard' || verb === 'cancel')).toEqual([]);
  });

  it.each([
    ['its names', { dnsNames: ['other.contoso.example'] }],
    ['its issuer', { issuer: 'Self' }],
    ['its life', { validityMonths: 12 }],
    ['that the key is kept', { reuseKey: true }],
  ])('is not placed when the policy has changed since the gates: %s', async (_title, change) => {
    const { world, runner, inspected } = await begun();
    edit(world, change);
    const answer = await runner.run('request', { inspected });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'needs-person', outcomeReason: 'policy-changed' });
    expect(world.vault.calls).not.toContain('request');
  });

  it('is not placed when the vault has renewed meanwhile', async () => {
    const { world, runner, inspected } = await begun();
    if (world.partner) world.partner.issueSeconds = 0;
    world.partner?.begin('shop');
    const answer = await runner.run('request', { inspected });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'not-needed', outcomeReason: 'not-current' });
  });
});

describe('the finished version', () => {
  it('is accepted, compared with what it replaced, and told', async () => {
    const { world, runner, asks, inspected } = await issued();
    const value = await runner.value('checkVersion', asks);
    expect(value).toMatchObject({
      replaced: inspected.old,
      diffClass: 'allowed',
      version: { sha256: present(world).current?.sha256 },
    });
    const order = await world.app.store.order(runner.renewalId);
    expect(order?.row).toMatchObject({ state: 'merged', accepted: [present(world).current?.der, expect.any(String)] });
    expect(await runner.value('checkVersion', asks)).toEqual(value);
  });

  it('is waited for while the vault shows the old one', async () => {
    const { world, runner, asks } = await issued();
    if (world.partner) world.partner.answer = 'never';
    expect(await runner.run('checkVersion', asks)).toMatchObject({ state: 'again', code: 'vault-conflict' });
  });

  it('is refused with the targets that take it all the same', async () => {
    const { world, runner, asks } = await issued();
    if (world.partner) world.partner.dnsNames = ['shop.contoso.example', 'evil.contoso.example'];
    const answer = await runner.run('checkVersion', asks);
    expect(answer).toMatchObject({ state: 'ended', outcome: 'needs-person', outcomeReason: 'names-differ' });
    expect('detail' in answer && answer.detail).toMatch(/is deployed nowhere; .*app-service:shop:.* within 24 h$/);
    expect((await world.app.store.order(runner.renewalId))?.row).toMatchObject({ state: 'rejected' });
  });

  it.each([
    ['may keep its key when the policy says so', true, { state: 'done', value: { diffClass: 'allowed' } }],
    ['may not otherwise', false, { state: 'ended', outcomeReason: 'needs-approval' }],
  ])('%s', async (_title, reuseKey, answer) => {
    const { world, runner, asks } = await issued({}, (at) => edit(at, { reuseKey: true }));
    edit(world, { reuseKey });
    expect(await runner.run('checkVersion', asks)).toMatchObject(answer);
  });

  it('is none of ours when somebody put another one over it', async () => {
    const { world, runner, asks } = await issued();
    await world.vault.inspect({ vault: '', name: 'shop' });
    const held = present(world);
    const other = await createWorld({ inVault: 'Partner', leftDays: 80 });
    world.vault.set('shop', {
      ...held,
      current: { ...(present(other).current as NonNullable<Present['current']>), version: 'e'.repeat(32) },
    });
    const answer = await runner.run('checkVersion', asks);
    expect(answer).toMatchObject({ state: 'ended', outcome: 'not-needed', outcomeReason: 'not-current' });
  });

  it('is judged by the policy when another operation has taken the place of its own', async () => {
    const { world, runner, asks } = await issued();
    await world.vault.inspect({ vault: '', name: 'shop' });
    const { pending: _gone, ...held } = present(world);
    world.vault.set('shop', held);
    expect(await runner.run('checkVersion', asks)).toMatchObject({ state: 'done' });
    world.vault.set('shop', {
      ...held,
      policy: { ...held.policy, dnsNames: ['shop.contoso.example', 'more.contoso.example'] },
    });
    expect(await runner.run('checkVersion', asks)).toMatchObject({ outcomeReason: 'names-differ' });
  });
});

describe('a version that the vault made by itself', () => {
  async function found(arrange: (world: World) => void = () => undefined) {
    const world = await createWorld({ inVault: 'Partner', leftDays: 80 });
    await startRenewal(sweep, world.app);
    if (world.partner) world.partner.issueSeconds = 0;
    arrange(world);
    const before = (await rowOf(world))?.expectedVersion;
    world.partner?.begin('shop');
    world.partner?.settle('shop');
    return { world, before, made: present(world).current?.version };
  }

  it('is judged and deployed by the next sweep, whatever an event wrote into the row before', async () => {
    const { world, before, made } = await found();
    const told = await startRenewal({ ...sweep, reason: 'new-version-event' }, world.app);
    expect(told).toMatchObject({ state: 'waiting', outcomeReason: 'new-version-event' });
    expect(await rowOf(world)).toMatchObject({ expectedVersion: made, found: made, foundAfter: before });
    expect(await startRenewal(sweep, world.app)).toMatchObject({ state: 'started' });
    expect(world.started.at(-1)).toMatchObject({ scope: 'deploy', adopts: made });
  });

  it('is judged again when its instance is gone', async () => {
    const { world, made } = await found();
    await startRenewal(sweep, world.app);
    world.instances.clear();
    await startRenewal(sweep, world.app);
    expect(world.started).toHaveLength(2);
    expect(world.started[1]).toEqual(expect.objectContaining({ scope: 'deploy', adopts: made }));
  });

  it('is nobody’s when the policy names another issuer', async () => {
    const { world } = await found((at) => edit(at, { issuer: 'Other' }));
    expect(await startRenewal(sweep, world.app)).toMatchObject({ state: 'waiting' });
    expect(await rowOf(world)).not.toHaveProperty('found');
  });

  it('is replaced when a person forces a renewal', async () => {
    const { world } = await found();
    await startRenewal({ ...sweep, reason: 'manual', force: true }, world.app);
    expect(world.started.at(-1)).not.toHaveProperty('scope');
  });

  it('leaves the row once it is accepted, and stays in it while it is not', async () => {
    const adopted = await livePath(paths.adopted as Path);
    const row = await rowOf(adopted.world);
    expect(row).not.toHaveProperty('found');
    expect(row?.expectedVersion).toBe(adopted.lived.result.new?.version);
    const records = await adopted.world.app.journal.read(adopted.lived.renewalId);
    expect(records.find(({ step }) => step === 'checkVersion')).toMatchObject({ facts: { adopted: true } });
    const refused = await livePath(paths['not-adopted'] as Path);
    const kept: CertificateRow | undefined = await rowOf(refused.world);
    expect(kept).toMatchObject({ found: present(refused.world).current?.version, foundAfter: 'a'.repeat(32) });
    expect(kept).not.toHaveProperty('undeployed');
    expect([...refused.world.served.values()]).not.toContain(present(refused.world).current?.sha256);
  });
});

describe('a version that was ordered and refused', () => {
  it('is judged again by the next attempt, and deployed once it is accepted', async () => {
    const { world, lived, bench } = await livePath(paths['partner-adds-a-name'] as Path);
    expect([...world.served.values()]).toEqual([lived.result.old?.sha256]);
    expect(lived.result).not.toHaveProperty('new');
    world.clock.advance(3_600_000);
    const again = await startRenewal(sweep, { ...bench.app, orchestrations: world.app.orchestrations });
    expect(again).toMatchObject({ state: 'started' });
    expect(world.started.at(-1)).toMatchObject({ scope: 'deploy', adopts: present(world).current?.version });
    expect(sha256Hex(Buffer.from(present(world).current?.der ?? '', 'base64'))).toBe(present(world).current?.sha256);
  });
});
