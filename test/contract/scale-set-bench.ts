import machineDeployer from '../../infra/roles/machine-deployer.json' with { type: 'json' };
import scaleSetDeployer from '../../infra/roles/scale-set-deployer.json' with { type: 'json' };
import { armError } from '../../local/arm/answers.ts';
import { scaleSetRoutes } from '../../local/arm/compute/scale-sets.ts';
import { RenewalError } from '../../src/errors.ts';
import type { ScaleSetTarget } from '../../src/plan/targets/scale-set.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { SUBSCRIPTION } from '../unit/local/arm/bench.ts';
import { computeBench, linuxSeed, PATH } from '../unit/local/arm/compute-bench.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { armBench } from './arm-bench.ts';
import type { TargetBench } from './target-under-test.ts';

export const ROLE: readonly string[] = scaleSetDeployer.actions;
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-ss`;
export const SET = `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/web`;

type Secrets = Awaited<ReturnType<typeof makeSecrets>>;

export interface ScaleSetWish {
  readonly instances?: number;
  readonly orchestrationMode?: 'Uniform' | 'Flexible';
  readonly role?: readonly string[];
  /** No wait in the process until `relent`: what is throttled is given up at once. */
  readonly impatient?: boolean;
}

/** A set whose instances serve the old certificate, a vault that holds the renewed one, and the adapter over the real client. */
export async function openScaleSet(
  { ca, old, renewed }: Secrets,
  { instances = 3, orchestrationMode = 'Uniform', role = ROLE, impatient = false }: ScaleSetWish = {},
) {
  const bench = computeBench();
  const { compute, clock, vault, appService } = bench;
  vault.now = old.secret;
  const isFlexible = orchestrationMode === 'Flexible';
  const add = (name: string) =>
    compute.addMachine(
      linuxSeed(name, isFlexible ? { resourceId: machineOf(name), scaleSet: SET } : { resourceId: instanceOf(name) }),
    );
  for (let at = 0; at < instances; at += 1) await add(isFlexible ? `web_${at}` : String(at));
  vault.now = renewed.secret;
  const sets = [{ resourceId: SET, location: 'westeurope', orchestrationMode }];
  const routes = [...scaleSetRoutes(compute, { sets, perPage: instances > 10 ? 200 : 2 }), ...bench.routes];
  const arm = await armBench({ role, scope: GROUP, clock, appService, subscriptions: [SUBSCRIPTION], routes });
  bench.origin.now = arm.url;
  const target: ScaleSetTarget = {
    ...{ kind: 'scale-set', id: 'scale-set:11111111/rg-ss/web', scaleSet: SET },
    ...{ location: 'westeurope', os: 'linux', path: PATH, service: 'nginx', waitSeconds: 120 },
  };
  const loaded = () => compute.machines().map(({ places }) => places[0]?.loaded?.sha256);
  let before = loaded();
  let effects = 0;
  let isPatient = !impatient;
  return {
    ...{ ...bench, add, arm, target },
    adapter: createTarget('scale-set', {
      ...{ arm: arm.arm, clock, roots: [ca.root.pem] },
      pause: (milliseconds) =>
        isPatient ? bench.pause(milliseconds) : Promise.reject(new RenewalError('arm-throttled', 'nobody waits')),
    }),
    relent(): void {
      isPatient = true;
    },
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
      compute.stop();
      bench.operations.stop();
    },
  };
}

export function instanceOf(name: string): string {
  return `${SET}/virtualMachines/${name}`;
}

/** Of a flexible set, where instances are machines beside it. */
export function machineOf(name: string): string {
  return `${GROUP}/providers/Microsoft.Compute/virtualMachines/${name}`;
}

/** What telling the instances of a flexible set needs: the role of machines goes with that of sets. */
export const FLEXIBLE_ROLE: readonly string[] = [...ROLE, ...machineDeployer.actions];

let secrets: Promise<Secrets> | undefined;

/** Scale sets in the words of every target's suite. */
export const scaleSetTarget: TargetBench = {
  title: 'A scale set, as every kind of target',
  role: 'Perennial scale set deployer',
  lacks: {
    'already-there': 'the same command is written again, and Azure runs it no second time',
    pulled: 'an instance reports when it is told to, and by itself it only takes the file',
    'roll-back': 'as pulled: after the pull nobody reports; going back itself is in scale-set.test.ts',
  },
  demands: ROLE.filter((action) => !action.endsWith('runCommands/read')),
  conflicts: [armError(409, 'Conflict', 'The request failed due to conflict with a concurrent request.')],
  async setUp({ lies = false, gone = false, without }) {
    secrets ??= makeSecrets();
    const { old, renewed, ...rest } = await secrets;
    const open = await openScaleSet({ old, renewed, ...rest }, { role: ROLE.filter((action) => action !== without) });
    if (lies) open.compute.fault(instanceOf('1'), 'lies');
    return {
      ...{ adapter: open.adapter, target: gone ? { ...open.target, scaleSet: `${SET}-gone` } : open.target },
      ...{ old: versionOf(old), renewed: versionOf(renewed), pass: open.pass, effects: open.effects },
      ...{ writes: () => open.arm.counts.writes, plant: open.arm.plant, tearDown: open.close },
    };
  },
};
