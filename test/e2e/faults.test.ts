import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultName, faultKinds, faultNames } from '../../local/faults/catalogue.ts';
import type { SetUp } from '../../local/faults/faults.ts';
import type { Scenario, Seeded } from '../../local/stand/scenarios.ts';
import { lookAt } from '../../local/stand/served.ts';
import { openStandBench, type StandBench, stories, type View } from './stand-bench.ts';

const [story] = stories('near-expiry');

/** A certificate for each fault, all alike, so that nothing but the fault tells them apart. */
function estateOf(faults: readonly FaultName[]): readonly Scenario[] {
  return faults.flatMap((fault) => (story === undefined ? [] : [{ ...story, fault }]));
}

/** Without passing faults: what a row ends in is to be the doing of its own fault alone. */
function openBench(seed: number, faults: readonly FaultName[]): Promise<StandBench> {
  const preload = resolve('dist/local/preload.mjs');
  return openStandBench({ seed, scenarios: estateOf(faults), events: false, faults: 'off', preload });
}

interface Met {
  readonly seeded: Seeded;
  readonly fault: SetUp;
  readonly id: string;
}

async function meet(bench: StandBench, name: FaultName, seconds?: number): Promise<Met> {
  const seeded = bench.stand.estate.certificates.find(({ fault }) => fault === name);
  if (seeded === undefined) throw new TypeError(`no certificate meets ${name}`);
  const fault = bench.stand.setUp(seeded, seconds);
  return { seeded, fault, id: await bench.renew(seeded) };
}

/** Lives through a fault that befalls everybody, and ends it. */
async function outlive(bench: StandBench, name: FaultName, seconds?: number): Promise<Met> {
  const met = await meet(bench, name, seconds);
  try {
    await bench.ended(met.id);
  } finally {
    met.fault.end();
  }
  return met;
}

/** Whether the vault has a version that was not there before. */
const hasMerged = (name: FaultName): boolean =>
  name === 'kv.foreign-merge' || ['renewed', 'partly-deployed'].includes(faultKinds[name].outcome);

/** Over our API, in the journal, in the vault, and on the site. */
async function isAsTheCatalogueSays(bench: StandBench, { seeded, fault, id }: Met): Promise<void> {
  const { outcome, reason } = faultKinds[fault.name];
  const view = (await bench.app.renewal(id)) as View | undefined;
  const told = JSON.stringify(view);
  expect([view?.outcome, view?.outcomeReason], told).toEqual([outcome, reason]);
  expect(fault.times(), 'the fault had no effect').toBeGreaterThan(0);
  expect((await bench.journal.read(id)).at(-1), told).toMatchObject({ step: 'close', facts: { outcome, reason } });
  expect(bench.versions(seeded), told).toBe(hasMerged(fault.name) ? 2 : 1);
  const { sha256 } = outcome === 'renewed' ? await bench.stand.current(seeded) : bench.stand.initial(seeded);
  expect(await lookAt(bench.stand.siteOf(seeded, 0), bench.stand.rootPemOf(seeded)), told).toMatchObject({ sha256 });
}

const named = (scope: 'certificate' | 'everybody'): readonly FaultName[] =>
  faultNames.filter((name) => faultKinds[name].scope === scope && !name.startsWith('id.'));

describe('on one stand', () => {
  let bench: StandBench;
  beforeAll(async () => {
    bench = await openBench(61, [...named('certificate'), ...named('everybody')]);
  });
  afterAll(() => bench?.close());

  describe('a fault that befalls one renewal', () => {
    const met = new Map<FaultName, Met>();
    beforeAll(async () => {
      for (const name of named('certificate')) met.set(name, await meet(bench, name));
      for (const { id } of met.values()) await bench.ended(id);
    });

    it.each(named('certificate'))('%s ends as the catalogue says', async (name) => {
      const found = met.get(name);
      expect(found).toBeDefined();
      if (found !== undefined) await isAsTheCatalogueSays(bench, found);
    });
  });

  describe('a fault that befalls everybody', () => {
    it.each(named('everybody'))('%s ends as the catalogue says', async (name) => {
      await isAsTheCatalogueSays(bench, await outlive(bench, name));
    });
  });
});

describe('with tokens that live two seconds', () => {
  const names = faultNames.filter((name) => name.startsWith('id.'));
  let bench: StandBench;
  beforeAll(async () => {
    bench = await openBench(62, names);
  });
  afterAll(() => bench?.close());

  it.each(names)('%s ends as the catalogue says', async (name) => {
    await isAsTheCatalogueSays(bench, await outlive(bench, name));
  });
});

describe('a vault that shows an expired certificate for good', () => {
  let bench: StandBench;
  beforeAll(async () => {
    bench = await openBench(63, ['net.tls-expired']);
  });
  afterAll(() => bench?.close());

  it('is told nothing more, and the renewal fails in the end', async () => {
    let calls = 0;
    const line = bench.stand.cloud.line(bench.stand.estate.certificates[0]?.vaultName ?? '');
    line.add((_request, next) => {
      if (line.troubled !== undefined) calls += 1;
      return next();
    });
    const { id, seeded, fault } = await meet(bench, 'net.tls-expired', Number.POSITIVE_INFINITY);
    expect(await bench.ended(id)).toMatchObject({ outcome: 'failed', outcomeReason: 'vault-unreachable' });
    // The one call that was under way when the certificate changed had its connection already.
    expect(calls).toBeLessThanOrEqual(2);
    expect(fault.times()).toBeGreaterThan(0);
    expect(bench.versions(seeded)).toBe(1);
    fault.end();
  });
});
