import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callVault } from '../../local/stand/vault-call.ts';
import { vaultAudience } from '../../local/vault/challenge.ts';
import { readPfx } from '../../local/vault/pfx-read.ts';
import {
  type Canary,
  filesOf,
  findSecrets,
  isPair,
  type Place,
  privateNumber,
  storedOf,
  textCanary,
} from './canaries.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

let bench: StandBench;
let hostFolder: string;
let canaries: readonly Canary[];
let answers: readonly Place[];

beforeAll(async () => {
  hostFolder = await mkdtemp(join(tmpdir(), 'leaks-'));
  bench = await openStandBench({
    seed: 21,
    scenarios: stories('near-expiry', 'imported', 'foreign-pending', 'many-events'),
    settings: { AZURE_LOG_LEVEL: 'verbose' },
    host: { directory: hostFolder },
    prepare: (stand) => {
      for (const seeded of stand.estate.certificates) stand.raise(seeded);
    },
  });
  const ids = [];
  for (const key of ['near-expiry', 'imported', 'many-events'] as const) ids.push(await bench.renew(bench.seeded(key)));
  for (const id of ids) expect((await bench.ended(id)).outcome).toBe('renewed');
  await bench.app.runNow('sweep');
  await bench.until(async () => true);
  canaries = [...(await privateKeys()), ...credentials()];
  answers = await everyAnswer(ids);
});
afterAll(async () => {
  await bench?.close();
  await rm(hostFolder, { recursive: true, force: true });
});

describe('a run of the whole pipeline at the most talkative level', () => {
  it('talks: the clients log every request', () => {
    const text = bench.log.map(({ message }) => message).join('\n');
    expect(text).toMatch(/azure:core-rest-pipeline:info Request/);
    expect(text).toMatch(/azure:identity/);
  });

  it('looks for the keys that are really served and used', () => {
    expect(canaries.filter(({ name }) => name.startsWith('private key')).length).toBeGreaterThanOrEqual(6);
    for (const { bytes } of canaries) expect(bytes.length).toBeGreaterThanOrEqual(16);
  });

  it('logs no key, no token and no credential', () => {
    const lines = bench.log.map((line, at) => ({ name: `line ${at}`, content: Buffer.from(JSON.stringify(line)) }));
    expect(lines.length).toBeGreaterThan(100);
    expect(findSecrets(lines, canaries)).toEqual([]);
  });

  it('stores none in any table, blob or queue', async () => {
    const places = await storedOf(bench.stand.connectionString);
    const kinds = new Set(places.map(({ name }) => name.split(' ')[0]));
    expect([...kinds].sort()).toEqual(expect.arrayContaining(['blob', 'table']));
    expect(places.length).toBeGreaterThan(10);
    expect(findSecrets(places, canaries)).toEqual([]);
  });

  it('writes none into any file, but for the host its own keys', async () => {
    const files = [...(await filesOf(bench.folder)), ...(await filesOf(hostFolder))];
    const names = files.map(({ name }) => name);
    expect(names).toContain('keys.json');
    expect(files.find(({ content }) => content.includes('renewCertificate'))).toBeDefined();
    // Where a Functions host keeps its keys; nothing else may hold them.
    const elsewhere = findSecrets(files, canaries).filter((line) => !line.startsWith('keys.json: host key '));
    expect(elsewhere).toEqual([]);
  });

  it('answers none, and no address of the durable extension', () => {
    expect(answers.length).toBeGreaterThan(8);
    expect(findSecrets(answers, canaries)).toEqual([]);
    const told = answers.filter(({ content }) => /code=|sig=|\/runtime\/webhooks/.test(content.toString()));
    expect(told.map(({ name }) => name)).toEqual([]);
  });
});

describe('the search', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const token = textCanary('token', 'a-token-of-the-emulator-0123456789');
  const der = (key: KeyObject): Buffer => key.export({ type: 'pkcs8', format: 'der' });

  it.each([
    ['PEM', (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['PEM in JSON', (key: KeyObject) => JSON.stringify({ a: key.export({ type: 'pkcs8', format: 'pem' }) })],
    ['DER', (key: KeyObject) => der(key)],
    ['hex', (key: KeyObject) => der(key).toString('hex')],
    ['base64', (key: KeyObject) => `{"a":"${der(key).toString('base64')}"}`],
    ['base64 one octet later', (key: KeyObject) => Buffer.concat([Buffer.from('x'), der(key)]).toString('base64')],
    ['base64url', (key: KeyObject) => der(key).toString('base64url')],
    ['JWK', (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' }))],
  ])('finds a planted key as %s', (_, write) => {
    for (const key of [privateKey, rsa]) {
      const content = Buffer.concat([Buffer.from('before '), Buffer.from(write(key)), Buffer.from(' after')]);
      const found = findSecrets([{ name: 'planted', content }], [privateNumber('one', key)]);
      expect(found).toContain('planted: private key of one');
    }
  });

  it.each([
    ['as it is', (text: string) => `Authorization: Bearer ${text}`],
    ['in base64', (text: string) => Buffer.from(`user:${text}`).toString('base64')],
    ['in hex', (text: string) => Buffer.from(text).toString('hex')],
    ['in the address of a call', (text: string) => `https://a/b?x=${encodeURIComponent(text)}`],
  ])('finds a planted credential %s', (_, write) => {
    const content = Buffer.from(write(token.bytes.toString()));
    expect(findSecrets([{ name: 'planted', content }], [token])).toEqual(['planted: token']);
  });

  it.each([
    ['an access token', `eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhIn0xyz.${'s'.repeat(40)}`],
    ['a signature or key in a URL', 'http://127.0.0.1/runtime/webhooks/durabletask?code=abcdefghijkl'],
    ['a private key in PEM', '-----BEGIN EC PRIVATE KEY-----'],
  ])('knows %s by its form', (what, text) => {
    expect(findSecrets([{ name: 'log', content: Buffer.from(`x ${text} y`) }], [])).toEqual([`log: ${what}`]);
  });
});

/** The keys of every version of every certificate, as App Service would be given them. */
async function privateKeys(): Promise<readonly Canary[]> {
  const { cloud, estate } = bench.stand;
  const token = cloud.identity.issueToken(cloud.principals.operator, vaultAudience);
  const found: Canary[] = [];
  for (const { vaultName, name } of estate.certificates) {
    const vault = cloud.vault(vaultName);
    const versions = vault.snapshot().find((one) => one.name === name)?.versions ?? [];
    for (const { version } of versions) {
      const { body } = await callVault(vault, { method: 'GET', path: `/secrets/${name}/${version}`, token });
      const key = keyOf(String(body.value), String(body.contentType));
      found.push(privateNumber(`${name} ${version}`, key));
    }
  }
  return found;
}

function keyOf(value: string, contentType: string): KeyObject {
  if (contentType === 'application/x-pem-file') return createPrivateKey(value);
  const read = readPfx(Buffer.from(value, 'base64'), '');
  const { key, certificates } = read.state === 'read' ? read.content : { key: undefined, certificates: [] };
  const [leaf] = certificates;
  if (key === undefined || leaf === undefined) throw new TypeError('a secret without its key');
  expect(isPair(leaf, key)).toBe(true);
  return key;
}

function credentials(): readonly Canary[] {
  const { keys } = bench.host;
  const host = Object.entries(keys).map(([name, key]) => textCanary(`host key ${name}`, String(key)));
  return [...host, textCanary('header of the identity endpoint', bench.stand.settings.IDENTITY_HEADER ?? '')];
}

/** Everything that the API says to a caller, the refusals included. */
async function everyAnswer(ids: readonly string[]): Promise<readonly Place[]> {
  const calls: readonly (readonly [string, string, string?])[] = [
    ['GET', '/api/renewals'],
    ['GET', '/api/openapi.json'],
    ...ids.flatMap((id) => [['GET', `/api/renewals/${id}`] as const, ['POST', `/api/renewals/${id}/cancel`] as const]),
    ['GET', '/api/renewals/none'],
    ['GET', '/api/renewals/%2e%2e%2fruntime%2fwebhooks'],
    ['POST', '/api/renewals', JSON.stringify({ vault: 'nowhere', certificate: 'x' })],
    ['POST', '/api/renewals', JSON.stringify({ vault: bench.seeded('imported').vaultName, certificate: 'imported' })],
    ['POST', '/api/renewals', '{'],
  ];
  return Promise.all(
    calls.map(async ([method, path, body]) => {
      const headers = { 'x-functions-key': bench.host.keys.function, 'content-type': 'application/json' };
      const answer = await fetch(`${bench.host.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
      const content = Buffer.from(`${JSON.stringify([...answer.headers])}\n${await answer.text()}`);
      return { name: join(method, path), content };
    }),
  );
}
