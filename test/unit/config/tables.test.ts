import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settings } from '../../../src/config/settings.ts';
import {
  errorsTable,
  fillTables,
  outcomesTable,
  problemsTable,
  reasonsTable,
  settingsTable,
} from '../../../src/config/tables.ts';
import { errorCodes, RenewalError } from '../../../src/errors.ts';
import { outcomes, reasons } from '../../../src/renewal/outcomes.ts';

const columnsOf = (line: string) => line.replaceAll('\\|', '').split('|').length;

describe('the tables', () => {
  const all = [
    ['settings', settingsTable(), Object.values(settings).map(({ name }) => name)],
    ['outcomes', outcomesTable(), Object.keys(outcomes)],
    ['reasons', reasonsTable(), Object.keys(reasons)],
    ['errors', errorsTable(), Object.keys(errorCodes)],
    ['problems', problemsTable(), ['request-invalid']],
  ] as const;

  it.each(all)('of %s has a line for each', (_title, text, names) => {
    for (const name of names) expect(text).toContain(`| \`${name}\` `);
  });

  it.each(all)('of %s has the same columns in every line', (_title, text) => {
    expect(new Set(text.split('\n').map(columnsOf)).size).toBe(1);
  });
});

describe('fillTables', () => {
  it('fills two empty tables that follow each other', () => {
    const empty = (name: string) => `<!-- table: ${name} -->\n<!-- end of table -->`;
    const page = fillTables(`${empty('outcomes')}\ntext\n${empty('reasons')}`);
    expect(page).toContain('| `renewed`');
    expect(page).toContain('\ntext\n');
    expect(page).toContain('| `sweep`');
    expect(fillTables(page)).toBe(page);
  });
});

describe('the table of settings', () => {
  it('says what is needed, secret, usual', () => {
    const line = (name: string) =>
      settingsTable()
        .split('\n')
        .find((text) => text.includes(`\`${name}\``));
    expect(line('PERENNIAL_ESTATE')).toMatch(/\| yes +\| +\|/);
    expect(line('PERENNIAL_STORAGE_CONNECTION')).toMatch(/\| one of two ways; secret \|/);
    expect(line('PERENNIAL_SWEEP_SCHEDULE')).toMatch(/\| no +\| `0 0 \* \* \* \*` +\|/);
  });
});

describe('fillTables', () => {
  const empty = 'a\n<!-- table: outcomes -->\n<!-- end of table -->\nb';

  it('puts a table into its place and leaves the rest alone', () => {
    expect(fillTables(empty)).toBe(`a\n<!-- table: outcomes -->\n\n${outcomesTable()}\n\n<!-- end of table -->\nb`);
  });

  it('changes nothing when it is repeated', () => {
    expect(fillTables(fillTables(empty))).toBe(fillTables(empty));
  });

  it('throws for a table that there is not', () => {
    expect(() => fillTables(empty.replace('outcomes', 'constructor'))).toThrow(RenewalError);
  });
});

describe('the pages', () => {
  it.each(['settings', 'reasons', 'errors'])('docs/%s.md holds the tables as they are', (name) => {
    const page = readFileSync(`docs/${name}.md`, 'utf8');
    expect(page).toBe(fillTables(page));
    expect(page).toContain('<!-- table: ');
  });
});
