import { createHash, generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient, type KeyClient } from '@azure/keyvault-keys';
import type { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOutsideCa, type OutsideCa, publicKeyOf } from './outside-ca.ts';
import { ecPolicy, openBench, refusal, type VaultBench } from './vault-emulator-bench.ts';

let bench: VaultBench;
let certificates: CertificateClient;
let keys: KeyClient;
let secrets: SecretClient;
let ca: OutsideCa;
const make: OutsideCa['make'] = (...asked) => ca.make(...asked);

beforeAll(async () => {
  bench = await openBench();
  ({ certificates, keys, secrets } = bench);
  ca = createOutsideCa(bench.clock, () => certificates);
});
afterAll(() => bench.close());

describe('the key of a certificate', () => {
  it.each([
    ['ES256', 'sha256', ecPolicy('CN=signer')],
    ['ES384', 'sha384', ecPolicy('CN=signer', { keyCurveName: 'P-384' })],
    ['RS256', 'sha256', { issuerName: 'Unknown', subject: 'CN=signer', keyType: 'RSA' }],
  ] as const)('signs %s so that the certificate verifies it', async (algorithm, hash, policy) => {
    const name = `signer-${algorithm}`;
    const leaf = await make(name, policy);
    const key = await keys.getKey(name);
    expect(key.properties.managed).toBe(true);
    expect(key.keyOperations).toContain('sign');
    const signer = new CryptographyClient(key.id ?? '', bench.credential, bench.clientOptions);
    const digest = createHash(hash).update('message').digest();
    const { result, keyID } = await signer.sign(algorithm, digest);
    expect(keyID).toBe(key.id);
    const publicKey = new X509Certificate(leaf).publicKey;
    expect(verify(hash, Buffer.from('message'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, result)).toBe(true);
  });

  it('does not sign when the certificate is disabled', async () => {
    const { properties } = await certificates.getCertificate('signer-ES256');
    await certificates.updateCertificateProperties('signer-ES256', properties.version ?? '', { enabled: false });
    const signer = keys.getCryptographyClient('signer-ES256', { keyVersion: properties.version ?? '' });
    await expect(signer.sign('ES256', Buffer.alloc(32))).rejects.toEqual(refusal(403, 'Forbidden', 'KeyDisabled'));
    await expect(secrets.getSecret('signer-ES256')).rejects.toEqual(refusal(403, 'Forbidden', 'SecretDisabled'));
  });
});

/** What a TLS client sees of a server with these credentials: the chain, leaf first. */
async function served(credentials: object): Promise<Buffer[]> {
  const server = createServer(credentials);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const chain = await new Promise<Buffer[]>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerCertificate(true);
      resolve(leaf.issuerCertificate === undefined ? [leaf.raw] : [leaf.raw, leaf.issuerCertificate.raw]);
      socket.destroy();
    }).on('error', reject);
  });
  server.close();
  return chain;
}

describe('the secret of a certificate', () => {
  it('is a PKCS#12 file without password that Node serves with', async () => {
    const leaf = await make('pfx');
    const secret = await secrets.getSecret('pfx');
    expect(secret.properties).toMatchObject({ contentType: 'application/x-pkcs12', managed: true });
    const pfx = Buffer.from(secret.value ?? '', 'base64');
    expect(await served({ pfx, passphrase: '' })).toEqual([leaf, ca.der]);
  });

  it('is PEM where the policy says so, key and leaf first', async () => {
    const leaf = await make('pem', ecPolicy('CN=pem', { contentType: 'application/x-pem-file' }));
    const { value = '' } = await secrets.getSecret('pem');
    expect(value.startsWith('-----BEGIN PRIVATE KEY-----')).toBe(true);
    expect(await served({ key: value, cert: value })).toEqual([leaf, ca.der]);
  });

  it('holds no key that may not leave the vault', async () => {
    await make('inside', ecPolicy('CN=inside', { exportable: false, contentType: 'application/x-pem-file' }));
    const { value = '' } = await secrets.getSecret('inside');
    expect([value.includes('CERTIFICATE'), value.includes('PRIVATE')]).toEqual([true, false]);
  });

  it('shows the chain in reverse when the order is to be preserved', async () => {
    const policy = ecPolicy('CN=order', { contentType: 'application/x-pem-file' });
    const csr = await ca.request('order', policy, { preserveCertificateOrder: true });
    const leaf = ca.issue(publicKeyOf(csr), 'order');
    await certificates.mergeCertificate('order', [ca.der, leaf]);
    const { value = '' } = await secrets.getSecret('order');
    const first = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(value)?.[0] ?? '';
    expect(new X509Certificate(first).raw).toEqual(leaf);
    expect(Buffer.from((await certificates.getCertificate('order')).cer ?? [])).toEqual(leaf);
  });
});

describe('import', () => {
  it('takes PEM, and reads the policy from the certificate', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    const leaf = ca.issue(publicKey, 'imported.example.test', 60);
    const pem = [leaf, ca.der].map((der) => new X509Certificate(der).toString());
    const file = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() + pem.join('');
    const imported = await certificates.importCertificate('imported', Buffer.from(file), {
      policy: { contentType: 'application/x-pem-file', issuerName: 'Unknown', subject: 'CN=x' },
      tags: { from: 'file' },
    });
    expect(imported.policy).toMatchObject({
      issuerName: 'Unknown',
      subject: 'CN=imported.example.test',
      keyCurveName: 'P-384',
      subjectAlternativeNames: { dnsNames: ['imported.example.test'] },
      contentType: 'application/x-pem-file',
    });
    expect(imported.properties.tags).toEqual({ from: 'file' });
    expect(bench.events.at(-1)).toMatchObject({ objectName: 'imported' });
    expect(await served({ key: file, cert: (await secrets.getSecret('imported')).value })).toEqual([leaf, ca.der]);
  });

  it('takes the PKCS#12 file of another certificate', async () => {
    const { value = '' } = await secrets.getSecret('pfx');
    const imported = await certificates.importCertificate('copy', Buffer.from(value, 'base64'));
    expect(imported.cer).toEqual((await certificates.getCertificate('pfx')).cer);
    expect(imported.policy?.contentType).toBe('application/x-pkcs12');
  });

  it.each([
    ['no private key', () => Buffer.from(new X509Certificate(ca.der).toString()), /Private key is not specified/],
    ['nonsense', () => Buffer.from('nonsense'), /can not be read/],
  ])('refuses %s', async (_title, file, reason) => {
    const policy = { contentType: 'application/x-pem-file', issuerName: 'Unknown', subject: 'CN=x' } as const;
    await expect(certificates.importCertificate('bad', file(), { policy })).rejects.toThrow(reason);
  });
});
