import type { Scenario, Seeded, SeededEstate } from '../scenarios.ts';
import { resourceGroupOf } from '../scenarios.ts';
import { fleetWaves } from './waves.ts';

/** One client certificate on many machines. Nothing listens there: what is used is what the machine's script reports. */
export function fleetStory(machines: number): Scenario {
  return {
    key: 'fleet',
    story: `a client certificate on ${machines} machines, renewed in waves`,
    vault: 0,
    keyType: 'P-256',
    ageDays: 70,
    leftDays: 20,
    trigger: 'event',
    sites: [],
    machines,
    expected: { outcome: 'renewed', reason: 'served' },
  };
}

/** A machine of the fleet as the estate file names it, and as the stand has it. */
export interface FleetSeat {
  /** ARM id. */
  readonly machine: string;
  /** From 1 on. */
  readonly wave: number;
  readonly location: string;
  /** The link that the Key Vault extension keeps. */
  readonly path: string;
  readonly service: string;
}

/** In the order of the estate file, which is that of the waves. */
export function seatsOf(estate: SeededEstate, { name, vaultName, machines = 0 }: Seeded): readonly FleetSeat[] {
  const group = resourceGroupOf(estate);
  return fleetWaves(machines)
    .flatMap((count, index) => Array.from({ length: count }, () => index + 1))
    .map((wave, index) => ({
      machine: `${group}/providers/Microsoft.Compute/virtualMachines/${name}-${String(index + 1).padStart(4, '0')}`,
      wave,
      location: 'westeurope',
      path: `/var/lib/waagent/Microsoft.Azure.KeyVault.Store/${vaultName}.${name}`,
      service: `${name}-worker`,
    }));
}

/** A target of the estate file. */
export function targetAt({ machine, location, path, service }: FleetSeat) {
  return { kind: 'virtual-machine', machine, location, os: 'linux', path, service, apply: 'restart' };
}

/** A canary that may not fail, then waves of which a hundredth may. */
export function fleetRollout(machines: number) {
  return {
    waves: fleetWaves(machines).map((count, index) => ({
      count,
      failureBudget: index === 0 ? 0 : Math.ceil(count / 100),
    })),
    failureBudget: 0,
    soakSeconds: 5,
    verify: { everySeconds: 5, forSeconds: 300 },
  };
}
