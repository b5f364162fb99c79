import modelDeployer from '../../infra/roles/scale-set-model-deployer.json' with { type: 'json' };
import { armError } from '../../local/arm/answers.ts';
import { Model, type ScaleSet } from '../../local/arm/compute/scale-set-model.ts';
import { scaleSetRoutes } from '../../local/arm/compute/scale-sets.ts';
import { serveBalanced } from '../../local/consumers/balancer.ts';
import type { ScaleSetTarget } from '../../src/plan/targets/scale-set.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { HOST, SUBSCRIPTION } from '../unit/local/arm/bench.ts';
import { computeBench, linuxSeed, PATH, SECRET } from '../unit/local/arm/compute-bench.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { armBench } from './arm-bench.ts';
import { instanceOf, SET } from './scale-set-bench.ts';
import type { TargetBench } from './target-under-test.ts';

export const ROLE: readonly string[] = modelDeployer.actions;
const GROUP = SET.slice(0, SET.indexOf('/providers/'));

type Secrets = Awaited<ReturnType<typeof makeSecrets>>;

export interface ModelWish {
  readonly set?: Partial<ScaleSet>;
  readonly instances?: number;
  readonly role?: readonly string[];
}

/** What the extension of a model is told to follow. */
export function extensionOf(url: unknown, change: Readonly<Record<string, unknown>> = {}) {
  const settings = { secretsManagementSettings: { pollingIntervalInS: '3600', observedCertificates: [url] } };
  const properties = { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', settings, ...change };
  return { name: 'KeyVaultForLinux', properties };
}

/** A set behind a balancer whose instances read their file for each connection; the vault holds the renewed certificate. */
export async function openModel(
  { ca, old, renewed }: Secrets,
  { set: change, instances = 3, role = ROLE }: ModelWish = {},
) {
  const bench = computeBench();
  const { compute, clock, vault, appService, operations } = bench;
  const place = { secret: SECRET, path: PATH, hostNames: [HOST] };
  vault.now = old.secret;
  const add = (name: string) => compute.addMachine(linuxSeed(name, { resourceId: instanceOf(name), places: [place] }));
  for (let name = 0; name < instances; name += 1) await add(String(name));
  vault.now = renewed.secret;
  const set: ScaleSet = {
    ...{ resourceId: SET, location: 'westeurope', orchestrationMode: 'Uniform', upgradeMode: 'Automatic' },
    extensions: [extensionOf({ url: SECRET })],
    ...change,
  };
  const model = new Model(set, compute, operations);
  const routes = [
    ...scaleSetRoutes(compute, { sets: [set], models: [model], perPage: instances > 10 ? 200 : 2 }),
    ...bench.routes,
  ];
  const arm = await armBench({ role, scope: GROUP, clock, appService, subscriptions: [SUBSCRIPTION], routes });
  bench.origin.now = arm.url;
  const balancer = await serveBalanced(compute.machines, { port: 0 });
  const target: ScaleSetTarget = {
    ...{ kind: 'scale-set', id: 'scale-set:11111111/rg-ss/web', scaleSet: SET, deployBy: 'model' },
    ...{ location: 'westeurope', os: 'linux', path: PATH, waitSeconds: 120 },
    endpoint: { host: balancer.host, port: balancer.port, sni: HOST },
  };
  const loaded = () => compute.machines().map(({ places }) => places[0]?.loaded?.sha256);
  let before = loaded();
  let effects = 0;
  return {
    ...{ ...bench, add, arm, model, target },
    adapter: createTarget('scale-set', { arm: arm.arm, clock, roots: [ca.root.pem], pause: bench.pause }),
    loaded,
    /** How often all of the set took another certificate. */
    effects: () => effects,
    async pass(seconds: number): Promise<void> {
      await bench.pass(seconds);
      const now = loaded();
      if (!now.every((sha256, at) => sha256 !== before[at])) return;
      effects += 1;
      before = now;
    },
    async close(): Promise<void> {
      await arm.close();
      await balancer.close();
      compute.stop();
      operations.stop();
    },
  };
}

let secrets: Promise<Secrets> | undefined;

/** Scale sets that are deployed to by their model, in the words of every target's suite. */
export const scaleSetModelTarget: TargetBench = {
  title: 'A scale set that is deployed to by its model, as every kind of target',
  role: 'Perennial scale set model deployer',
  lacks: {
    'already-there': 'that one instance behind the endpoint has the version says nothing of the others',
    'roll-back': 'the extension takes the newest version, and no other: scale-set-model.test.ts',
  },
  demands: ROLE.filter((action) => !/rollingUpgrades|manualUpgrade/.test(action)),
  conflicts: [armError(409, 'Conflict', 'The request failed due to conflict with a concurrent request.')],
  async setUp({ lies = false, gone = false, without }) {
    secrets ??= makeSecrets();
    const { old, renewed, ...rest } = await secrets;
    const open = await openModel({ old, renewed, ...rest }, { role: ROLE.filter((action) => action !== without) });
    if (lies) for (const { resourceId } of open.compute.machines()) open.compute.fault(resourceId, 'lies');
    return {
      ...{ adapter: open.adapter, target: gone ? { ...open.target, scaleSet: `${SET}-gone` } : open.target },
      ...{ old: versionOf(old), renewed: versionOf(renewed), pass: open.pass, effects: open.effects },
      ...{ writes: () => open.arm.counts.writes, plant: open.arm.plant, tearDown: open.close },
    };
  },
};
