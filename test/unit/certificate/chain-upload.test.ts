import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { createKeys } from '../../../local/pki.ts';
import { readChainUpload, sentChain, type UploadRequest } from '../../../src/certificate/chain-upload.ts';
import { derInteger, derOid, tags, wrap } from '../../../src/certificate/der.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import { holdsPrivateKey } from '../../../src/certificate/private-key.ts';
import { aWorld, days, now } from '../../builders/certificates.ts';

const world = await aWorld();
const leaf = world.leaf();
const { intermediate, root } = world;
const both = leaf.pem + intermediate.pem;
const chain = [leaf.der, intermediate.der].map((der) => Buffer.from(der).toString('base64'));
const request: UploadRequest = { csr: world.csr, intermediates: [], roots: [root.der], now };
const read = (sent: Uint8Array | string, change: Partial<UploadRequest> = {}) =>
  readChainUpload(Buffer.from(sent as Uint8Array), { ...request, ...change });

function pkcs7(...certificates: readonly Uint8Array[]): Uint8Array {
  const [empty, content] = [wrap(tags.set), wrap(tags.sequence, derOid('1.2.840.113549.1.7.1'))];
  const all = wrap(tags.context(0), ...certificates);
  const body = wrap(tags.sequence, derInteger('01'), empty, content, all, empty);
  return wrap(tags.sequence, derOid('1.2.840.113549.1.7.2'), wrap(tags.context(0), body));
}
const bundle = pkcs7(leaf.der, intermediate.der);

describe('an uploaded chain', () => {
  it.each([
    ['PEM', both],
    ['PEM, the leaf last', intermediate.pem + leaf.pem],
    ['PEM with CRLF, a byte order mark and text around', `\ufeffDear all,\r\n${both.replaceAll('\n', '\r\n')}\r\nBye`],
    ['PEM in UTF-16', Buffer.from(`\ufeff${both}`, 'utf16le')],
    ['PKCS#7 in DER', bundle],
    ['PKCS#7 in PEM', derToPem(bundle, 'PKCS7')],
    ['PKCS#7 as certreq labels it', derToPem(bundle)],
    ['twice the same', both + both],
  ])('is read from %s, leaf first', (_, sent) => {
    expect(read(sent)).toEqual({ state: 'read', chain });
  });

  it('may leave out what the estate file has', () => {
    expect(read(leaf.der, { intermediates: [intermediate.der] })).toEqual({ state: 'read', chain: chain.slice(0, 1) });
  });

  it.each([
    ['wrong-key', intermediate.pem, 'none of its certificates has the key'],
    ['wrong-key', both + world.leaf({ serial: '7b' }).pem, '2 of its certificates has the key'],
    ['missing-name', world.leaf({ names: { dns: ['www.contoso.example'] } }).pem + intermediate.pem, 'lacks dns:api.'],
    ['chain-broken', leaf.pem, 'no certificate at hand issued'],
    ['unreadable', 'x'.repeat(1024), ''],
    ['unreadable', 'no certificate, but a text.', 'not base64'],
    ['unreadable', '', 'not base64'],
    ['unreadable', Buffer.from('30030601', 'hex'), ''],
    ['too-large', Buffer.alloc(1024 * 1024 + 1, 'A'), 'are allowed'],
    [
      'too-large',
      Array.from({ length: 11 }, () => both + world.leaf().pem).join(''),
      'certificates, and 10 are allowed',
    ],
  ] as const)('is refused as %s', (mistake, sent, detail) => {
    const refused = read(sent);
    expect(refused).toMatchObject({ state: 'refused', mistake, fix: expect.stringMatching(/\S/) });
    expect(refused).toHaveProperty('detail', expect.stringContaining(detail));
  });

  it('is refused when an authority above it has ended', () => {
    expect(read(both, { now: days(4000) })).toMatchObject({ state: 'refused', mistake: 'chain-broken' });
  });
});

describe('a private key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
  const pfx = (name: string) => readFileSync(new URL(`../../fixtures/pfx/${name}`, import.meta.url));

  it.each<readonly [string, string | Uint8Array]>([
    ['PKCS#8 beside a chain', both + world.keys.pkcs8Pem],
    ['PKCS#1 before it', `${rsa.export({ type: 'pkcs1', format: 'pem' })}${both}`],
    ['SEC 1', ec.export({ type: 'sec1', format: 'pem' })],
    ['encrypted PKCS#8', ec.export(encrypted)],
    ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----'],
    ['PEM in UTF-16', Buffer.from(`\ufeff${world.keys.pkcs8Pem}`, 'utf16le')],
    ['big-endian UTF-16', Buffer.from(`\ufeff${world.keys.pkcs8Pem}`, 'utf16le').swap16()],
    ['a frame that is cut off', world.keys.pkcs8Pem.slice(2)],
    ['PKCS#8 in DER', world.keys.pkcs8],
    ['PKCS#1 in DER', rsa.export({ type: 'pkcs1', format: 'der' })],
    ['SEC 1 in DER', ec.export({ type: 'sec1', format: 'der' })],
    ['bare base64 of PKCS#8', Buffer.from(world.keys.pkcs8).toString('base64')],
    ['a key under the label of a certificate', derToPem(world.keys.pkcs8)],
    ['PKCS#12', pfx('aes.pfx')],
    ['an old PKCS#12', pfx('rc2.pfx')],
    ['PKCS#12 in base64', pfx('des3.pfx').toString('base64')],
  ])('is found in %s, and nothing of it is repeated', (_, sent) => {
    expect(holdsPrivateKey(Buffer.from(sent as Uint8Array))).toBe(true);
    const refused = read(sent);
    expect(refused).toMatchObject({ state: 'refused', mistake: 'private-key' });
    if (typeof sent === 'string') expect(sentChain(sent, world.csr)).toBeUndefined();
  });

  it.each<readonly [string, string | Uint8Array]>([
    ['a chain', both],
    ['a certificate', leaf.der],
    ['PKCS#7', bundle],
    ['PKCS#7 in base64', Buffer.from(bundle).toString('base64')],
    ['a text that tells of one', `The PRIVATE KEY never left the vault.\n${both}`],
    ['nothing', ''],
  ])('is not found in %s', (_, sent) => {
    expect(holdsPrivateKey(Buffer.from(sent as Uint8Array))).toBe(false);
  });
});

describe('a chain that a machine sent', () => {
  test('is read, leaf first, whether it is right or not', async () => {
    expect(sentChain(intermediate.pem + leaf.pem, world.csr)).toEqual(chain);
    const { spki } = await createKeys('P-256');
    const stranger = world.leaf({ spki });
    const sent = sentChain(stranger.pem + intermediate.pem, world.csr);
    expect(sent?.[0]).toBe(Buffer.from(stranger.der).toString('base64'));
  });

  test('stays what it was when it cannot be read', () => {
    expect(sentChain('no chain', world.csr)).toEqual(['no chain']);
  });
});
