import { type Compute, createCompute } from '../../arm/compute/compute.ts';
import { computeRoutes } from '../../arm/compute/routes.ts';
import { createOperations } from '../../arm/operations.ts';
import type { ArmRoute } from '../../arm/request.ts';
import type { StandClock } from '../../clock.ts';
import { vaultAudience } from '../../vault/challenge.ts';
import type { Cloud } from '../cloud.ts';
import type { Seeded, SeededEstate } from '../scenarios.ts';
import { readSecretAs } from '../secret-reader.ts';
import type { FleetMachine } from './count.ts';
import type { FleetFaultName } from './faults.ts';
import { type FleetSeat, seatsOf } from './story.ts';

/** The machines of the estate, and the API that runs commands on them. */
export interface Machines {
  readonly routes: readonly ArmRoute[];
  readonly compute: Compute;
  /** What each machine of a certificate uses now, in the order of the waves. */
  of(seeded: Seeded): readonly FleetMachine[];
  befall(seeded: Seeded, fault: FleetFaultName): Promise<void>;
}

/** Of the built-in role Key Vault Secrets User, which the extension needs. */
const READ_SECRET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';

/** Every machine has run for long: its extension has read the vault, its service what was there. */
export async function openMachines(cloud: Cloud, estate: SeededEstate, clock: StandClock): Promise<Machines> {
  const read = readSecretAs(cloud.vaults, () => cloud.identity.issueToken(cloud.principals.machines, vaultAudience));
  const compute = createCompute({ clock, readSecret: (url) => readAt(cloud, url, read) });
  const operations = createOperations({ clock, origin: () => cloud.urls.arm ?? '' });
  cloud.onStop(() => operations.stop());
  cloud.onStop(() => compute.stop());
  for (const { resourceId: scope } of cloud.vaults.filter(({ name }) => estate.vaultNames.includes(name)))
    cloud.identity.assign(cloud.principals.machines.id, { scope, actions: [READ_SECRET] });
  const seats = new Map(estate.certificates.map((seeded) => [seeded, seatsOf(estate, seeded)]));
  for (const [seeded, own] of seats) {
    const secret = `${cloud.vault(seeded.vaultName).uri}/secrets/${seeded.name}`;
    for (const { machine, location, path, service } of own)
      await compute.addMachine({ resourceId: machine, location, os: 'linux', places: [{ secret, path, service }] });
  }
  return {
    compute,
    routes: [...computeRoutes(compute, operations), ...operations.routes],
    of: (seeded) => (seats.get(seeded) ?? []).map((seat) => seen(compute, seat)),
    async befall(seeded, fault) {
      const own = seats.get(seeded) ?? [];
      // Not the first: that the others of its wave were touched before is part of the story.
      const inFirst = own.filter(({ wave }) => wave === 1);
      const victim = fault === 'canary' ? inFirst.at(-1) : own.at(-1);
      if (victim === undefined) throw new TypeError(`stand: ${seeded.name} has no machines`);
      if (fault === 'canary') compute.fault(victim.machine, 'lies');
      else await compute.power(victim.machine, 'deallocated');
    },
  };
}

function seen(compute: Compute, seat: FleetSeat): FleetMachine {
  const found = compute.machine(seat.machine);
  const place = found?.places[0];
  return {
    machine: seat.machine,
    wave: seat.wave,
    isTold: (found?.commands.size ?? 0) > 0,
    servedSha256: place?.loaded?.sha256 ?? null,
  };
}

/** `https://{vault}/secrets/{name}`, as the extension's settings name it. */
function readAt({ vaults }: Cloud, url: string, read: ReturnType<typeof readSecretAs>) {
  const vault = vaults.find(({ uri }) => url.startsWith(`${uri}/`));
  return vault === undefined
    ? Promise.resolve({ state: 'vault-unknown' } as const)
    : read(vault.resourceId, url.split('/').at(-1) ?? '');
}
