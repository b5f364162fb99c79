import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../src/issuers/partner.ts';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const page = readFileSync(new URL('../../../docs/issuers/partner.md', import.meta.url), 'utf8');
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
const plan = (parse(example.replaceAll('MIIB…', 'MIIB')) as { issuers: { digicert: Record<string, unknown> } }).issuers
  .digicert;

const told = (change: object): readonly string[] =>
  issuer.safeParse({ ...plan, ...change }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];

describe('the page about issuers inside the vault', () => {
  it('has an example without mistakes', () => {
    expect(told({})).toEqual([]);
    expect(told({ issuerName: 'Self', roots: [], chain: [] })).toEqual([]);
  });

  it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(meaning);
  });
});

describe('a wrong issuer inside the vault', () => {
  it.each([
    ['issuerName', '', 'the name of an issuer of the vault'],
    ['issuerName', 'Digi Cert', 'the name of an issuer of the vault'],
    ['issuerName', '../secrets/x', 'the name of an issuer of the vault'],
    ['issuerName', 'unknown', 'the name of an issuer of the vault'],
    ['private', 'yes', 'true or false'],
    ['chain', ['MIIB'], 'one PEM block'],
    ['roots', ['MIIB'], 'one PEM block'],
    ['roots', [], 'a list of the PEM certificates of the roots; for Self'],
    ['limits', { maxDays: 0, dnsSuffixes: ['contoso.example'] }, 'a whole number'],
    ['limits', { dnsSuffixes: [] }, 'a list of the DNS suffixes'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ [name]: value });
    expect(problem).toMatch(new RegExp(`^${name}[^:]*: ${fix}`));
    if (typeof value === 'string' && value !== '') expect(problem).not.toContain(`"${value}"`);
  });

  it('is told that Self has no roots', () => {
    expect(told({ issuerName: 'Self' })).toEqual([expect.stringMatching(/^roots: .*for Self, .*nothing$/)]);
  });
});
