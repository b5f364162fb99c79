import { createHash, createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, certify, createAuthority } from '../../local/pki.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { readSubject } from '../../src/certificate/names.ts';
import { RenewalError } from '../../src/errors.ts';
import type { CsrRequest, Inspection, PendingFacts, Vault, VaultSigner, VersionFacts } from '../../src/vault/port.ts';

/** A vault that may be written to, and how it is left clean. */
export interface VaultUnderTest {
  readonly vault: Vault;
  readonly uri: string;
  /** The time at which certificates are issued. */
  readonly now: () => Date;
  readonly signerOf: (certificateId: string) => VaultSigner;
  /** Gets the names of everything the suite has made. */
  readonly tearDown: (names: readonly string[]) => Promise<void>;
}

const DAY = 86_400_000;

export const fourKeys = ['P-256', 'P-384', 'P-521', 'RSA-2048'] as const;

/** What every vault does; given a real one, its calls are real. */
export function vaultSuite(title: string, setUp: () => Promise<VaultUnderTest>): void {
  describe(`${title} as a vault`, () => {
    const names: string[] = [];
    let under: VaultUnderTest;
    let authority: Authority;

    beforeAll(async () => {
      under = await setUp();
      const now = under.now().getTime();
      const life = { notBefore: new Date(now - DAY), notAfter: new Date(now + 30 * DAY) };
      authority = await createAuthority({ subject: 'CN=Contract Root', ...life });
    });
    afterAll(() => under?.tearDown(names));

    const requestOf = (changes: Partial<CsrRequest> = {}): CsrRequest => {
      const name = changes.name ?? `contract-${Date.now().toString(36)}-${names.length}`;
      if (!names.includes(name)) names.push(name);
      return {
        vault: under.uri,
        name,
        subject: 'CN=shop.contoso.example, O="Contoso, Ltd.", C=GB',
        dnsNames: ['shop.contoso.example', '*.shop.contoso.example'],
        keyType: 'P-256',
        exportable: true,
        contentType: 'application/x-pem-file',
        validityMonths: 3,
        tags: { owner: 'shop-team', plan: 'web' },
        ...changes,
      };
    };

    const certified = (pending: PendingFacts, days = 20): readonly string[] => {
      const csr = readCsr(Buffer.from(pending.csr, 'base64'));
      const now = under.now().getTime();
      const dates = { notBefore: new Date(now - 60_000), notAfter: new Date(now + days * DAY) };
      const { der } = certify(authority, { subject: csr.subject, names: csr.names, spki: csr.spki, ...dates });
      return [Buffer.from(der).toString('base64')];
    };

    const renewed = async (request: CsrRequest): Promise<VersionFacts> => {
      const chain = certified(await under.vault.request(request));
      return await under.vault.merge({ vault: request.vault, name: request.name, chain, tags: request.tags });
    };

    it('says that a certificate is absent', async () => {
      const { vault, name } = requestOf();
      expect(await under.vault.inspect({ vault, name })).toEqual({ state: 'absent', softDeleted: false });
    });

    it.each(fourKeys)('makes a CSR for a %s key, with subject and names as asked for', async (keyType) => {
      const request = requestOf({ keyType });
      const pending = await under.vault.request(request);
      expect(pending).toMatchObject({ status: 'inProgress', issuer: 'Unknown' });
      const csr = readCsr(Buffer.from(pending.csr, 'base64'));
      expect(csr).toMatchObject({ keyType, sha256: pending.csrSha256 });
      expect([...csr.names.dns].sort()).toEqual([...request.dnsNames].sort());
      expect(csr.subject).toEqual(expect.arrayContaining([...readSubject(request.subject)]));
    });

    it('shows a first version that is pending without a current one', async () => {
      const request = requestOf();
      const pending = await under.vault.request(request);
      const inspection = await under.vault.inspect(request);
      expect(inspection).not.toHaveProperty('current');
      expect(inspection).toMatchObject({ state: 'present', pending: { csrSha256: pending.csrSha256 } });
    });

    it('leaves a pending operation out when only the version is asked for', async () => {
      const request = requestOf();
      const current = await renewed(request);
      await under.vault.request(request);
      const inspection = await under.vault.inspect(request, 'version');
      expect(inspection).toMatchObject({ state: 'present', current });
      expect(inspection).not.toHaveProperty('pending');
    });

    it('answers a repeated request with the operation that is there', async () => {
      const request = requestOf();
      const first = await under.vault.request(request);
      expect(await under.vault.request(request)).toEqual(first);
    });

    it('leaves a pending operation alone that is not the one asked for', async () => {
      const request = requestOf();
      const first = await under.vault.request(request);
      const other = under.vault.request({ ...request, dnsNames: ['other.contoso.example'] });
      await expect(other).rejects.toMatchObject({ code: 'vault-conflict', retry: true });
      expect(await under.vault.request(request)).toEqual(first);
    });

    it('makes another key after a discard, and takes a second discard', async () => {
      const request = requestOf();
      const first = await under.vault.request(request);
      await under.vault.discard(request);
      await under.vault.discard(request);
      const second = await under.vault.request(request);
      const keys = [first, second].map(({ csr }) => readCsr(Buffer.from(csr, 'base64')).spkiSha256);
      expect(new Set(keys).size).toBe(2);
    });

    it('merges, and the version carries key, names, policy and tags', async () => {
      const request = requestOf();
      const chain = certified(await under.vault.request(request));
      const merged = await under.vault.merge({ ...request, chain });
      expect(merged).toMatchObject({ der: chain[0], enabled: true });
      expect(merged.version).toMatch(/^[0-9a-f]{32}$/);
      expect(merged.id).toContain(`/certificates/${request.name}/${merged.version}`);
      expect(await under.vault.inspect(request)).toMatchObject({
        state: 'present',
        current: merged,
        tags: request.tags,
        policy: {
          subject: request.subject,
          dnsNames: request.dnsNames,
          issuer: 'Unknown',
          keyType: 'P-256',
          exportable: true,
          reuseKey: false,
          contentType: 'application/x-pem-file',
          validityMonths: 3,
        },
      });
    });

    it('answers a repeated merge with the version that holds this leaf', async () => {
      const request = requestOf();
      const chain = certified(await under.vault.request(request));
      const merged = await under.vault.merge({ ...request, chain });
      expect(await under.vault.merge({ ...request, chain })).toEqual(merged);
    });

    it('renews with a new key and keeps the old version until the merge', async () => {
      const request = requestOf();
      const old = await renewed(request);
      const pending = await under.vault.request(request);
      expect(await under.vault.inspect(request)).toMatchObject({ current: old, pending: { status: 'inProgress' } });
      const next = await under.vault.merge({ ...request, chain: certified(pending) });
      expect(next.version).not.toBe(old.version);
      expect(next.sha256).not.toBe(old.sha256);
    });

    it('gives an older version by its name, and none that it has not', async () => {
      const request = requestOf();
      const old = await renewed(request);
      await renewed(request);
      expect(await under.vault.version(request, old.version)).toEqual(old);
      expect(await under.vault.version(request, '0'.repeat(32))).toBeUndefined();
      expect(await under.vault.version(request, '../other')).toBeUndefined();
    });

    it('lists the versions, each with its thumbprint, and none of an unknown name', async () => {
      const request = requestOf();
      const made = [await renewed(request), await renewed(request)];
      await under.vault.disable?.(request, made[0]?.version ?? '');
      const listed = [];
      for await (const one of under.vault.versions(request)) listed.push(one);
      const wanted = made.map(({ version, der }) => ({ version, thumbprint: sha1Of(der) }));
      const byVersion = (one: { version: string }, other: { version: string }) =>
        one.version < other.version ? -1 : 1;
      expect(listed.sort(byVersion)).toEqual(wanted.sort(byVersion));
      for await (const one of under.vault.versions({ ...request, name: 'contract-unknown' }))
        expect(one).toBeUndefined();
    });

    it('disables an older version and leaves the rest of it, and the current one, as they are', async () => {
      const request = requestOf();
      const old = await renewed(request);
      const next = await renewed(request);
      for (const _twice of [1, 2]) await under.vault.disable?.(request, old.version);
      expect(await under.vault.version(request, old.version)).toEqual({ ...old, enabled: false });
      expect(await under.vault.inspect(request)).toMatchObject({ current: next, tags: request.tags });
      await expect(under.vault.disable?.(request, '../other')).rejects.toMatchObject({ code: 'bug' });
    });

    it('refuses a leaf with another key, and the operation stays usable', async () => {
      const [request, other] = [requestOf(), requestOf()];
      const pending = await under.vault.request(request);
      const foreign = certified(await under.vault.request(other));
      const wrong = under.vault.merge({ ...request, chain: foreign });
      await expect(wrong).rejects.toMatchObject({ code: 'vault-refused' });
      await under.vault.merge({ ...request, chain: certified(pending) });
    });

    it('has a merge tried again when nothing is pending: an earlier try may not be visible yet', async () => {
      const [request, other] = [requestOf(), requestOf()];
      const chain = certified(await under.vault.request(other));
      const merge = under.vault.merge({ ...request, chain });
      await expect(merge).rejects.toMatchObject({ code: 'vault-conflict', retry: true });
    });

    it('lists what it holds, pending ones included', async () => {
      const [pending, finished] = [requestOf(), requestOf()];
      await under.vault.request(pending);
      const version = await renewed(finished);
      const listed = new Map<string, Inspection['state'] | string | undefined>();
      for await (const one of under.vault.list(under.uri)) listed.set(one.name, one.notAfter);
      expect(listed.has(pending.name)).toBe(true);
      expect(listed.get(pending.name)).toBeUndefined();
      expect(listed.get(finished.name)).toBe(version.notAfter);
    });

    it.each([
      ['P-256', 'ES256'],
      ['P-384', 'ES384'],
      ['P-521', 'ES512'],
      ['RSA-2048', 'RS256'],
    ] as const)('signs with the %s key of a certificate', async (keyType, algorithm) => {
      const request = requestOf({ keyType, exportable: false });
      const version = await renewed(request);
      const signer = under.signerOf(`${under.uri}/certificates/${request.name}`);
      const current = await signer.current();
      expect(current.certificate).toBe(version.der);
      const hash = `sha${algorithm.slice(2)}`;
      const text = Buffer.from('what is signed');
      const signature = await current.sign(algorithm, createHash(hash).update(text).digest());
      const key = createPublicKey(pemOf(version.der));
      expect(verify(hash, text, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    });

    it('refuses names that would reach another path', async () => {
      const inspect = under.vault.inspect({ vault: under.uri, name: '../secrets/shop' });
      await expect(inspect).rejects.toBeInstanceOf(RenewalError);
    });
  });
}

function pemOf(der: string): string {
  return `-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`;
}

function sha1Of(der: string): string {
  return createHash('sha1').update(Buffer.from(der, 'base64')).digest('hex').toUpperCase();
}
