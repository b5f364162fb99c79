import { describe, expect, it } from 'vitest';
import type { Keys } from '../../../local/pki.ts';
import { type ErrorCode, RenewalError } from '../../../src/errors.ts';
import type { Inspection } from '../../../src/vault/port.ts';
import { createStepRunner } from '../../builders/step-runner.ts';
import { createWorld, pendingOf } from '../../builders/world.ts';

type Present = Extract<Inspection, { state: 'present' }>;

/** The vault answers the first request with an error, which ends the try. */
async function refusedOnce(code: ErrorCode, inVault?: 'Partner') {
  const world = await createWorld({ ...(inVault && { inVault }) });
  const runner = await createStepRunner(world);
  const inspected = await runner.value('inspect', { reason: 'sweep' });
  world.vault.fail = (verb) => {
    if (verb === 'request') throw new RenewalError(code, 'key-vault: request: simulated');
  };
  expect(await runner.run('request', { inspected })).not.toMatchObject({ state: 'done' });
  delete world.vault.fail;
  return { world, runner, inspected };
}

type Refused = Awaited<ReturnType<typeof refusedOnce>>;

/** Somebody begins an operation that asks for the same. */
function begin({ world }: Refused): void {
  const held = world.vault.get('shop') as Present;
  const { subject, dnsNames } = held.policy;
  world.vault.set('shop', { ...held, pending: pendingOf({ subject, dnsNames }, world.keys[1] as Keys) });
}

async function nextRenewal({ world, runner }: Refused): Promise<void> {
  runner.renewalId = 'the-next-renewal-0123456789abcdef';
  const found = await world.app.store.certificate('kv-web', 'shop');
  if (found) await world.app.store.saveCertificate({ ...found.row, renewalId: runner.renewalId }, found.etag);
}

describe('what a person begins after the vault did not let us ask', () => {
  it('is not taken for ours, and is left alone', async () => {
    const refused = await refusedOnce('vault-forbidden');
    begin(refused);
    const { world, runner, inspected } = refused;
    const answer = await runner.run('request', { inspected });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'refused', outcomeReason: 'foreign-pending' });
    expect(world.vault.calls).not.toContain('discard');
  });

  it('is not taken for an earlier renewal’s either', async () => {
    const refused = await refusedOnce('vault-forbidden');
    begin(refused);
    const { runner, inspected } = refused;
    await nextRenewal(refused);
    const answer = await runner.run('request', { inspected });
    expect(answer).toMatchObject({ state: 'ended', outcomeReason: 'foreign-pending' });
  });

  it('is somebody else’s to cancel where the issuer is inside the vault', async () => {
    const { world, runner, inspected } = await refusedOnce('vault-forbidden', 'Partner');
    world.partner?.begin('shop');
    expect(await runner.value('request', { inspected })).toMatchObject({ resumed: true, isForeign: true });
  });
});

describe('our mark', () => {
  it.each(['vault-unreachable', 'vault-conflict', 'vault-throttled'] as const)(
    'stays after %s, which may hide an effect',
    async (code) => {
      const refused = await refusedOnce(code);
      begin(refused);
      expect(await refused.runner.value('request', { inspected: refused.inspected })).toMatchObject({ resumed: true });
    },
  );

  it('is made again by the next try', async () => {
    const refused = await refusedOnce('vault-forbidden');
    const { world, runner, inspected } = refused;
    world.vault.fail = (verb) => {
      if (verb === 'request') throw new RenewalError('vault-unreachable', 'key-vault: request: simulated');
    };
    await runner.run('request', { inspected });
    delete world.vault.fail;
    begin(refused);
    expect(await runner.value('request', { inspected })).toMatchObject({ resumed: true });
  });

  it('of an earlier renewal counts, whatever a later one was refused', async () => {
    const refused = await refusedOnce('vault-unreachable');
    const { world, runner, inspected } = refused;
    await nextRenewal(refused);
    world.clock.advance(60_000);
    world.vault.fail = (verb) => {
      if (verb === 'request') throw new RenewalError('vault-forbidden', 'key-vault: request: simulated');
    };
    await runner.run('request', { inspected });
    delete world.vault.fail;
    begin(refused);
    expect(await runner.value('request', { inspected })).toMatchObject({ resumed: true });
  });
});
