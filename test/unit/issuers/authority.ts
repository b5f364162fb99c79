import { ManualClock } from '../../../local/clock.ts';
import { type Authority, type CsrWish, createAuthority, createCsr, createKeys, type Keys } from '../../../local/pki.ts';
import { signDigest } from '../../../local/vault/sign.ts';
import type { KeyType } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryAppRows, createMemoryIssuances, createMemoryRevocations } from '../../../src/estate/memory.ts';
import type { VaultCaDependencies } from '../../../src/issuers/vault-ca.ts';
import type { VaultCaPlan } from '../../../src/plan/issuers/vault-ca.ts';
import type { SigningVersion, VaultSigner } from '../../../src/vault/port.ts';

export const now = new Date('2026-03-01T00:00:00Z');
export const DAY = 86_400_000;

export interface World {
  readonly root: Authority;
  readonly ca: Authority;
  readonly keys: Keys;
  readonly clock: ManualClock;
  readonly plan: VaultCaPlan;
  readonly dependencies: VaultCaDependencies;
}

/** A root, a CA below it whose key signs as a vault's would, and a key that wants a certificate. */
export async function createWorld(keyType: KeyType = 'P-256'): Promise<World> {
  const life = { notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + 365 * DAY) };
  const root = await createAuthority({ subject: 'CN=Unit Root', ...life });
  const ca = await createAuthority({ subject: 'CN=Unit CA', ...life, keyType, parent: root });
  const clock = new ManualClock(now);
  const plan: VaultCaPlan = {
    kind: 'vault-ca',
    certificate: 'https://ca.vault.azure.net/certificates/unit-ca',
    chain: [root.pem],
    roots: [root.pem],
    limits: {
      maxDays: 90,
      keys: ['P-256', 'RSA-2048'],
      dnsSuffixes: ['Contoso.example', 'fabrikam.example'],
      clientAuth: true,
    },
  };
  const issuances = createMemoryIssuances();
  const random = (size: number): Uint8Array => new Uint8Array(size).fill(7);
  const stores = { issuances, revocations: createMemoryRevocations(), rows: createMemoryAppRows() };
  const dependencies = { signer: signerOf(ca), ...stores, clock, random };
  return { root, ca, keys: await createKeys('P-256'), clock, plan, dependencies };
}

type Signing = Pick<Authority, 'der' | 'keys'>;

/** A signer whose versions are these, the oldest first: the last one is the current one. */
export function signerOf(...versions: readonly Signing[]): VaultSigner {
  const all = versions.map(versionOf);
  const current = async (): Promise<SigningVersion> => {
    const last = all.at(-1);
    if (last === undefined) throw new RenewalError('vault-refused', 'no version');
    return last;
  };
  return {
    current,
    async version(version) {
      const found = all.find((one) => one.version === version);
      if (found === undefined) throw new RenewalError('vault-refused', `no version ${version}`);
      return found;
    },
    versions: async () => all.toReversed(),
  };
}

/** Signs digests as Key Vault does: ECDSA as r and s side by side. */
function versionOf({ der, keys }: Signing, index: number): SigningVersion {
  return {
    version: String(index + 1).padStart(32, '0'),
    certificate: Buffer.from(der).toString('base64'),
    async sign(algorithm, digest) {
      const signed = signDigest(algorithm, Buffer.from(digest), keys.privateKey);
      if (signed.state !== 'signed') throw new RenewalError('vault-refused', signed.state);
      return signed.signature;
    },
  };
}

/** base64 of a CSR; by default one that the CA signs. */
export function csrOf(wish: Partial<CsrWish> & Pick<CsrWish, 'keys'>): string {
  const subject = 'CN=shop.contoso.example, O=Contoso';
  return Buffer.from(createCsr({ subject, names: { dns: ['shop.contoso.example'] }, ...wish })).toString('base64');
}
