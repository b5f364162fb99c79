import { describe, expect, it } from 'vitest';
import { startRenewal } from '../../../src/renewal/start.ts';
import type { Inspection, PendingFacts } from '../../../src/vault/port.ts';
import { createStepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

type Present = Extract<Inspection, { state: 'present' }>;

const sweep = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
const present = (world: World) => world.vault.get('shop') as Present;
const rowOf = async (world: World) => (await world.app.store.certificate('kv-web', 'shop'))?.row;

/** The vault has renewed by itself before anybody looked. */
async function renewedBefore(dnsNames?: readonly string[], change: Partial<PendingFacts> = {}) {
  const world = await createWorld({ inVault: 'Partner', leftDays: 80 });
  if (world.partner) world.partner.issueSeconds = 0;
  if (world.partner && dnsNames) world.partner.dnsNames = dnsNames;
  world.partner?.begin('shop');
  world.partner?.settle('shop');
  const { pending, ...held } = present(world);
  if (pending) world.vault.set('shop', { ...held, pending: { ...pending, ...change } });
  return { world, made: present(world).current?.version };
}

const more = ['shop.contoso.example', 'evil.contoso.example'];

describe('the first look at a certificate of an issuer inside the vault', () => {
  it.each([
    ['a name more', more],
    ['another name', ['other.contoso.example']],
  ])('has a version with %s than was asked for judged', async (_title, names) => {
    const { world, made } = await renewedBefore(names);
    expect(await startRenewal(sweep, world.app)).toMatchObject({ state: 'started' });
    expect(world.started.at(-1)).toMatchObject({ scope: 'deploy', adopts: made });
    expect(await rowOf(world)).toMatchObject({ found: made });
  });

  it('has it judged by the next sweep when an event told of it', async () => {
    const { world, made } = await renewedBefore(more);
    expect(await startRenewal({ ...sweep, reason: 'new-version-event' }, world.app)).toMatchObject({
      state: 'waiting',
    });
    expect(await rowOf(world)).toMatchObject({ found: made, expectedVersion: made });
    const runner = await createStepRunner(world);
    const { plan, targets = [], vaultUri } = await runner.value('inspect', { reason: 'sweep' });
    const asks = { plan, targets, vaultUri, reason: 'sweep', ...(made !== undefined && { adopts: made }) } as const;
    const answer = await runner.run('checkVersion', asks);
    expect(answer).toMatchObject({ state: 'ended', outcome: 'needs-person', outcomeReason: 'names-differ' });
    expect('detail' in answer && answer.detail).toContain(made);
  });

  it.each([
    ['has the names that were asked for', undefined, {}],
    ['was asked for of another issuer', more, { issuer: 'Other' }],
    ['is not the one of the last operation', more, { status: 'failed' }],
    ['was asked for by what cannot be read', more, { csr: '' }],
  ] as const)('takes a version as it is that %s', async (_title, names, change) => {
    const { world, made } = await renewedBefore(names, change);
    expect(await startRenewal(sweep, world.app)).toMatchObject({ state: 'waiting' });
    expect(await rowOf(world)).toMatchObject({ expectedVersion: made });
    expect(await rowOf(world)).not.toHaveProperty('found');
  });

  it('takes a version as it is that somebody has merged over the last operation', async () => {
    const { world } = await renewedBefore();
    const other = await renewedBefore(more);
    other.world.partner?.begin('shop');
    other.world.partner?.settle('shop');
    const { current } = present(other.world);
    world.vault.set('shop', { ...present(world), ...(current && { current }) });
    expect(await startRenewal(sweep, world.app)).toMatchObject({ state: 'waiting' });
    expect(await rowOf(world)).not.toHaveProperty('found');
  });
});
