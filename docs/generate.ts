import { readFile, writeFile } from 'node:fs/promises';
import { fillTables } from '../src/config/tables.ts';
import { faultsTables } from './faults-table.ts';
import { infraTables } from './infra-tables.ts';
import { smokeTables } from './smoke-tables.ts';

/** Pages with tables that the code itself makes. */
const pages = [
  'README.md',
  'docs/settings.md',
  'docs/reasons.md',
  'docs/errors.md',
  'docs/faults.md',
  'docs/deploy.md',
  'docs/operations.md',
  'docs/smoke.md',
] as const;

for (const page of pages) {
  const before = await readFile(page, 'utf8');
  const after = fillTables(before, {
    ...faultsTables,
    ...infraTables,
    ...smokeTables,
  });
  if (after !== before) await writeFile(page, after);
  process.stdout.write(`${page}: ${after === before ? 'up to date' : 'rewritten'}\n`);
}
