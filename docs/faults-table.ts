import { type FaultKind, faultKinds } from '../local/faults/catalogue.ts';
import { type FleetFault, fleetFaults } from '../local/stand/fleet/faults.ts';
import { table } from '../src/config/tables.ts';

/** Every fault that the stand can be given by name, and how a renewal ends that meets it. */
function faultsTable(): string {
  const rows = Object.entries<FaultKind>(faultKinds).map(([name, { ids, what, scope, outcome, reason }]) => [
    `\`${name}\``,
    ids.join(', '),
    what,
    scope === 'certificate' ? 'one renewal' : 'everybody',
    `\`${outcome}\`: \`${reason}\``,
  ]);
  return table(['Fault', 'Catalogue', 'What happens', 'Befalls', 'The renewal ends as'], rows);
}

/** What can befall the machines of `--fleet`. */
function fleetFaultsTable(): string {
  const rows = Object.entries<FleetFault>(fleetFaults).map(([name, { ids, what, outcome, reason }]) => [
    `\`${name}\``,
    ids.join(', '),
    what,
    `\`${outcome}\`: \`${reason}\``,
  ]);
  return table(['Fault', 'Catalogue', 'What happens', 'The renewal ends as'], rows);
}

export const faultsTables = { faults: faultsTable, fleet: fleetFaultsTable } as const;
