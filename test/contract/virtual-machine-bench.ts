import machineDeployer from '../../infra/roles/machine-deployer.json' with { type: 'json' };
import { armError } from '../../local/arm/answers.ts';
import type { MachineSeed } from '../../local/arm/compute/types.ts';
import { serveMachines } from '../../local/consumers/machines.ts';
import type { VirtualMachineTarget } from '../../src/plan/targets/virtual-machine.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { HOST, SUBSCRIPTION } from '../unit/local/arm/bench.ts';
import { computeBench, linuxSeed, MACHINES, PATH, SECRET } from '../unit/local/arm/compute-bench.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { armBench } from './arm-bench.ts';
import type { TargetBench } from './target-under-test.ts';

/** All that the deployer's role grants. */
export const ROLE: readonly string[] = machineDeployer.actions;
const GROUP = MACHINES.slice(0, MACHINES.indexOf('/providers/'));

export interface MachineWish {
  readonly seed?: MachineSeed;
  /** What differs from a Linux machine whose service is nginx. */
  readonly target?: Partial<VirtualMachineTarget>;
  readonly hasEndpoint?: boolean;
  readonly role?: readonly string[];
}

type Secrets = Awaited<ReturnType<typeof makeSecrets>>;

/** A machine that serves the old certificate, a vault that holds the renewed one, and the adapter over the real client. */
export async function openMachine(
  { ca, old, renewed }: Secrets,
  { seed = linuxSeed(), target: change = {}, hasEndpoint = false, role = ROLE }: MachineWish = {},
) {
  const bench = computeBench();
  const { compute, clock, vault, appService, routes } = bench;
  vault.now = old.secret;
  const machine = await compute.addMachine(seed);
  vault.now = renewed.secret;
  const [place] = machine.places;
  if (place === undefined) throw new TypeError('a machine of this bench has a place');
  const consumers = await serveMachines(compute, { port: 0 });
  const arm = await armBench({ role, scope: GROUP, clock, appService, subscriptions: [SUBSCRIPTION], routes });
  bench.origin.now = arm.url;
  const target: VirtualMachineTarget = {
    ...{ kind: 'virtual-machine', id: 'virtual-machine:11111111/rg-vm/vm-1', machine: seed.resourceId },
    ...{ location: 'westeurope', os: 'linux', path: PATH, service: 'nginx', waitSeconds: 120 },
    ...(hasEndpoint && { endpoint: { host: consumers.host, port: consumers.port, sni: HOST } }),
    ...change,
  };
  const adapter = createTarget('virtual-machine', { arm: arm.arm, clock, roots: [ca.root.pem] });
  let effects = 0;
  let last = place.loaded?.sha256;
  const count = (): number => {
    if (place.loaded?.sha256 !== last) effects += 1;
    last = place.loaded?.sha256;
    return effects;
  };
  return {
    ...bench,
    ...{ machine, place, arm, target, adapter, consumers },
    effects: count,
    async pass(seconds: number) {
      await bench.pass(seconds);
      count();
    },
    async close() {
      await arm.close();
      await consumers.close();
      compute.stop();
      bench.operations.stop();
    },
  };
}

let secrets: Promise<Secrets> | undefined;

/** Virtual machines in the words of every target's suite: one whose application reads its file for each connection. */
export const virtualMachineTarget: TargetBench = {
  title: 'A virtual machine, as every kind of target',
  role: 'Perennial machine deployer',
  lacks: {
    'already-there':
      'the same command is written again, and Azure runs it no second time: to read before would cost one read for each of 500 machines',
  },
  demands: ['Microsoft.Compute/virtualMachines/runCommands/write'],
  conflicts: [armError(409, 'Conflict', 'The request failed due to conflict with a concurrent request.')],
  async setUp({ lies = false, gone = false, without }) {
    secrets ??= makeSecrets();
    const { old, renewed, ...rest } = await secrets;
    const open = await openMachine(
      { old, renewed, ...rest },
      {
        hasEndpoint: true,
        seed: linuxSeed('vm-1', { places: [{ secret: SECRET, path: PATH, hostNames: [HOST] }] }),
        target: { service: undefined },
        role: ROLE.filter((action) => action !== without),
      },
    );
    if (lies) open.compute.fault(open.machine.resourceId, 'lies');
    return {
      adapter: open.adapter,
      target: gone ? { ...open.target, machine: `${open.target.machine}-gone` } : open.target,
      old: versionOf(old),
      renewed: versionOf(renewed),
      pass: open.pass,
      writes: () => open.arm.counts.writes,
      effects: open.effects,
      plant: open.arm.plant,
      tearDown: open.close,
    };
  },
};
