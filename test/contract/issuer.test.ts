import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type Authority, certify, createAuthority } from '../../local/pki.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import type { KeyType } from '../../src/certificate/types.ts';
import { clock } from '../../src/clock.ts';
import { createMemoryIssuances } from '../../src/estate/memory.ts';
import { create } from '../../src/issuers/vault-ca.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import { createVaultSigner } from '../../src/vault/signer.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';
import { type IssuerUnderTest, issuerSuite } from './issuer-suite.ts';

let emulated: EmulatedVault;
beforeAll(async () => {
  emulated = await startEmulatedVault();
});
afterAll(() => emulated.close());

issuerSuite('the vault CA with an RSA key', () => vaultCaUnderTest('RSA-2048'));
issuerSuite('the vault CA with an EC key', () => vaultCaUnderTest('P-384'));

/** A CA is set up as an administrator would: CSR from the vault, certified by the root, merged. */
async function vaultCaUnderTest(keyType: KeyType): Promise<IssuerUnderTest> {
  const now = Date.now();
  const life = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + 365 * 86_400_000) };
  const root = await createAuthority({ subject: 'CN=Contract Root', ...life });
  const name = `ca-${keyType.toLowerCase()}`;
  await makeCa({ name, keyType, root, life });
  const certificate = `${emulated.uri}/certificates/${name}`;
  const limits = { maxDays: 90, keys: ['P-256' as const], dnsSuffixes: ['contoso.example'], clientAuth: true };
  const issuer = create(
    { kind: 'vault-ca', certificate, chain: [root.pem], roots: [root.pem], limits },
    {
      signer: createVaultSigner({ ...emulated.connection, certificateId: certificate }),
      issuances: createMemoryIssuances(),
      clock,
      random: randomBytes,
    },
  );
  return {
    issuer,
    roots: [root.der],
    domain: 'contoso.example',
    validityDays: 90,
    now: () => clock.now(),
    wait: async () => undefined,
    tearDown: async () => undefined,
  };
}

interface CaWish {
  readonly name: string;
  readonly keyType: KeyType;
  readonly root: Authority;
  readonly life: { readonly notBefore: Date; readonly notAfter: Date };
}

async function makeCa({ name, keyType, root, life }: CaWish): Promise<void> {
  const vault = createKeyVault(emulated.connection);
  const ref = { vault: emulated.uri, name, tags: {} };
  const pending = await vault.request({
    ...ref,
    subject: 'CN=Contract Issuing CA',
    dnsNames: [],
    keyType,
    exportable: false,
    contentType: 'application/x-pem-file',
    validityMonths: 12,
  });
  const { subject, spki } = readCsr(Buffer.from(pending.csr, 'base64'));
  const usage = { isCa: true, keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [] } as const;
  const { der } = certify(root, { subject, spki, ...life, ...usage });
  await vault.merge({ ...ref, chain: [Buffer.from(der).toString('base64')] });
}
