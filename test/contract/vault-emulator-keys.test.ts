import { createHash, verify, X509Certificate } from 'node:crypto';
import { CryptographyClient } from '@azure/keyvault-keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeyPool } from '../../local/vault/keys.ts';
import { all, DAY, lastOf, makeSelf, openBench, refusal, type VaultBench } from './vault-emulator-bench.ts';

let bench: VaultBench;
beforeAll(async () => {
  bench = await openBench({ keyPool: await createKeyPool({ 'RSA-2048': 1, 'RSA-3072': 1 }) });
});
afterAll(() => bench.close());

const message = Buffer.from('an ACME request');
const digestOf = (hash: string) => createHash(hash).update(message).digest();
const signer = (id: string) => new CryptographyClient(id, bench.credential, bench.clientOptions);

describe('a key that stands alone', () => {
  it.each([
    ['ES256', 'sha256', { kty: 'EC', curve: 'P-256' }],
    ['ES384', 'sha384', { kty: 'EC', curve: 'P-384' }],
    ['RS256', 'sha256', { kty: 'RSA', keySize: 2048 }],
    ['PS384', 'sha384', { kty: 'RSA', keySize: 3072 }],
  ] as const)('signs and verifies %s', async (algorithm, hash, { kty, ...size }) => {
    const name = `account-${algorithm}`;
    const made = await bench.keys.createKey(name, kty, { ...size, tags: { use: 'acme' } });
    expect(made.properties).toMatchObject({ enabled: true, exportable: false, tags: { use: 'acme' } });
    expect(made.properties.managed).toBeUndefined();
    const { key, keyOperations = [] } = await bench.keys.getKey(name);
    expect(key).toEqual(made.key);
    expect(keyOperations).toEqual(expect.arrayContaining(['sign', 'verify']));
    const { result } = await signer(made.id ?? '').sign(algorithm, digestOf(hash));
    const path = `/keys/${name}/${made.properties.version}/verify?api-version=7.6`;
    const ask = async (value: Uint8Array) => {
      const body = { alg: algorithm, digest: digestOf(hash).toString('base64url') };
      return (await bench.send('POST', path, { ...body, value: Buffer.from(value).toString('base64url') })).json;
    };
    expect(await ask(result)).toEqual({ value: true });
    expect(await ask(Buffer.from(result).reverse())).toEqual({ value: false });
    // And the SDK, with the public key that it was given.
    expect((await signer(made.id ?? '').verify(algorithm, digestOf(hash), result)).result).toBe(true);
  });

  it('has versions, of which the newest counts', async () => {
    const first = await bench.keys.createKey('account', 'EC');
    const second = await bench.keys.createKey('ACCOUNT', 'EC');
    expect((await bench.keys.getKey('account')).id).toBe(second.id);
    const old = await bench.keys.getKey('account', { version: first.properties.version ?? '' });
    expect(old.key).toEqual(first.key);
    const versions = await all(bench.keys.listPropertiesOfKeyVersions('account'));
    expect(versions.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    const names = (await all(bench.keys.listPropertiesOfKeys())).map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(names).toContain('account');
  });

  it.each([
    ['disabled', { enabled: false }, 'KeyDisabled'],
    ['expired', { expiresOn: new Date(Date.now() - 30 * DAY) }, 'KeyExpired'],
    ['not yet valid', { notBefore: new Date(Date.now() + 30 * DAY) }, 'KeyNotYetValid'],
  ] as const)('does not sign when it is %s', async (title, properties, inner) => {
    const name = title.replaceAll(' ', '-');
    const { properties: made } = await bench.keys.createKey(name, 'EC', properties);
    const sent = await bench.send('POST', `/keys/${name}/${made.version}/sign?api-version=7.6`, {
      alg: 'ES256',
      value: digestOf('sha256').toString('base64url'),
    });
    expect([sent.status, sent.json.error.innererror.code]).toEqual([403, inner]);
  });

  it('does only what it was made for', async () => {
    const { properties } = await bench.keys.createKey('verifier', 'EC', { keyOps: ['verify'] });
    const sent = await bench.send('POST', `/keys/verifier/${properties.version}/sign?api-version=7.6`, {
      alg: 'ES256',
      value: digestOf('sha256').toString('base64url'),
    });
    expect([sent.status, sent.json.error.innererror.code]).toEqual([403, 'KeyOperationForbidden']);
  });

  it.each([
    ['an unknown algorithm', 'HS256', 32],
    ['an algorithm of another key', 'RS256', 32],
    ['a digest of another length', 'ES256', 48],
  ])('refuses %s', async (_title, alg, length) => {
    const body = { alg, value: Buffer.alloc(length, 1).toString('base64url') };
    const { version } = (await bench.keys.getKey('account')).properties;
    const { status, json } = await bench.send('POST', `/keys/account/${version}/sign?api-version=7.6`, body);
    expect([status, json.error.code]).toEqual([400, 'BadParameter']);
  });

  it('says so where the stand offers less than the service', async () => {
    for (const [method, path] of [
      ['DELETE', '/keys/account'],
      ['PUT', '/keys/other'],
      ['DELETE', '/secrets/x'],
    ] as const) {
      const { status, json } = await bench.send(method, `${path}?api-version=7.6`, {});
      expect([status, json.error.code]).toEqual([400, 'NotSupported']);
    }
  });
});

describe('a secret that stands alone', () => {
  it('is set, read and listed with its versions', async () => {
    const first = await bench.secrets.setSecret('token', 'one', { contentType: 'text/plain', tags: { a: 'b' } });
    const second = await bench.secrets.setSecret('token', 'two', { expiresOn: new Date(Date.now() - DAY) });
    expect((await bench.secrets.getSecret('token')).value).toBe('two');
    const old = await bench.secrets.getSecret('token', { version: first.properties.version ?? '' });
    expect(old).toMatchObject({ value: 'one', properties: { contentType: 'text/plain', tags: { a: 'b' } } });
    const versions = await all(bench.secrets.listPropertiesOfSecretVersions('token'));
    expect(versions.map(({ version }) => version).sort()).toEqual(
      [first.properties.version, second.properties.version].sort(),
    );
    const listed = await bench.send('GET', '/secrets?api-version=7.6');
    expect(JSON.stringify(listed.json)).not.toMatch(/"value":"/);
    await expect(bench.secrets.getSecret('none')).rejects.toEqual(refusal(404, 'SecretNotFound'));
  });

  it('is kept back while it is disabled', async () => {
    await bench.secrets.setSecret('off', 'x', { enabled: false });
    await expect(bench.secrets.getSecret('off')).rejects.toEqual(refusal(403, 'Forbidden', 'SecretDisabled'));
  });
});

describe('one name', () => {
  it('belongs to a certificate with key and secret, or to keys and secrets that stand alone', async () => {
    await makeSelf(bench, 'web');
    await expect(bench.keys.createKey('WEB', 'EC')).rejects.toEqual(refusal(409, 'Conflict'));
    await expect(bench.secrets.setSecret('web', 'x')).rejects.toEqual(refusal(409, 'Conflict'));
    const policy = { issuerName: 'Self', subject: 'CN=a' };
    for (const name of ['account', 'token']) {
      const create = bench.certificates.beginCreateCertificate(name, policy);
      await expect(create).rejects.toEqual(refusal(409, 'Conflict'));
    }
    await bench.keys.createKey('token', 'EC');
  });

  it('shows the key and the secret of a certificate as managed', async () => {
    const managed = (list: { name?: string | undefined; managed?: boolean }[]) =>
      list.filter((one) => one.managed).map(({ name }) => name);
    expect(managed(await all(bench.keys.listPropertiesOfKeys()))).toEqual(['web']);
    const secrets = await bench.send('GET', '/secrets?api-version=7.6');
    const web = secrets.items.find(({ id }) => lastOf(id) === 'web');
    expect(web).toMatchObject({ managed: true, contentType: 'application/x-pkcs12' });
  });
});

describe('a version of a certificate', () => {
  it('makes key and secret inoperable while it is disabled, and stays readable itself', async () => {
    const version = await makeSelf(bench, 'paused');
    await bench.certificates.updateCertificateProperties('paused', version, { enabled: false });
    await expect(bench.secrets.getSecret('paused')).rejects.toEqual(refusal(403, 'Forbidden', 'SecretDisabled'));
    const body = { alg: 'ES256', value: digestOf('sha256').toString('base64url') };
    const path = `/keys/paused/${version}`;
    const sent = await bench.send('POST', `${path}/sign?api-version=7.6`, body);
    expect([sent.status, sent.json.error.innererror.code]).toEqual([403, 'KeyDisabled']);
    const verified = await bench.send('POST', `${path}/verify?api-version=7.6`, {
      ...{ alg: 'ES256', digest: body.value, value: Buffer.alloc(64, 1).toString('base64url') },
    });
    expect(verified.status).toBe(403);
    expect((await bench.keys.getKey('paused')).properties.enabled).toBe(false);
    expect((await bench.certificates.getCertificate('paused')).cer).toBeDefined();
    await bench.certificates.updateCertificateProperties('paused', version, { enabled: true });
    expect((await bench.send('POST', `${path}/sign?api-version=7.6`, body)).status).toBe(200);
  });

  it('signs nothing more when it has expired, and is still read and verified with', async () => {
    const other = await openBench();
    const policy = {
      validityInMonths: 1,
      lifetimeActions: [{ action: 'EmailContacts' as const, daysBeforeExpiry: 1 }],
    };
    const version = await makeSelf(other, 'old', policy);
    const { cer } = await other.certificates.getCertificate('old');
    const value = digestOf('sha256').toString('base64url');
    const path = `/keys/old/${version}`;
    const signed = await other.send('POST', `${path}/sign?api-version=7.6`, { alg: 'ES256', value });
    other.clock.advance(40 * DAY);
    const late = await other.send('POST', `${path}/sign?api-version=7.6`, { alg: 'ES256', value });
    expect([late.status, late.json.error.innererror.code]).toEqual([403, 'KeyExpired']);
    const body = { alg: 'ES256', digest: value, value: signed.json.value };
    expect((await other.send('POST', `${path}/verify?api-version=7.6`, body)).json).toEqual({ value: true });
    expect((await other.secrets.getSecret('old')).value).toBeDefined();
    const { publicKey } = new X509Certificate(Buffer.from(cer ?? []));
    const signature = Buffer.from(signed.json.value, 'base64url');
    expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    await other.close();
  });
});
