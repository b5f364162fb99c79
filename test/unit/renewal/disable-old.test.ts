import { beforeEach, describe, expect, it } from 'vitest';
import { only } from '../../../src/estate/app-rows.ts';
import { summaryOf } from '../../../src/renewal/steps/inspect.ts';
import { runStep, type Step } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { CertificateReport } from '../../../src/targets/discovery/report.ts';
import { createWorld, NOW, site, VAULT_URI, type versionOf, type World } from '../../builders/world.ts';

const target = site('shop');
const GATEWAY = '/subscriptions/s/resourceGroups/web/providers/Microsoft.Network/applicationGateways/edge';

let world: World;
let old: ReturnType<typeof versionOf>;
let version: ReturnType<typeof versionOf>;
beforeEach(async () => {
  world = await createWorld();
  const held = world.vault.get('shop');
  if (held.state === 'absent' || held.current === undefined) throw new TypeError('the world has no shop');
  old = held.current;
  version = { ...old, version: 'b'.repeat(32), sha256: 'b'.repeat(64) };
  world.vault.set('shop', { ...held, current: version });
  await sees(target.id, version.sha256);
});

/** The row of a target: what it was last seen serving, and whether that is what this renewal expects. */
async function sees(targetId: string, servedSha256: string): Promise<void> {
  await world.app.store.saveTarget({
    ...{ certificate: 'kv-web/shop', targetId, kind: 'app-service', renewalId: 'r', seenAt: NOW.toISOString() },
    ...{ servedSha256, expectedSha256: version.sha256, verified: servedSha256 === version.sha256 },
  });
}

async function usedBy(use: object, more: Partial<CertificateReport> = {}): Promise<void> {
  const uses = [{ kind: 'application-gateway', resourceId: GATEWAY, state: 'pinned', version: old.version, ...use }];
  const report = { vault: 'kv-web', name: 'shop', uses, moreUses: 0, ...more };
  await world.app.rows.save('uses', 'kv-web/shop', { report: JSON.stringify(report) });
}

async function disabled(): Promise<{ readonly disabled: boolean; readonly detail: string }> {
  const call = { renewalId: 'r', vault: 'kv-web', certificate: 'shop', attempt: 1 };
  const input = { ...call, vaultUri: VAULT_URI, old: summaryOf(old), version: summaryOf(version) };
  const answer = await runStep('disableOld', steps.disableOld as Step<'disableOld'>, { input, app: world.app });
  if (answer.state !== 'done') throw new TypeError(JSON.stringify(answer));
  expect(world.vault.disabled).toEqual(answer.value.disabled ? [old.version] : []);
  return answer.value;
}

describe('the version before', () => {
  it('is disabled once every target was seen serving the new one', async () => {
    expect(await disabled()).toMatchObject({ disabled: true });
  });

  it('is disabled although a place names another version', async () => {
    await usedBy({ version: 'c'.repeat(32) });
    expect(await disabled()).toMatchObject({ disabled: true });
  });

  it('is disabled although a target named it when the uses were looked at', async () => {
    await usedBy({ target: target.id });
    expect(await disabled()).toMatchObject({ disabled: true });
  });

  it('is kept while a target serves it', async () => {
    await sees('app-service:elsewhere:www', old.sha256);
    expect(await disabled()).toEqual({ disabled: false, detail: 'app-service:elsewhere:www served it when last seen' });
  });

  it('is kept while a target of the file was not seen serving the new one', async () => {
    await sees(target.id, 'd'.repeat(64));
    expect(await disabled()).toEqual({
      disabled: false,
      detail: `${target.id} not seen serving the new version`,
    });
  });

  it('is kept while a place names it', async () => {
    await usedBy({});
    expect(await disabled()).toEqual({ disabled: false, detail: `${GATEWAY} named it when its uses were looked at` });
  });

  it('is kept while there are more uses than are known', async () => {
    await usedBy({ version: undefined }, { moreUses: 3 });
    expect(await disabled()).toEqual({ disabled: false, detail: '3 more uses are not known' });
  });

  it.each([
    { problems: [{ kind: 'application-gateway', code: 'arm-throttled', problem: '429' }] },
    { unseen: [{ subscription: 's', missing: 'Reader' }] },
    { state: 'failed' },
  ])('is kept while the last look did not see everything: %o', async (seen) => {
    const look = { state: 'looked', problems: [], unseen: [], ...seen };
    const completedAt = NOW.toISOString();
    await world.app.rows.save('usesLook', only, { completedAt, report: JSON.stringify(look) });
    expect(await disabled()).toEqual({ disabled: false, detail: 'the last look at its uses did not see everything' });
  });

  it('is kept while what was discovered has not been seen, where the certificate says discover', async () => {
    await usedBy({ state: 'discovered', version: undefined, target: 'application-gateway:edge:shop' });
    expect(await disabled()).toMatchObject({ disabled: true });
    world.vault.disabled.length = 0;
    const estate = await world.app.estate();
    const certificates = estate.certificates.map((one) => ({ ...one, discover: true }));
    world = { ...world, app: { ...world.app, estate: async () => ({ ...estate, certificates }) } };
    expect(await disabled()).toEqual({
      disabled: false,
      detail: `${GATEWAY} discovered, and not seen serving the new version`,
    });
  });

  it('is kept when another version is current by now', async () => {
    const held = world.vault.get('shop');
    if (held.state === 'absent') throw new TypeError('the world has no shop');
    world.vault.set('shop', { ...held, current: { ...version, version: 'e'.repeat(32) } });
    expect(await disabled()).toEqual({ disabled: false, detail: 'another version is current by now' });
  });
});
