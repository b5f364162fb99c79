import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settings } from '../../../src/issuers/vault-ca.ts';
import { issuer } from '../../../src/plan/issuers/issuer.ts';

const page = readFileSync(new URL('../../../docs/issuers/vault-ca.md', import.meta.url), 'utf8');
const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
const plan = (parse(example.replace('MIIB…', 'MIIB')) as { issuers: { internal: Record<string, unknown> } }).issuers
  .internal;

const told = (change: object): readonly string[] =>
  issuer.safeParse({ ...plan, ...change }).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ??
  [];
const crl = (change: object) => ({ crl: { ...(plan.crl as object), ...change } });

describe('the page about the vault CA', () => {
  it('has an example without mistakes', () => {
    expect(told({})).toEqual([]);
  });

  it.each(Object.entries(settings))('says what %s means', (name, meaning) => {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    expect(row).toContain(meaning);
  });
});

describe('a wrong vault CA', () => {
  it.each([
    ['certificate', 'https://kv.example/keys/ca', 'the id of a certificate'],
    ['profile', 'codeSigning', 'one of server, client, mtls'],
    ['limits', { dnsSuffixes: ['contoso.example'], clientAuth: 'no' }, 'true or false'],
  ])('with %s %j is told what to write', (name, value, fix) => {
    expect(told({ [name]: value })[0]).toMatch(new RegExp(`^${name}[^:]*: ${fix}`));
  });

  it.each([
    'http://contosocrl.blob.core.windows.net/crl',
    'https://contosocrl.blob.core.windows.net',
    'https://contosocrl.blob.core.windows.net/crl/sub',
    'https://contosocrl.blob.core.windows.net/crl?sv=2024&sig=secret',
    'https://contosocrl.blob.core.windows.net.evil.example/crl',
    'https://evil.example/crl',
    'https://contosocrl.blob.core.windows.net:8443/crl',
    'https://user@contosocrl.blob.core.windows.net/crl',
    'https://contosocrl.blob.core.windows.net/CRL',
  ])('whose container is %s would send the token of the storage elsewhere', (container) => {
    const [problem = ''] = told(crl({ container }));
    expect(problem).toMatch(/^crl\.container: the URL of a blob container/);
    expect(problem).not.toContain('secret');
  });

  it.each(['ftp://crl.contoso.example', 'crl.contoso.example', 'http://crl.contoso.example?x=1', 'http://a b/'])(
    'whose public URL is %s is told what to write',
    (publicUrl) => {
      expect(told(crl({ publicUrl }))[0]).toMatch(/^crl\.publicUrl: an http or https URL/);
    },
  );

  it.each([0, 1, 2161, 1.5])('whose CRLs live for %d hours is told what to write', (hours) => {
    expect(told(crl({ hours }))[0]).toMatch(/^crl\.hours: a whole number from 2 to 2160/);
  });

  it.each(['client', 'mtls'])('of profile %s that may not certify clients contradicts itself', (profile) => {
    expect(told({ profile })[0]).toMatch(/^limits\.clientAuth: true, which the profile needs/);
    expect(told({ profile, limits: { dnsSuffixes: ['contoso.example'] } })).toEqual([]);
  });
});

describe('the container of CRLs', () => {
  it.each([
    ['https://contosocrl.blob.core.windows.net/crl/', 'https://contosocrl.blob.core.windows.net/crl'],
    ['https://contosocrl.blob.core.usgovcloudapi.net/crl', 'https://contosocrl.blob.core.usgovcloudapi.net/crl'],
    ['https://127.0.0.1:10000/devstoreaccount1/crl', 'https://127.0.0.1:10000/devstoreaccount1/crl'],
  ])('may be %s', (container, plain) => {
    const read = issuer.safeParse({ ...plan, ...crl({ container }) });
    expect(read.data).toMatchObject({ crl: { container: plain } });
  });
});
