import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as adCs from '../../../src/issuers/ad-cs.ts';
import * as manual from '../../../src/issuers/manual.ts';
import * as webhook from '../../../src/issuers/webhook.ts';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const pages = [manual, webhook, adCs].map(({ kind, settings }) => {
  const page = readFileSync(new URL(`../../../docs/issuers/${kind}.md`, import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { issuers } = parse(example.replace('MIIB…', 'MIIB')) as { readonly issuers: Record<string, object> };
  return { kind, page, settings, plan: Object.values(issuers)[0] ?? {} };
});

const told = (plan: object): readonly string[] =>
  issuer.safeParse(plan).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe.each(pages)('the page about $kind', ({ kind, page, settings, plan }) => {
  it('has an example of that kind without mistakes', () => {
    expect(plan).toHaveProperty('kind', kind);
    expect(told(plan)).toEqual([]);
  });

  it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(meaning);
  });
});

describe.each(pages)('a wrong issuer of the kind $kind', ({ plan }) => {
  it.each([
    ['pollSeconds', 5, 'a whole number from 10 to 21600'],
    ['pollSeconds', '300', 'a whole number'],
    ['answerDays', 91, 'a whole number from 1 to 90'],
    ['private', 'yes', 'true or false'],
    ['roots', [], 'a list of the PEM certificates'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ ...plan, [name]: value });
    expect(problem).toMatch(new RegExp(`^${name}[^:]*: ${fix}`));
  });

  it('with a setting that there is not is refused', () => {
    expect(told({ ...plan, password: 'plain' })).toHaveLength(1);
  });
});

describe('a wrong webhook', () => {
  it.each([
    ['url', 'http://portal.contoso.example/orders', 'the https URL'],
    ['url', undefined, 'the https URL'],
    ['secret', 'whsec_AAAA', 'the id of a secret'],
    ['secret', 'https://kv.example/keys/portal', 'the id of a secret'],
    ['keyId', 'two words', 'a name of 1 to 100'],
    ['statusUrl', 'https://portal.contoso.example/orders', 'an https URL that holds {reference}'],
    ['statusUrl', 'https://{reference}.contoso.example/', 'an https URL that holds {reference}'],
    ['statusUrl', 'https://portal.contoso.example/#{reference}', 'an https URL that holds {reference}'],
    ['statusUrl', 'http://portal.contoso.example/{reference}', 'an https URL that holds {reference}'],
    ['cancelUrl', 'portal', 'the https URL'],
    ['trust', ['MIIB'], 'one PEM block'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ ...pages[1]?.plan, [name]: value });
    expect(problem).toContain(`: ${fix}`);
    expect(problem.startsWith(name)).toBe(true);
    if (typeof value === 'string' && name === 'secret') expect(problem).not.toContain(value);
  });
});

describe('a wrong AD CS issuer', () => {
  it.each([
    ['ca', 'ca01.contoso.example', 'the configuration string'],
    ['ca', 'ca01\\Contoso" & calc', 'the configuration string'],
    ['ca', 'ca01\\Contoso%PATH%', 'the configuration string'],
    ['ca', 'ca01\\Contoso CA\n', 'the configuration string'],
    ['ca', '-ca01\\Contoso CA', 'the configuration string'],
    ['template', 'Web Server', 'the name of a template'],
    ['template', 'Web\\nSAN:dns=x', 'the name of a template'],
    ['template', '1.3.6.1.4.1.311.21.8.', 'the name of a template'],
    ['template', '-f', 'the name of a template'],
    ['secret', 'plain text', 'the id of a secret'],
    ['retrieveSeconds', 1, 'a whole number from 60'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ ...pages[2]?.plan, [name]: value });
    expect(problem.startsWith(`${name}: ${fix}`)).toBe(true);
  });

  it('may name its template by OID', () => {
    expect(told({ ...pages[2]?.plan, template: '1.3.6.1.4.1.311.21.8.1234567.7654321' })).toEqual([]);
  });
});
