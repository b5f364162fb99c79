import { runSeed, type SeedOptions } from './run-seed.ts';
import { shrink } from './shrink.ts';

/** More lines than a person reads of one failure. */
const MOST_LINES = 60;

/** The seed, the faults that are really needed, and what happened until it broke; nothing when nothing breaks. */
export async function explain(given: SeedOptions): Promise<readonly string[]> {
  const { mode, violation, injections } = await runSeed(given);
  if (violation === undefined) return [];
  const ids = injections.map(({ id }) => id);
  const needed = await shrink(given, violation.invariant, ids);
  const timeline: string[] = [];
  const choice = { ...given.choice, allowed: new Set(needed) };
  await runSeed({ ...given, choice, onTrace: (line) => timeline.push(line) });
  const told = timeline.filter((line) => !/ (http|orchestrator) /.test(line)).slice(-MOST_LINES);
  return [
    `seed ${given.seed} (${mode}): ${violation.invariant} is broken: ${violation.message}`,
    `${needed.length} of ${injections.length} faults are needed:`,
    ...needed.map((id) => `  ${id}`),
    'timeline with these alone (its end):',
    ...told.map((line) => `  ${line.slice(0, 240)}`),
    `again: npm run sim -- --seed ${given.seed} --trace${againWith(given)}`,
  ];
}

function againWith({ mode, choice }: SeedOptions): string {
  const kinds = choice?.kinds === undefined ? '' : ` --faults ${[...choice.kinds].join(',') || 'none'}`;
  return `${mode === undefined ? '' : ` --mode ${mode}`}${kinds}`;
}
