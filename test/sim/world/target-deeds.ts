import type { MachineFault } from '../../../local/arm/compute/types.ts';
import type { VirtualMachineTarget } from '../../../src/plan/targets/virtual-machine.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { clusterDeeds, removeCluster } from './cluster-deeds.ts';
import type { Deed, Mend } from './deeds.ts';
import type { SimCertificate } from './estate.ts';
import { labelOf, type SimTarget } from './places.ts';
import type { World } from './world.ts';

/** What is done to the targets of a certificate. */
export const targetDeeds: Readonly<Partial<Record<FaultName, Deed>>> = {
  'arm.gone'(world, certificate) {
    const [target] = certificate.targets;
    if (target?.kind === 'virtual-machine') return removeMachine(world, certificate, target);
    if (target?.kind === 'kubernetes') return removeCluster(world, certificate, target);
    if (target !== undefined) removeCertificate(world, target);
    return undefined;
  },
  'app.no-sync': (world) => inForce(world, 'app.no-sync'),
  'app.binding': (world) => inForce(world, 'app.binding'),
  'target.lies'(world, { targets }) {
    const sites = targets.filter(({ kind }) => kind === 'app-service');
    for (const target of sites) {
      const served = world.served(target);
      if (served !== undefined) world.lies.set(target.id, served);
    }
    return () => {
      for (const { id } of sites) world.lies.delete(id);
    };
  },
  'target.down'(world, { targets }) {
    // Where nobody connects to, there is nothing that could not be reached.
    const listening = targets.filter(({ endpoint }) => endpoint !== undefined);
    const some = listening.filter(() => world.dice.chance('down', 0.6));
    for (const { id } of some) world.down.add(id);
    return () => {
      for (const { id } of some) world.down.delete(id);
    };
  },
  async 'vm.off'(world, certificate) {
    const { compute } = world.cloud.machines;
    const some = someMachines(world, certificate, 'off').filter(({ machine }) => compute.machine(machine));
    for (const { machine } of some) await compute.power(machine, 'deallocated');
    return async () => {
      for (const { machine } of some)
        if (compute.machine(machine)?.power === 'deallocated') await compute.power(machine, 'running');
    };
  },
  ...clusterDeeds,
  'vm.lie': (world, certificate) => befall(world, certificate, 'lies'),
  'vm.no-reload': (world, certificate) => befall(world, certificate, 'no-reload'),
  'vm.stuck': (world, certificate) =>
    befall(world, certificate, world.dice.pick('stuck', ['slow', 'script-fails', 'no-agent'] as const)),
};

function inForce(world: World, fault: 'app.no-sync' | 'app.binding'): Mend {
  world.cloud.appServiceFaults.add(fault);
  return () => void world.cloud.appServiceFaults.delete(fault);
}

function removeCertificate(
  { cloud: { appService } }: World,
  target: Extract<SimTarget, { kind: 'app-service' }>,
): void {
  const site = appService.site(target.site);
  const group = target.site.slice(0, target.site.indexOf('/sites/'));
  if (site === undefined) return;
  appService.bind(site, { hostName: target.hostName, sslState: 'Disabled', thumbprint: null });
  appService.removeCertificate(`${group}/certificates/${target.certificateResource}`);
}

/** Somebody builds it again. */
function removeMachine(world: World, certificate: SimCertificate, target: VirtualMachineTarget): Mend | undefined {
  const { machines } = world.cloud;
  if (machines.compute.machine(target.machine) === undefined) return undefined;
  machines.compute.remove(target.machine);
  world.trace(() => `machine ${labelOf(target)} is gone`);
  return () => machines.build(certificate, target);
}

function befall(world: World, certificate: SimCertificate, fault: MachineFault): Mend {
  const { compute } = world.cloud.machines;
  const some = someMachines(world, certificate, fault);
  const set = (isOn: boolean): void => {
    for (const { machine } of some) if (compute.machine(machine)) compute.fault(machine, fault, isOn);
  };
  set(true);
  return () => set(false);
}

/** Some of them, so that a wave is neither whole nor lost. */
function someMachines(world: World, { targets }: SimCertificate, why: string): readonly VirtualMachineTarget[] {
  const machines = targets.filter((target) => target.kind === 'virtual-machine');
  return machines.filter(() => world.dice.chance(`machine ${why}`, 0.7));
}
