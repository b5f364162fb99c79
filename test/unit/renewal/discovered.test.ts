import { beforeEach, describe, expect, it } from 'vitest';
import type { Target } from '../../../src/plan/targets/target.ts';
import { type Place, placeOf } from '../../../src/renewal/place.ts';
import { withDiscovered } from '../../../src/renewal/steps/discovered.ts';
import type { CertificateReport } from '../../../src/targets/discovery/report.ts';
import type { CertificateToServe } from '../../../src/targets/port.ts';
import { createWorld, site, type World } from '../../builders/world.ts';

const GROUP = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers';
const certificate: CertificateToServe = { isPrivate: true, keyType: 'P-256', exportable: true };

/** A site as Resource Graph shows it, and as the estate file would hold it. */
function entry(name: string) {
  const hostName = `${name}.contoso.example`;
  return {
    kind: 'app-service',
    site: `${GROUP}/Microsoft.Web/sites/${name}`,
    certificateResource: name,
    hostName,
    tags: { ring: 'late' },
  };
}

let world: World;
let place: Place;
beforeEach(async () => {
  world = await createWorld();
  const found = placeOf(await world.app.estate(), 'kv-web', 'shop');
  if (found === undefined) throw new TypeError('the world has no shop');
  place = found;
});

async function lookFound(...uses: readonly object[]): Promise<void> {
  const report = { vault: 'kv-web', name: 'shop', uses } as unknown as CertificateReport;
  await world.app.rows.save('uses', 'kv-web/shop', { report: JSON.stringify(report) });
}

/** Ids of what the rollout deploys to. */
async function targets(discover = true, serve = certificate, estate = world.app.estate()): Promise<readonly string[]> {
  const asked = { ...place, certificate: { ...place.certificate, discover } };
  const all = await withDiscovered(asked, { estate: await estate, certificate: serve, app: world.app });
  return all.map(({ id }) => id);
}

describe('the targets of a rollout', () => {
  const own = site('shop').id;

  it('are those of the estate file while nobody says discover', async () => {
    await lookFound({ state: 'discovered', entry: entry('other') });
    expect(await targets(false)).toEqual([own]);
  });

  it('are the file’s first, and what was discovered behind them', async () => {
    await lookFound({ state: 'discovered', entry: entry('other') }, { state: 'discovered', entry: entry('more') });
    expect(await targets()).toEqual([
      own,
      'app-service:other:other.contoso.example',
      'app-service:more:more.contoso.example',
    ]);
  });

  it('are the file’s before the first look', async () => {
    expect(await targets()).toEqual([own]);
  });

  it.each(['explained', 'incomplete', 'pinned', 'copy', 'claimed', 'guided'])('are not what is %s', async (state) => {
    await lookFound({ state, entry: entry('other') });
    expect(await targets()).toEqual([own]);
  });

  it('are not what another certificate has claimed since the look', async () => {
    await lookFound({ state: 'discovered', entry: entry('other') });
    const estate = await world.app.estate();
    const claim = { id: 'app-service:other:other.contoso.example' } as Target;
    const another = { ...place.certificate, name: 'another', targets: [claim] };
    const claimed = { ...estate, certificates: [...estate.certificates, another] };
    expect(await targets(true, certificate, Promise.resolve(claimed))).toEqual([own]);
  });

  it('are not what its own check refuses, and the others are renewed all the same', async () => {
    await lookFound({ state: 'discovered', entry: entry('other') });
    world.levers.preflight = 'private-ca-on-multi-tenant';
    expect(await targets()).toEqual([own]);
  });

  it('are not what never takes such a key', async () => {
    await lookFound({ state: 'discovered', entry: entry('other') });
    expect(await targets(true, { ...certificate, exportable: false })).toEqual([own]);
  });

  it('are not what the estate file would refuse', async () => {
    await lookFound({ state: 'discovered', entry: { ...entry('other'), site: 'elsewhere' } });
    expect(await targets()).toEqual([own]);
  });
});
