import { type FaultKind, faultKinds } from '../local/faults/catalogue.ts';
import { table } from '../src/config/tables.ts';

/** Every fault that the stand can be given by name, and how a renewal ends that meets it. */
export function faultsTable(): string {
  const rows = Object.entries<FaultKind>(faultKinds).map(([name, { ids, what, scope, outcome, reason }]) => [
    `\`${name}\``,
    ids.join(', '),
    what,
    scope === 'certificate' ? 'one renewal' : 'everybody',
    `\`${outcome}\`: \`${reason}\``,
  ]);
  return table(['Fault', 'Catalogue', 'What happens', 'Befalls', 'The renewal ends as'], rows);
}
