import { readFile, writeFile } from 'node:fs/promises';
import { fillTables } from '../src/config/tables.ts';

/** Pages with tables that the code itself makes. */
const pages = ['README.md', 'docs/settings.md', 'docs/reasons.md', 'docs/errors.md'];

for (const page of pages) {
  const before = await readFile(page, 'utf8');
  const after = fillTables(before);
  if (after !== before) await writeFile(page, after);
  process.stdout.write(`${page}: ${after === before ? 'up to date' : 'rewritten'}\n`);
}
