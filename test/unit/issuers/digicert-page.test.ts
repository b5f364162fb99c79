import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../src/issuers/digicert.ts';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const page = readFileSync(new URL('../../../docs/issuers/digicert.md', import.meta.url), 'utf8');
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
const plan = (parse(example.replace('MIIB…', 'MIIB')) as { issuers: { public: Record<string, unknown> } }).issuers
  .public;

const told = (change: object): readonly string[] =>
  issuer.safeParse({ ...plan, ...change }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];

describe('the page about DigiCert', () => {
  it('has an example without mistakes', () => {
    expect(told({})).toEqual([]);
  });

  it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(meaning);
  });
});

describe('a wrong DigiCert issuer', () => {
  it.each([
    ['url', 'http://www.digicert.com/services/v2', 'the https URL'],
    ['apiKey', 'the key itself', 'the id of a secret'],
    ['mode', 'renew', 'one of new, reissue, duplicate'],
    ['product', 'SSL Basic', 'the name id of a product'],
    ['organization', 'Contoso', 'a whole number'],
    ['order', -1, 'a whole number'],
    ['skipApproval', 'yes', 'true or false'],
    ['trust', ['MIIB'], 'one PEM block'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ [name]: value });
    expect(problem).toMatch(new RegExp(`^${name}[^:]*: ${fix}`));
    if (typeof value === 'string') expect(problem).not.toContain(value);
  });

  it('that orders no product, or copies no order, is told which one is missing', () => {
    const { product: _, ...without } = plan;
    expect(issuer.safeParse(without).error?.issues[0]).toMatchObject({ path: ['product'] });
    expect(told({ mode: 'reissue' })[0]).toMatch(/^order: the id of the order/);
    expect(told({ mode: 'duplicate', order: 7 })).toEqual([]);
  });
});
