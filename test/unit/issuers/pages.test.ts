import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const kinds = issuer.options.map(({ shape }) => [...shape.kind.values][0] ?? '');
const table = read('docs/issuers/README.md');
const estateFile = read('docs/estate-file.md');

describe.each(kinds)('the issuer %s', (kind) => {
  it('has a page, and is in the table of all', () => {
    expect(existsSync(new URL(`../../../docs/issuers/${kind}.md`, import.meta.url))).toBe(true);
    expect(table.split('\n').filter((line) => line.startsWith(`| \`${kind}\``))).toHaveLength(1);
    expect(table).toContain(`(${kind}.md)`);
  });

  it('is named where the estate file is explained', () => {
    expect(estateFile).toContain(`\`${kind}\``);
  });
});
