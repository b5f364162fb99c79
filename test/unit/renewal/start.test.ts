import { beforeEach, describe, expect, it } from 'vitest';
import { createKeys } from '../../../local/pki.ts';
import { RenewalError } from '../../../src/errors.ts';
import { isRenewalId } from '../../../src/renewal/ids.ts';
import { type StartRequest, startRenewal } from '../../../src/renewal/start.ts';
import { createWorld, NOW, pendingOf, VAULT_URI, type World } from '../../builders/world.ts';

const request = (changes: Partial<StartRequest> = {}): StartRequest => ({
  vault: 'kv-web',
  certificate: 'shop',
  reason: 'sweep',
  force: false,
  ...changes,
});

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

describe('startRenewal', () => {
  it('claims what is due and starts one instance under the renewal id', async () => {
    const started = await startRenewal(request(), world.app);
    expect(started).toMatchObject({ state: 'started', vault: 'kv-web', certificate: 'shop' });
    expect(world.started).toHaveLength(1);
    const [input] = world.started;
    expect(isRenewalId(input?.renewalId ?? '')).toBe(true);
    const row = (await world.app.store.certificate('kv-web', 'shop'))?.row;
    expect(row).toMatchObject({ state: 'renewing', attempt: 1, renewalId: input?.renewalId, startReason: 'sweep' });
  });

  it('finds the vault by its URI and the certificate without case', async () => {
    expect(await startRenewal(request({ vault: `${VAULT_URI}/`, certificate: 'SHOP' }), world.app)).toMatchObject({
      state: 'started',
    });
  });

  it('starts one renewal for five requests at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => startRenewal(request({ reason: 'near-expiry-event' }), world.app)),
    );
    expect(new Set(world.started.map((input) => input.renewalId)).size).toBe(1);
    expect(answers.map((answer) => answer.state).sort()).toEqual([
      'running',
      'running',
      'running',
      'running',
      'started',
    ]);
  });

  it('heals a crash between claim and start under the same id', async () => {
    const crash = new RenewalError('storage-unreachable', 'durable: start failed');
    const dying = { ...world.app, orchestrations: { ...world.app.orchestrations, start: () => Promise.reject(crash) } };
    await expect(startRenewal(request(), dying)).rejects.toBe(crash);
    const claimed = (await world.app.store.certificate('kv-web', 'shop'))?.row.renewalId;
    expect(await startRenewal(request(), world.app)).toMatchObject({ state: 'running', renewalId: claimed });
    expect(world.started.map((input) => input.renewalId)).toEqual([claimed]);
  });

  it('writes the renewal point of what is not due and starts nothing', async () => {
    const healthy = await createWorld({ leftDays: 60 });
    const answer = await startRenewal(request(), healthy.app);
    expect(answer).toMatchObject({ state: 'waiting', outcomeReason: 'not-due' });
    expect(healthy.started).toEqual([]);
    const row = (await healthy.app.store.certificate('kv-web', 'shop'))?.row;
    expect(row?.dueAt && row.dueAt > NOW.toISOString()).toBe(true);
  });

  it('renews what is not due when a person forces it', async () => {
    const healthy = await createWorld({ leftDays: 60 });
    expect(await startRenewal(request({ reason: 'manual', force: true }), healthy.app)).toMatchObject({
      state: 'started',
    });
  });

  it.each([
    ['a vault outside the estate', { vault: 'https://evil.example' }, 'vault-outside-estate'],
    ['a certificate outside the estate', { certificate: 'other' }, 'not-in-estate'],
  ])('refuses %s without asking any vault', async (_title, changes, outcomeReason) => {
    expect(await startRenewal(request(changes), world.app)).toMatchObject({ state: 'refused', outcomeReason });
    expect(world.vault.calls).toEqual([]);
  });

  it('journals a refusal once, however often it is asked', async () => {
    const found = world.vault.get('shop');
    if (found.state !== 'present') throw new TypeError('the world holds shop');
    const pending = pendingOf(
      { subject: 'CN=shop.contoso.example', dnsNames: ['shop.contoso.example'] },
      await createKeys('P-256'),
    );
    world.vault.set('shop', { ...found, pending });
    const first = await startRenewal(request(), world.app);
    const again = await startRenewal(request(), world.app);
    expect(first).toMatchObject({ state: 'refused', outcome: 'refused', outcomeReason: 'foreign-pending' });
    expect(again).toEqual(first);
    const chain = await world.app.journal.read(first.state === 'refused' ? (first.renewalId ?? '') : '');
    expect(chain.map((record) => record.facts.outcomeReason)).toEqual(['foreign-pending']);
  });

  it('waits out the back-off for events and the sweep, not for a person who forces it', async () => {
    await startRenewal(request(), world.app);
    const found = await world.app.store.certificate('kv-web', 'shop');
    if (found === undefined) throw new TypeError('the row is there');
    const nextAttemptAt = new Date(NOW.getTime() + 3_600_000).toISOString();
    await world.app.store.saveCertificate(
      { ...found.row, state: 'idle', failedAttempts: 1, nextAttemptAt },
      found.etag,
    );
    expect(await startRenewal(request(), world.app)).toMatchObject({ state: 'waiting', outcomeReason: 'backing-off' });
    expect(await startRenewal(request({ reason: 'manual', force: true }), world.app)).toMatchObject({
      state: 'started',
    });
    expect((await world.app.store.certificate('kv-web', 'shop'))?.row.attempt).toBe(2);
  });

  it.each(['sweep', 'near-expiry-event'] as const)(
    'queues what is due by %s while its vault has no turn left',
    async (reason) => {
      const busy = { ...world.app, startsPerVault: 0 };
      expect(await startRenewal(request({ reason }), busy)).toMatchObject({
        state: 'waiting',
        outcomeReason: 'queued',
      });
      expect(world.started).toEqual([]);
      const row = (await world.app.store.certificate('kv-web', 'shop'))?.row;
      expect(row).toMatchObject({ state: 'idle', attempt: 0, queuedAt: NOW.toISOString() });
    },
  );

  it('lets no person wait for a turn', async () => {
    const busy = { ...world.app, startsPerVault: 0 };
    expect(await startRenewal(request({ reason: 'manual' }), busy)).toMatchObject({ state: 'started' });
  });

  it('lets what only deploys wait for no turn', async () => {
    const young = await createWorld({ leftDays: 85 });
    await startRenewal(request(), young.app);
    const found = await young.app.store.certificate('kv-web', 'shop');
    if (found === undefined) throw new TypeError('the row is there');
    await young.app.store.saveCertificate({ ...found.row, undeployed: 'a'.repeat(32) }, found.etag);
    expect(await startRenewal(request(), { ...young.app, startsPerVault: 0 })).toMatchObject({ state: 'started' });
  });

  it('deploys a version again that was merged and not seen served everywhere', async () => {
    const young = await createWorld({ leftDays: 85 });
    const held = young.vault.get('shop');
    const version = held.state === 'present' ? held.current?.version : undefined;
    await startRenewal(request(), young.app);
    const found = await young.app.store.certificate('kv-web', 'shop');
    if (found === undefined || version === undefined) throw new TypeError('row and version are there');
    await young.app.store.saveCertificate({ ...found.row, undeployed: version }, found.etag);
    expect(await startRenewal(request(), young.app)).toMatchObject({ state: 'started' });
    expect(young.started).toMatchObject([{ scope: 'deploy' }]);
    expect((await young.app.store.certificate('kv-web', 'shop'))?.row.startScope).toBe('deploy');
  });

  it('says so when the vault cannot be reached, and leaves no claim behind', async () => {
    world.vault.fail = () => {
      throw new RenewalError('vault-unreachable', 'key-vault: no answer');
    };
    await expect(startRenewal(request(), world.app)).rejects.toMatchObject({ code: 'vault-unreachable' });
    expect(await world.app.store.certificate('kv-web', 'shop')).toBeUndefined();
  });
});
