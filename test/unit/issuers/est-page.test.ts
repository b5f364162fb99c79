import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../src/issuers/est.ts';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const page = readFileSync(new URL('../../../docs/issuers/est.md', import.meta.url), 'utf8');
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
const plan = (parse(example.replace('MIIB…', 'MIIB')) as { issuers: { network: Record<string, unknown> } }).issuers
  .network;

const told = (change: object): readonly string[] =>
  issuer.safeParse({ ...plan, ...change }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];

describe('the page about EST', () => {
  it('has an example without mistakes', () => {
    expect(told({})).toEqual([]);
  });

  it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(meaning);
  });
});

describe('a wrong EST issuer', () => {
  it.each([
    ['url', 'http://est.example', 'the https URL'],
    ['url', 'https://est.example/.well-known/est', 'the https URL of an EST server, without a path'],
    ['url', 'https://user:secret@est.example', 'the https URL'],
    ['label', 'two/parts', 'a label'],
    ['credentials', {}, 'a group of the keys password, clientCertificate'],
    ['credentials', { password: 'user:secret' }, 'the id of a secret'],
    ['credentials', { clientCertificate: 'https://kv.example/certificates/est' }, 'the id of a secret'],
    ['credentials', undefined, 'a group of the keys password, clientCertificate'],
    ['csrAttributes', true, 'one of check, ignore'],
    ['private', 'yes', 'true or false'],
    ['trust', ['MIIB'], 'one PEM block'],
    ['limits', { dnsSuffixes: [] }, 'a list of the DNS suffixes'],
    ['realm', 'est', ''],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ [name]: value });
    expect(problem).toMatch(new RegExp(name === 'realm' ? '^: .*group of the keys' : `^${name}[^:]*: ${fix}`));
    if (typeof value === 'string') expect(problem).not.toContain(value);
  });
});
