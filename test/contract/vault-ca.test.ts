import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCsr, createKeys } from '../../local/pki.ts';
import { accept } from '../../src/certificate/acceptance.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { derToPem, pemToDer } from '../../src/certificate/pem.ts';
import { clock } from '../../src/clock.ts';
import { createMemoryAppRows, createMemoryIssuances, createMemoryRevocations } from '../../src/estate/memory.ts';
import { createCrlContainer } from '../../src/issuers/crl-container.ts';
import { create, crlPublisher } from '../../src/issuers/vault-ca.ts';
import type { VaultCaPlan } from '../../src/plan/issuers/vault-ca.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import { createVaultSigner } from '../../src/vault/signer.ts';
import { type EmulatedStorage, startEmulatedStorage } from './emulated-storage.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';

const BLOBS = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';
const rights = [`${BLOBS}/read`, `${BLOBS}/add/action`, `${BLOBS}/write`];

let storage: EmulatedStorage;
let emulated: EmulatedVault;
beforeAll(async () => {
  [storage, emulated] = await Promise.all([startEmulatedStorage(), startEmulatedVault()]);
  await storage.as('Microsoft.Storage/storageAccounts/blobServices/containers/write').blobs('crl').create();
});
afterAll(() => Promise.all([storage.close(), emulated.close()]));

const containerAs = (...actions: readonly string[]) =>
  createCrlContainer({ url: `${storage.urls.blob}/crl`, credential: storage.credential(actions), tls: storage.tls });

describe('the container of CRLs', () => {
  it('has no CRL that was never written, and reads back the one that was', async () => {
    const container = containerAs(...rights);
    expect(await container.read('first.crl')).toBeUndefined();
    expect(await container.write('first.crl', Uint8Array.of(1, 2))).toBe(true);
    const there = await container.read('first.crl');
    expect(there?.der).toEqual(Uint8Array.of(1, 2));
    expect(await container.write('first.crl', Uint8Array.of(3), there?.etag)).toBe(true);
    expect((await container.read('first.crl'))?.der).toEqual(Uint8Array.of(3));
  });

  it('lets only one of two writers through', async () => {
    const container = containerAs(...rights);
    await container.write('race.crl', Uint8Array.of(1));
    expect(await container.write('race.crl', Uint8Array.of(2))).toBe(false);
    const etag = (await container.read('race.crl'))?.etag;
    const both = await Promise.all([2, 3].map((byte) => container.write('race.crl', Uint8Array.of(byte), etag)));
    expect(both.filter(Boolean)).toHaveLength(1);
  });

  it('is told apart from one that is not there, and from one that it may not write to', async () => {
    const missing = createCrlContainer({
      ...{ url: `${storage.urls.blob}/none`, credential: storage.credential(rights), tls: storage.tls },
    });
    await expect(missing.write('a.crl', Uint8Array.of(1))).rejects.toMatchObject({ code: 'storage-unreachable' });
    const reader = containerAs(`${BLOBS}/read`);
    await expect(reader.write('a.crl', Uint8Array.of(1))).rejects.toMatchObject({ code: 'storage-unreachable' });
  });
});

const page = readFileSync(new URL('../../docs/issuers/vault-ca.md', import.meta.url), 'utf8');
const [, extensions = ''] = /```ini\n([\s\S]*?)```/.exec(page) ?? [];
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

if (hasOpenssl) {
  describe('the CA of docs/issuers/vault-ca.md', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vault-ca-'));
    const file = (name: string, content?: string | Uint8Array): string => {
      const path = join(folder, name);
      if (content !== undefined) writeFileSync(path, content);
      return path;
    };
    const openssl = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
      return { status, told: `${stdout}${stderr}` };
    };

    it('is made below an offline root, and OpenSSL believes its certificates, its CRL and its revocation', async () => {
      const rootPem = makeRoot(openssl, file);
      const certificate = await makeCa(openssl, file);
      const plan: VaultCaPlan = {
        ...{ kind: 'vault-ca', certificate, chain: [], roots: [rootPem] },
        crl: { container: `${storage.urls.blob}/crl`, publicUrl: 'http://crl.contoso.example', hours: 48 },
        limits: { maxDays: 90, keys: ['P-256'], dnsSuffixes: ['contoso.example'], clientAuth: false },
      };
      const parts = {
        ...{ issuances: createMemoryIssuances(), revocations: createMemoryRevocations(), rows: createMemoryAppRows() },
        signer: createVaultSigner({ ...emulated.connection, certificateId: certificate }),
        ...{ container: containerAs(...rights), clock, random: randomBytes },
      };
      const ca = create(plan, parts);
      const chain = await issueOne(ca, [rootPem]);
      const [leaf = '', issuing = ''] = chain.map((der) => derToPem(Buffer.from(der, 'base64')));
      const [report] = (await crlPublisher(plan, parts)?.publish()) ?? [];
      const verify = async (): Promise<ReturnType<typeof openssl>> => {
        const crl = await parts.container.read(`${report?.authority}.crl`);
        file('ca.crl.pem', pem('X509 CRL', crl?.der ?? new Uint8Array()));
        return openssl(
          ...['verify', '-crl_check', '-CRLfile', file('ca.crl.pem'), '-CAfile', file('root.pem')],
          ...['-untrusted', file('issuing.pem', issuing), file('leaf.pem', leaf)],
        );
      };
      expect(await verify()).toMatchObject({ status: 0, told: expect.stringContaining('OK') });
      expect(await ca.revoke({ certificate: chain[0] ?? '', reason: 'keyCompromise' })).toEqual({ state: 'revoked' });
      const after = await verify();
      expect(after.told).toContain('certificate revoked');
      expect(after.status).not.toBe(0);
      const crl = openssl(
        'crl',
        '-in',
        file('ca.crl.pem'),
        '-noout',
        '-text',
        '-verify',
        '-CAfile',
        file('issuing.pem'),
      );
      expect(crl.told).toContain('verify OK');
      expect(crl.told).toMatch(
        /Version 2[\s\S]*X509v3 Authority Key Identifier[\s\S]*X509v3 CRL Number[\s\S]*Key Compromise/,
      );
      expect(openssl('x509', '-in', file('leaf.pem'), '-noout', '-text').told).toContain(
        `URI:http://crl.contoso.example/${report?.authority}.crl`,
      );
    });
  });
} else {
  console.log('NOT RUN: the vault CA with OpenSSL: openssl is not installed');
}

type Openssl = (...args: readonly string[]) => { readonly status: number | null; readonly told: string };
type File = (name: string, content?: string | Uint8Array) => string;

function makeRoot(openssl: Openssl, file: File): string {
  const made = openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-days', '30'],
    ...['-subj', '/O=Contoso/CN=Contoso Root', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ...['-keyout', file('root.key'), '-out', file('root.pem')],
  );
  expect(made.told).not.toContain('rror');
  return readFileSync(file('root.pem'), 'utf8');
}

/** The steps of the page: CSR from the vault, signed by the root with the page's extensions, merged. */
async function makeCa(openssl: Openssl, file: File): Promise<string> {
  const vault = createKeyVault(emulated.connection);
  const ref = { vault: emulated.uri, name: 'issuing-ca', tags: {} };
  const pending = await vault.request({
    ...{ ...ref, subject: 'CN=Contoso Issuing CA 1, O=Contoso', dnsNames: [], keyType: 'P-384' },
    ...{ exportable: false, contentType: 'application/x-pem-file', validityMonths: 60 },
  });
  file('issuing-ca.csr', pem('CERTIFICATE REQUEST', Buffer.from(pending.csr, 'base64')));
  const made = openssl(
    ...['x509', '-req', '-in', file('issuing-ca.csr'), '-CA', file('root.pem'), '-CAkey', file('root.key')],
    ...['-set_serial', `0x${randomBytes(16).toString('hex')}`, '-days', '1825', '-sha256'],
    ...['-extfile', file('issuing-ca.ext', extensions), '-out', file('issuing-ca.pem')],
  );
  expect(made.status, made.told).toBe(0);
  const [der] = pemToDer(readFileSync(file('issuing-ca.pem'), 'utf8'));
  await vault.merge({ ...ref, chain: [Buffer.from(der ?? []).toString('base64')] });
  // OpenSSL dates the certificate by the machine's clock, and the emulator's stands where the test began.
  emulated.clock.advance(60_000);
  return `${emulated.uri}/certificates/issuing-ca`;
}

/** A certificate that acceptance takes, as a renewal of a plan asks for it. */
async function issueOne(ca: ReturnType<typeof create>, roots: readonly string[]): Promise<readonly string[]> {
  const names = { dns: ['shop.contoso.example'] };
  const csr = createCsr({ subject: 'CN=shop.contoso.example', names, keys: await createKeys('P-256') });
  const request = { renewalId: 'shop-1', csr: Buffer.from(csr).toString('base64'), validityDays: 20 };
  const order = await ca.submit(request);
  if ('state' in order) throw new TypeError(order.reason);
  const status = await ca.poll(order);
  if (status.state !== 'issued') throw new TypeError(status.state);
  const verdict = accept({
    ...{ answer: status.chain, csr: readCsr(csr), now: clock.now(), knownSerials: [], startReason: 'due' },
    profile: { validityDays: 20, minimumDays: 10, maximumDays: 90, keys: ['P-256'] },
    roots: roots.flatMap((root) => pemToDer(root)),
  });
  expect(verdict).toMatchObject({ state: 'accepted', warnings: [] });
  return status.chain;
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
