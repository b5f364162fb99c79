import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../src/issuers/acme.ts';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const page = readFileSync(new URL('../../../docs/issuers/acme.md', import.meta.url), 'utf8');
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
const plan = (parse(example.replace('MIIB…', 'MIIB')) as { issuers: { public: Record<string, unknown> } }).issuers
  .public;

const told = (change: object): readonly string[] =>
  issuer.safeParse({ ...plan, ...change }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];

describe('the page about ACME', () => {
  it('has an example without mistakes', () => {
    expect(told({})).toEqual([]);
  });

  it.each(['192.0.2.1', '192.0.2.1:5353', '2001:db8::1', '[2001:db8::1]:53'])(
    'takes %s for a name server',
    (address) => {
      expect(told({ dns: { zones: [zone], followCnames: true, nameServers: [address] } })).toEqual([]);
    },
  );

  it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(meaning);
  });
});

const [zone = ''] = (plan as { dns: { zones: string[] } }).dns.zones;

describe('a wrong ACME issuer', () => {
  it.each([
    ['directory', 'http://acme.example/directory', 'the https URL'],
    ['accountKey', 'https://kv.example/keys/acme/0123', 'the id of a key'],
    ['accountKey', 'https://kv.example/secrets/acme', 'the id of a key'],
    ['contact', ['somebody'], 'a mail address'],
    ['contact', ['a@b.example,c@d.example'], 'a mail address'],
    ['externalAccount', { keyId: 'kid', secret: 'plain text' }, 'the id of a secret'],
    ['dns', { zones: ['contoso.example'] }, 'the ARM id of a DNS zone'],
    ['dns', { zones: [] }, 'a list of the ARM ids'],
    ['dns', { zones: [zone], followCnames: 'yes' }, 'true or false'],
    ['dns', { zones: [zone], nameServers: ['dns.contoso.example'] }, 'the IP address of a name server'],
    ['dns', { zones: [zone], nameServers: ['192.0.2.1:0'] }, 'the IP address of a name server'],
    ['dns', { zones: [zone], nameServers: ['fe80::1%eth0'] }, 'the IP address of a name server'],
    ['trust', ['MIIB'], 'one PEM block'],
    ['private', 'yes', 'true or false'],
    ['profile', 'two words', 'the name of a profile'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    const [problem = ''] = told({ [name]: value });
    expect(problem).toMatch(new RegExp(`^${name}[^:]*: ${fix}`));
    if (typeof value === 'string') expect(problem).not.toContain(value);
  });
});
