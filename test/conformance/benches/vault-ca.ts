import { randomBytes } from 'node:crypto';
import { type Authority, certify, createAuthority } from '../../../local/pki.ts';
import { readCrl } from '../../../src/certificate/crl.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import type { KeyType } from '../../../src/certificate/types.ts';
import { createMemoryAppRows, createMemoryIssuances, createMemoryRevocations } from '../../../src/estate/memory.ts';
import { create } from '../../../src/issuers/vault-ca.ts';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import { createVaultSigner } from '../../../src/vault/signer.ts';
import { createMemoryCrls } from '../../builders/memory-crls.ts';
import { type EmulatedVault, startEmulatedVault } from '../../contract/emulated-vault.ts';
import type { ConformanceBench } from '../under-test.ts';

const noWay = 'it signs with a key of the vault: what befalls calls to a vault is in the contract tests of the vault';
const noLiar = 'it is no server of others: it certifies the key and the names of the CSR';
const atOnce = 'it issues at once';

/** The vault CA, set up as an administrator would: CSR from the vault, certified by the root, merged. */
export const vaultCa = (keyType: KeyType): ConformanceBench => ({
  title: `the vault CA with a key of ${keyType}`,
  lacks: {
    'pending-issued': atOnce,
    'pending-rejected': atOnce,
    cancel: atOnce,
    'lost-answer': noWay,
    'rate-limit': noWay,
    'server-error': noWay,
    'truncated-body': noWay,
    'credentials-refused': noWay,
    'wrong-key': noLiar,
    'extra-name': noLiar,
    'missing-chain': noLiar,
    'expired-intermediate': noLiar,
  },
  async setUp() {
    const emulated = await startEmulatedVault();
    const now = emulated.clock.now().getTime();
    const life = { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + 365 * 86_400_000) };
    const root = await createAuthority({ subject: 'CN=Conformance Root', ...life });
    const name = `ca-${keyType.toLowerCase()}`;
    const ca = readCertificate(await makeCa(emulated, { name, keyType, root, life }));
    const container = createMemoryCrls();
    const crl = { container: 'https://contoso.blob.core.windows.net/crl', hours: 168 };
    const certificate = `${emulated.uri}/certificates/${name}`;
    const keys = ['P-256' as const, 'RSA-2048' as const];
    const limits = { maxDays: 90, keys, dnsSuffixes: ['contoso.example'], clientAuth: true };
    const issuer = create(
      { kind: 'vault-ca', certificate, chain: [root.pem], roots: [root.pem], limits, crl },
      {
        signer: createVaultSigner({ ...emulated.connection, certificateId: certificate }),
        issuances: createMemoryIssuances(),
        revocations: createMemoryRevocations(),
        rows: createMemoryAppRows(),
        container,
        clock: emulated.clock,
        random: randomBytes,
      },
    );
    return {
      issuer,
      roots: [root.der],
      domain: 'contoso.example',
      validityDays: 90,
      now: () => emulated.clock.now(),
      wait: async (seconds) => void emulated.clock.advance(seconds * 1000),
      isRevoked: (certificate) => {
        const { serial } = readCertificate(Buffer.from(certificate, 'base64'));
        return [...container.blobs.values()].some(({ der }) => readCrl(der, ca)?.serials.has(serial) === true);
      },
      tearDown: () => emulated.close(),
    };
  },
});

interface CaWish {
  readonly name: string;
  readonly keyType: KeyType;
  readonly root: Authority;
  readonly life: { readonly notBefore: Date; readonly notAfter: Date };
}

async function makeCa(emulated: EmulatedVault, { name, keyType, root, life }: CaWish): Promise<Uint8Array> {
  const vault = createKeyVault(emulated.connection);
  const ref = { vault: emulated.uri, name, tags: {} };
  const pending = await vault.request({
    ...ref,
    subject: 'CN=Conformance Issuing CA',
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
  return der;
}
