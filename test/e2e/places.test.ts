import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmulatorRequest } from '../../local/emulator.ts';
import { says } from '../../local/faults/mishaps.ts';
import type { SeededPlace } from '../../local/stand/places/place.ts';
import { placeStories } from '../../local/stand/places/stories.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { lookAt } from '../../local/stand/served.ts';
import { openStandBench, type StandBench, type View } from './stand-bench.ts';

/** Timers that would finish anything of themselves run once a year. */
const quiet = Object.fromEntries(
  ['SWEEP', 'WATCHDOG', 'HEARTBEAT'].map((timer) => [`PERENNIAL_${timer}_SCHEDULE`, '0 0 0 1 1 *']),
);

let bench: StandBench;
/** Goes before each write of a gateway, once. */
let beforeWrite: (() => Promise<unknown>) | undefined;
beforeAll(async () => {
  bench = await openStandBench({
    ...{ seed: 61, scenarios: placeStories, events: false, faults: 'off', settings: quiet },
    before: (emulator, name) =>
      name !== 'arm'
        ? emulator
        : {
            async handle(request) {
              if (isGatewayWrite(request)) await take();
              return emulator.handle(request);
            },
          },
  });
});
afterAll(() => bench?.close());

const isGatewayWrite = ({ method, url }: EmulatorRequest): boolean =>
  method === 'PUT' && /\/applicationGateways\/[^/]+$/i.test(url.pathname);

async function take(): Promise<void> {
  const act = beforeWrite;
  beforeWrite = undefined;
  await act?.();
}

function placeOf(key: Seeded['key']): SeededPlace {
  const [place] = bench.stand.places.of(bench.seeded(key));
  if (place === undefined) throw new TypeError(`${key} has no place`);
  return place;
}

/** What any TLS client is shown there. */
async function served(key: Seeded['key']) {
  return lookAt(placeOf(key), bench.stand.rootPemOf(bench.seeded(key)));
}

const renew = async (key: Seeded['key']): Promise<View> => bench.ended(await bench.renew(bench.seeded(key)));

async function resume({ id }: View): Promise<View> {
  const { url, keys } = bench.host;
  const response = await fetch(`${url}/api/renewals/${id}/resume`, {
    method: 'POST',
    headers: { 'x-functions-key': keys.function },
  });
  const body = (await response.json()) as { id: string };
  expect(response.status, JSON.stringify(body)).toBe(202);
  return bench.ended(body.id);
}

async function expectServed(key: Seeded['key'], view: View): Promise<void> {
  expect(view).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', verified: '1/1' });
  expect(await served(key)).toEqual({ state: 'trusted', sha256: view.newSha256 });
}

describe('a renewal to a place of each kind', () => {
  it.each(['on-machine', 'on-scale-set', 'on-gateway', 'on-cluster', 'behind-webhook'] as const)(
    'ends when a TLS client is shown the new certificate (%s)',
    async (key) => expectServed(key, await renew(key)),
  );
});

describe('a cluster whose Role was taken away', () => {
  it('is told of by the Role that is missing, and done by a resume when it is back', async () => {
    const giveBack = bench.stand.places.unbind(bench.seeded('on-cluster'));
    const before = await served('on-cluster');
    const view = await renew('on-cluster');
    expect(view).toMatchObject({ outcome: 'partly-deployed', outcomeReason: 'roll-back-failed', verified: '0/1' });
    expect(view.detail).toContain('infra/kubernetes/deployer.yaml');
    expect(await served('on-cluster')).toEqual(before);
    giveBack();
    const versions = bench.versions(bench.seeded('on-cluster'));
    const second = await resume(view);
    await expectServed('on-cluster', { ...second, newSha256: view.newSha256 ?? '' });
    expect(bench.versions(bench.seeded('on-cluster'))).toBe(versions);
  });
});

describe('a gateway that somebody else writes at the same moment', () => {
  it('keeps what they wrote, and serves the new certificate in the end', async () => {
    const { gateways } = bench.stand.places;
    const { resourceId } = placeOf('on-gateway');
    let states: readonly string[] = [];
    beforeWrite = async () => {
      const body = gateways.gateway(resourceId)?.body ?? {};
      const written = await gateways.put(resourceId, { ...body, tags: { ...Object(body.tags), theirs: 'kept' } });
      states = [written.state];
    };
    await expectServed('on-gateway', await renew('on-gateway'));
    expect(states).toEqual(['accepted']);
    expect(gateways.gateway(resourceId)?.body.tags).toMatchObject({ theirs: 'kept' });
  });
});

describe('a scale set of which one instance lies', () => {
  it('is not verified, whatever the others serve', async () => {
    const { compute } = bench.stand.machines;
    const liar = `${placeOf('on-scale-set').resourceId}/virtualMachines/1`;
    compute.fault(liar, 'lies');
    const view = await renew('on-scale-set');
    expect(view).toMatchObject({ outcomeReason: 'targets-unverified', verified: '0/1' });
    expect(view.outcome).not.toBe('renewed');
    expect(view.detail).toContain('instance 1');
    compute.fault(liar, 'lies', false);
  });
});

describe('a webhook whose receiver answers 500', () => {
  it('leaves the renewal partly deployed, and a resume finishes it', async () => {
    const certificate = bench.seeded('behind-webhook');
    const before = await served('behind-webhook');
    const mend = bench.stand.cloud
      .line(bench.stand.places.hookOf(certificate).name)
      .add((_request, next) => says(500, 'InternalServerError')(next));
    const view = await renew('behind-webhook');
    expect(view).toMatchObject({ outcome: 'partly-deployed', outcomeReason: 'targets-unverified', verified: '0/1' });
    expect(view.detail).toContain('500');
    expect(await served('behind-webhook')).toEqual(before);
    mend();
    const versions = bench.versions(certificate);
    await expectServed('behind-webhook', { ...(await resume(view)), newSha256: view.newSha256 ?? '' });
    expect(bench.versions(certificate)).toBe(versions);
  });
});
