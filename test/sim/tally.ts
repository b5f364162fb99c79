import { type FaultName, faultKinds, faultNames } from './faults/catalogue.ts';
import { catalogueIds, elsewhere } from './faults/elsewhere.ts';
import type { SeedReport } from './run-seed.ts';

/** What many seeds came to: numbers that can be added up across processes. */
export interface Tally {
  seeds: number;
  simulatedDays: number;
  steps: number;
  checks: number;
  injected: number;
  renewals: number;
  /** By kind: how often it was injected. */
  readonly faults: Record<string, number>;
  /** By kind: what renewals came to that it struck, `outcome/reason` → how often. */
  readonly ledTo: Record<string, Record<string, number>>;
  readonly outcomes: Record<string, number>;
  readonly violations: FoundViolation[];
}

export interface FoundViolation {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
}

export function newTally(): Tally {
  const none = { seeds: 0, simulatedDays: 0, steps: 0, checks: 0, injected: 0, renewals: 0 };
  return { ...none, faults: {}, ledTo: {}, outcomes: {}, violations: [] };
}

export function addSeed(tally: Tally, report: SeedReport): void {
  tally.seeds += 1;
  tally.simulatedDays += report.simulatedDays;
  tally.steps += report.steps;
  tally.checks += report.checks;
  tally.injected += report.injections.length;
  tally.renewals += report.ends.length;
  for (const { name } of report.injections) add(tally.faults, name, 1);
  for (const { outcome, reason, faults } of report.ends) {
    const end = reason === '' ? outcome : `${outcome}/${reason}`;
    add(tally.outcomes, end, 1);
    for (const name of faults) {
      const led = tally.ledTo[name] ?? {};
      tally.ledTo[name] = led;
      add(led, end, 1);
    }
  }
  if (report.violation !== undefined) {
    const { invariant, message } = report.violation;
    tally.violations.push({ seed: report.seed, invariant, message });
  }
}

export function addTally(sum: Tally, part: Tally): void {
  for (const name of ['seeds', 'simulatedDays', 'steps', 'checks', 'injected', 'renewals'] as const)
    sum[name] += part[name];
  addAll(sum.faults, part.faults);
  addAll(sum.outcomes, part.outcomes);
  for (const [name, led] of Object.entries(part.ledTo)) {
    const known = sum.ledTo[name] ?? {};
    sum.ledTo[name] = known;
    addAll(known, led);
  }
  sum.violations.push(...part.violations);
}

function addAll(sum: Record<string, number>, part: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(part)) add(sum, name, count);
}

function add(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (counts[name] ?? 0) + count;
}

const MOST_ENDS = 4;

/** A line a kind of fault: how often it struck, and how the renewals ended that it struck. */
export function coverage(tally: Tally): readonly string[] {
  return faultNames.map((name) => {
    const count = tally.faults[name] ?? 0;
    const ids = faultKinds[name].ids.join(' ');
    return `${name.padEnd(20)} ${ids.padEnd(10)} ${String(count).padStart(7)}  ${endsOf(tally, name)}`.trimEnd();
  });
}

function endsOf(tally: Tally, name: FaultName): string {
  const ends = Object.entries(tally.ledTo[name] ?? {}).sort(([, a], [, b]) => b - a);
  const shown = ends.slice(0, MOST_ENDS).map(([end, count]) => `${end} ${count}`);
  return [...shown, ...(ends.length > MOST_ENDS ? [`… ${ends.length - MOST_ENDS} more`] : [])].join(', ');
}

/** What became of each fault of the catalogue: injected by a name, or met elsewhere, and why. */
export function accounts(): readonly string[] {
  const named = new Set<string>(faultNames.flatMap((name) => faultKinds[name].ids));
  const lines = elsewhere.map(({ id, why }) => `not here: ${id.padEnd(5)} ${why}`);
  const lost = catalogueIds.filter((id) => !named.has(id) && !elsewhere.some((one) => one.id === id));
  const total = `${catalogueIds.length} faults of the catalogue: ${named.size} injected, ${elsewhere.length} not here`;
  return [...lines, `${total}${lost.length === 0 ? '' : `, UNACCOUNTED: ${lost.join(' ')}`}`];
}

export function summary(tally: Tally): string {
  const years = (tally.simulatedDays / 365).toFixed(1);
  const kinds = faultNames.filter((name) => (tally.faults[name] ?? 0) > 0).length;
  return (
    `${tally.seeds} seeds, ${years} simulated years, ${tally.renewals} renewals, ${tally.steps} steps, ` +
    `${tally.injected} faults of ${kinds}/${faultNames.length} kinds, ${tally.checks} checks, ${tally.violations.length} violations`
  );
}
