import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assertChallengeRule, assertUsesRule, readSettings } from '../../../src/config/read-settings.ts';
import { sampleSettings } from '../../../src/config/sample.ts';
import { type Setting, settings } from '../../../src/config/settings.ts';
import { RenewalError } from '../../../src/errors.ts';
import { anEstate, aVault } from '../plan/build.ts';

const local = { PERENNIAL_ESTATE: 'estate.yaml', PERENNIAL_STORAGE_CONNECTION: 'UseDevelopmentStorage=true' };
const account = 'https://contosoperennial';

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'settings-invalid') return error.message.split('\n- ').slice(1);
    throw error;
  }
  return [];
}

describe('readSettings', () => {
  it('fills in the defaults', () => {
    expect(readSettings(local)).toEqual({
      estate: { kind: 'file', path: 'estate.yaml' },
      storage: { kind: 'connection', connectionString: 'UseDevelopmentStorage=true' },
      armEndpoint: 'https://management.azure.com',
      sweepSchedule: '0 0 * * * *',
      watchdogSchedule: '30 * * * * *',
      heartbeatSchedule: '0 */15 * * * *',
      crlSchedule: '0 20 * * * *',
      eventPathSchedule: '0 10 */6 * * *',
      logEndpoint: 'https://api.loganalytics.azure.com',
      usesHours: 12,
      startsPerVault: 10,
      verifyVaultChallenge: true,
      appName: 'perennial',
    });
  });

  it('reads everything that can be set in Azure', () => {
    const examples = Object.values<Setting>(settings).map(({ name, example }) => [name, example]);
    const { PERENNIAL_STORAGE_CONNECTION: _, ...azure } = Object.fromEntries(examples);
    expect(readSettings(azure)).toMatchObject({
      estate: { kind: 'blob', url: `${account}.blob.core.windows.net/config/estate.yaml` },
      storage: { kind: 'identity', tableEndpoint: `${account}.table.core.windows.net` },
      renewerClientId: settings.renewerClientId.example,
      deployerClientId: settings.deployerClientId.example,
      readerClientId: settings.readerClientId.example,
      logWorkspace: settings.logWorkspace.example,
      publicUrl: 'https://certificates.contoso.example',
    });
  });

  it('takes only what can be the name of a queue', () => {
    const named = (PERENNIAL_EVENT_QUEUE: string) => problemsOf({ ...local, PERENNIAL_EVENT_QUEUE });
    for (const name of ['abc', 'certificate-events', 'a1b', 'q'.repeat(63)]) expect(named(name)).toEqual([]);
    for (const name of ['ab', 'Events', 'a--b', '-ab', 'ab-', 'q'.repeat(64), 'https://x']) {
      expect(named(name)).toEqual([expect.stringMatching(/^PERENNIAL_EVENT_QUEUE is ".+"; write the name of a queue/)]);
    }
  });

  it('takes only the id of a workspace, and says which of its ids is meant', () => {
    for (const PERENNIAL_LOG_WORKSPACE of ['contoso-logs', '/subscriptions/s/resourceGroups/g', 'https://x/?sig=s']) {
      const [problem] = problemsOf({ ...local, PERENNIAL_LOG_WORKSPACE });
      expect(problem).toMatch(/^PERENNIAL_LOG_WORKSPACE is ".+"; write the workspace ID \(a UUID\) of the workspace/);
      expect(problem).not.toContain('sig=');
    }
  });

  it('leaves other variables alone and takes a blank setting for an absent one', () => {
    expect(readSettings({ ...local, PATH: '/bin', PERENNIAL_PUBLIC_URL: ' ' })).toEqual(readSettings(local));
  });

  it('drops a trailing slash of an address', () => {
    expect(readSettings({ ...local, PERENNIAL_ARM_ENDPOINT: 'https://localhost:4443/' }).armEndpoint).toBe(
      'https://localhost:4443',
    );
  });

  it.each([
    ['the app', { WEBSITE_SITE_NAME: 'contoso' }, 'contoso'],
    ['the app in its production slot', { WEBSITE_SITE_NAME: 'contoso', WEBSITE_SLOT_NAME: 'Production' }, 'contoso'],
    ['the app and its slot', { WEBSITE_SITE_NAME: 'contoso', WEBSITE_SLOT_NAME: 'staging' }, 'contoso-staging'],
    ['what is set', { WEBSITE_SITE_NAME: 'contoso', PERENNIAL_APP_NAME: 'renewals' }, 'renewals'],
  ])('holds the lease under the name of %s', (_title, env, name) => {
    expect(readSettings({ ...local, ...env }).appName).toBe(name);
  });

  it('names all problems at once', () => {
    const env = { PERENNIAL_SWEEP_SCHEDULE: 'daily', PERENNIAL_ARM_ENDPOINT: 'arm', PERENNIAL_ESTAT: 'x' };
    expect(problemsOf(env)).toEqual([
      expect.stringMatching(/^PERENNIAL_ESTATE is missing/),
      expect.stringMatching(/^PERENNIAL_ARM_ENDPOINT is "arm"/),
      expect.stringMatching(/^PERENNIAL_SWEEP_SCHEDULE has 1 fields/),
      expect.stringMatching(/^PERENNIAL_TABLE_ENDPOINT and PERENNIAL_BLOB_ENDPOINT are missing/),
      expect.stringMatching(/^PERENNIAL_ESTAT is no setting/),
    ]);
  });

  const wrong: [string, Record<string, string>, RegExp][] = [
    ['an estate over http', { PERENNIAL_ESTATE: 'http://a.example/c/b' }, /ESTATE is "http/],
    ['an estate URL without a blob', { PERENNIAL_ESTATE: 'https://a.example/c' }, /ESTATE is "https/],
    ['a truth that is none', { PERENNIAL_VERIFY_VAULT_CHALLENGE: 'no' }, /write true or false/],
    ['a name with blanks', { PERENNIAL_APP_NAME: 'my app' }, /letters, digits, dots/],
    ['a budget of nothing', { PERENNIAL_STARTS_PER_VAULT: '0' }, /whole number from 1/],
    ['a client id that is no UUID', { PERENNIAL_RENEWER_CLIENT_ID: 'me' }, /client id \(a UUID\)/],
    ['both kinds of storage', { PERENNIAL_BLOB_ENDPOINT: account }, /are both set/],
    ['an address with a path', { PERENNIAL_PUBLIC_URL: 'https://a.example/x' }, /without a path/],
    ['TLS checks turned off', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, /NODE_TLS_REJECT_UNAUTHORIZED/],
    ['an incomplete connection', { PERENNIAL_STORAGE_CONNECTION: 'BlobEndpoint=http://x' }, /lacks TableEndpoint/],
    ['a setting in the wrong case', { perennial_estate: 'x' }, /perennial_estate is no setting/],
  ];
  it.each(wrong)('refuses %s', (_title, change, problem) => {
    expect(problemsOf({ ...local, ...change })).toEqual([expect.stringMatching(problem)]);
  });

  it('refuses one storage endpoint without the other', () => {
    const env = { PERENNIAL_ESTATE: 'x', PERENNIAL_TABLE_ENDPOINT: account };
    expect(problemsOf(env)).toEqual([expect.stringMatching(/set both/)]);
  });

  it('refuses a key of a storage account in Azure, and never repeats it', () => {
    const key = 'c2VjcmV0LWtleQ==';
    const hosts = 'TableEndpoint=https://a.table.core.windows.net;BlobEndpoint=https://a.blob.core.windows.net';
    const [problem, ...rest] = problemsOf({
      ...local,
      PERENNIAL_STORAGE_CONNECTION: `AccountName=a;AccountKey=${key};${hosts}`,
    });
    expect(rest).toEqual([]);
    expect(problem).toMatch(/points at Azure/);
    expect(problem).not.toContain(key);
  });

  it('never repeats a signature of a blob URL', () => {
    const [problem] = problemsOf({ ...local, PERENNIAL_ESTATE: 'https://a.example/c/estate.yaml?sig=topsecret' });
    expect(problem).toMatch(/without a query/);
    expect(problem).not.toContain('topsecret');
  });
});

describe('assertUsesRule', () => {
  const estate = (...discover: readonly boolean[]) => ({
    certificates: discover.map((one, index) => ({
      ...{ vault: 'kv-web', name: `shop-${index}`, plan: 'web', owner: 'team-web', discover: one, targets: [] },
    })),
  });

  it('lets nobody rely on a look that nobody has', () => {
    expect(() => assertUsesRule({ usesHours: 0 }, estate(false, true))).toThrow(
      /PERENNIAL_USES_HOURS is 0.*kv-web\/shop-1 needs the look: set hours/,
    );
    expect(() => assertUsesRule({ usesHours: 0 }, estate(...Array.from({ length: 7 }, () => true)))).toThrow(
      'and 2 more',
    );
  });

  it('has nothing against an estate that does not discover, or a look', () => {
    expect(() => assertUsesRule({ usesHours: 0 }, estate(false))).not.toThrow();
    expect(() => assertUsesRule({ usesHours: 12 }, estate(true))).not.toThrow();
  });
});

describe('assertChallengeRule', () => {
  const off = { verifyVaultChallenge: false };
  const loopback = [
    'https://localhost:8443',
    'https://shop.vault.localhost:8443',
    'https://127.0.0.1',
    'https://[::1]:1',
  ];

  it.each(loopback)('lets the verification be off for %s', (uri) => {
    expect(() => assertChallengeRule(off, { vaults: [aVault({ uri })], issuers: {}, certificates: [] })).not.toThrow();
  });

  const distant = ['https://shop.vault.azure.net', 'https://localhost.contoso.example', 'https://10.0.0.1'];
  it.each(distant)('refuses it for %s', (uri) => {
    const estate = { vaults: [aVault({ uri: 'https://localhost' }), aVault({ uri })], issuers: {}, certificates: [] };
    expect(() => assertChallengeRule(off, estate)).toThrow(uri);
    expect(() => assertChallengeRule({ verifyVaultChallenge: true }, estate)).not.toThrow();
  });

  it('refuses it for the vault of a CA', () => {
    const { issuers } = anEstate();
    expect(() => assertChallengeRule(off, { vaults: [], issuers, certificates: [] })).toThrow(
      'certificates/perennial-ca',
    );
  });

  it('refuses it for the vault of what a target is asked with', () => {
    const secret = 'https://far.vault.azure.net/secrets/hook';
    const webhook = { kind: 'webhook' as const, id: 'webhook:shop', name: 'shop', url: secret, secret, trust: [] };
    const certificates = anEstate().certificates.map((one) => ({ ...one, targets: [webhook] }));
    expect(() => assertChallengeRule(off, { vaults: [], issuers: {}, certificates })).toThrow('secrets/hook');
  });

  it('refuses it for the vault of a credential, however deep it stands', () => {
    const [internal] = Object.values(anEstate().issuers);
    if (internal === undefined) throw new TypeError('The builder has no issuer.');
    const near = { ...internal, certificate: 'https://localhost/certificates/ca' };
    const far = { ...near, deeper: [{ secret: 'https://far.vault.azure.net/secrets/password' }] };
    expect(() => assertChallengeRule(off, { vaults: [], issuers: { near }, certificates: [] })).not.toThrow();
    expect(() => assertChallengeRule(off, { vaults: [], issuers: { far }, certificates: [] })).toThrow(
      'secrets/password',
    );
  });
});

describe('the sample', () => {
  const sample = JSON.parse(readFileSync('local.settings.sample.json', 'utf8'));

  it('is what the table says', () => {
    expect(sample).toEqual(sampleSettings());
  });

  it('is read without a problem', () => {
    expect(problemsOf(sample.Values)).toEqual([]);
  });
});
