import type { Compute } from '../../arm/compute/compute.ts';
import type { Cloud } from '../cloud.ts';
import type { Seeded, SeededEstate } from '../scenarios.ts';
import type { FleetMachine } from './count.ts';
import type { FleetFaultName } from './faults.ts';
import { type FleetSeat, seatsOf } from './story.ts';

/** The machines of the fleet. */
export interface Machines {
  readonly compute: Compute;
  /** What each machine of a certificate uses now, in the order of the waves. */
  of(seeded: Seeded): readonly FleetMachine[];
  befall(seeded: Seeded, fault: FleetFaultName): Promise<void>;
}

/** Every machine has run for long: its extension has read the vault, its service what was there. */
export async function openMachines(cloud: Cloud, estate: SeededEstate, compute: Compute): Promise<Machines> {
  const seats = new Map(estate.certificates.map((seeded) => [seeded, seatsOf(estate, seeded)]));
  for (const [seeded, own] of seats) {
    const secret = `${cloud.vault(seeded.vaultName).uri}/secrets/${seeded.name}`;
    for (const { machine, location, path, service } of own)
      await compute.addMachine({ resourceId: machine, location, os: 'linux', places: [{ secret, path, service }] });
  }
  return {
    compute,
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
