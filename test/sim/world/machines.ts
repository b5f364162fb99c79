import { type Compute, createCompute } from '../../../local/arm/compute/compute.ts';
import { computeRoutes } from '../../../local/arm/compute/routes.ts';
import { createOperations } from '../../../local/arm/operations.ts';
import type { ArmRoute } from '../../../local/arm/request.ts';
import { readSecretAs } from '../../../local/stand/secret-reader.ts';
import type { VaultEmulator } from '../../../local/vault/vault.ts';
import type { VirtualMachineTarget } from '../../../src/plan/targets/virtual-machine.ts';
import type { Dice } from '../virtual/dice.ts';
import type { SimClock } from '../virtual/sim-clock.ts';
import type { SimCertificate } from './estate.ts';
import { vaultUri } from './names.ts';
import { labelOf } from './places.ts';

/** Virtual machines with their extensions, and the API that runs commands on them. */
export interface Machines {
  readonly compute: Compute;
  readonly routes: readonly ArmRoute[];
  /** A machine as somebody builds it, or builds it again: it has what the vault has now. */
  build(certificate: Pick<SimCertificate, 'vault' | 'name'>, target: VirtualMachineTarget): Promise<void>;
}

export interface MachineGround {
  readonly clock: SimClock;
  readonly dice: Dice;
  readonly vaults: readonly VaultEmulator[];
  /** Of the machines' own identity. */
  readonly token: () => string;
}

export function createMachines({ clock, dice, vaults, token }: MachineGround): Machines {
  const read = readSecretAs(vaults, token);
  const compute = createCompute({
    clock,
    readSecret: async (url) => {
      const vault = vaults.find(({ uri }) => url.startsWith(`${uri}/`));
      if (vault === undefined) return { state: 'vault-unknown' };
      return await read(vault.resourceId, url.split('/').at(-1) ?? '');
    },
  });
  const operations = createOperations({ clock, origin: () => 'https://management.azure.com' });
  return {
    compute,
    routes: [...computeRoutes(compute, operations), ...operations.routes],
    async build({ vault, name }, target) {
      const { machine, location, os, path, service, iis } = target;
      const place = {
        secret: `${vaultUri(vault)}/secrets/${name}`,
        ...(path !== undefined && { path }),
        ...(service !== undefined && { service }),
        ...(iis !== undefined && { iis: { port: iis.port, ...(iis.host !== undefined && { host: iis.host }) } }),
      };
      const pollSeconds = dice.pick(`poll ${labelOf(target)}`, [3600, 21_600, 43_200]);
      await compute.addMachine({ resourceId: machine, location, os, places: [place], pollSeconds });
    },
  };
}
