import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

export interface IssuerPage {
  /** Kind of the issuer: `docs/issuers/<kind>.md`. */
  readonly kind: string;
  /** Of the adapter. */
  readonly settings: Readonly<Record<string, string>>;
  /** What somebody could write by mistake, and how the fix that he is told begins. */
  readonly mistakes: readonly (readonly [name: string, value: unknown, fix: string])[];
}

/** The page of an issuer agrees with its schema, and its schema says what to write. */
export function issuerPageSuite({ kind, settings, mistakes }: IssuerPage): void {
  const page = readFileSync(new URL(`../../../docs/issuers/${kind}.md`, import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { issuers } = parse(example.replaceAll('MIIB…', 'MIIB')) as { issuers: Record<string, object> };
  const [plan = {}] = Object.values(issuers);
  const told = (change: object): readonly string[] =>
    issuer
      .safeParse({ ...plan, ...change })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  describe(`the page about ${kind}`, () => {
    it('has an example without mistakes', () => {
      expect(plan).toMatchObject({ kind });
      expect(told({})).toEqual([]);
    });

    it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
      expect(row).toContain(meaning);
    });
  });

  describe(`a wrong issuer of kind ${kind}`, () => {
    it.each(mistakes)('with %s %j is told what to write', (name, value, fix) => {
      const [problem = ''] = told({ [name]: value });
      expect(problem).toMatch(new RegExp(`^${name}[^:]*: ${fix}`));
      if (typeof value === 'string' && value !== '') expect(problem).not.toContain(value);
    });
  });
}
