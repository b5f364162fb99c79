import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../../local/pki.ts';
import { type Crl, readCrl } from '../../../src/certificate/crl.ts';
import { extensionOids } from '../../../src/certificate/extensions.ts';
import { certificateParts, readCertificate } from '../../../src/certificate/read.ts';
import type { CertificateDetails } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';
import { create, crlPublisher, type VaultCaDependencies } from '../../../src/issuers/vault-ca.ts';
import { authorityOf } from '../../../src/issuers/vault-ca-authority.ts';
import type { CrlPublisher } from '../../../src/issuers/vault-ca-crl.ts';
import type { VaultCaPlan } from '../../../src/plan/issuers/vault-ca.ts';
import { createMemoryCrls, type MemoryCrls } from '../../builders/memory-crls.ts';
import { createWorld, csrOf, DAY, now, signerOf, type World } from './authority.ts';

const HOUR = 3_600_000;

let world: World;
let plan: VaultCaPlan;
let crls: MemoryCrls;
let all: VaultCaDependencies;

beforeEach(async () => {
  world = await createWorld();
  crls = createMemoryCrls();
  plan = {
    ...world.plan,
    crl: { container: 'https://x.blob.core.windows.net/crl', publicUrl: 'http://crl.contoso.example/ca', hours: 48 },
  };
  all = { ...world.dependencies, random: randomBytes, container: crls };
});

async function issued(renewalId: string, with_ = all, validityDays = 30): Promise<CertificateDetails> {
  const ca = create(plan, with_);
  const order = await ca.submit({ renewalId, csr: csrOf({ keys: world.keys }), validityDays });
  if ('state' in order) throw new RenewalError('bug', order.reason);
  const status = await ca.poll(order);
  if (status.state !== 'issued') throw new RenewalError('bug', status.state);
  return readCertificate(Buffer.from(status.chain[0] ?? '', 'base64'));
}

const b64 = (der: Uint8Array): string => Buffer.from(der).toString('base64');
const revoke = (leaf: CertificateDetails, with_ = all) =>
  create(plan, with_).revoke({ certificate: b64(leaf.der), reason: 'superseded' });

function publisher(with_ = all): CrlPublisher {
  const made = crlPublisher(plan, with_);
  if (made === undefined) throw new RenewalError('bug', 'no publisher');
  return made;
}

async function blobOf(ca: { readonly der: Uint8Array } = world.ca): Promise<string> {
  const [version] = await signerOf({ der: ca.der, keys: world.ca.keys }).versions();
  if (version === undefined) throw new RenewalError('bug', 'no version');
  return `${authorityOf(version).id}.crl`;
}

async function published(ca = world.ca): Promise<Crl> {
  const blob = crls.blobs.get(await blobOf(ca));
  const crl = blob && readCrl(blob.der, ca.details);
  if (crl === undefined) throw new RenewalError('bug', 'no CRL');
  return crl;
}

describe('revoke', () => {
  it('publishes the serial number at once', async () => {
    const [kept, gone] = [await issued('kept'), await issued('gone')];
    expect(await revoke(gone)).toEqual({ state: 'revoked' });
    expect([...(await published()).serials]).toEqual([gone.serial]);
    expect((await published()).serials.has(kept.serial)).toBe(false);
  });

  it('of a revoked certificate is revoked, and keeps the first time and reason', async () => {
    const leaf = await issued('twice');
    await create(plan, all).revoke({ certificate: b64(leaf.der), reason: 'keyCompromise' });
    world.clock.advance(HOUR);
    expect(await revoke(leaf)).toEqual({ state: 'revoked' });
    const authority = (await blobOf()).replace('.crl', '');
    expect(await all.revocations.list(authority)).toEqual([
      expect.objectContaining({ reason: 'keyCompromise', revokedAt: now.toISOString(), serial: leaf.serial }),
    ]);
    expect(crls.writes).toHaveLength(1);
  });

  it('refuses what this CA has not issued', async () => {
    const stranger = await createWorld();
    const leaf = world.ca.details;
    expect(await revoke(leaf)).toEqual({ state: 'refused', reason: expect.stringContaining(leaf.serial) });
    expect(await revoke(stranger.ca.details)).toMatchObject({ state: 'refused' });
    const junk = { certificate: 'AAAA', reason: 'superseded' } as const;
    expect(await create(plan, all).revoke(junk)).toEqual({ state: 'refused', reason: expect.any(String) });
    expect(crls.writes).toEqual([]);
  });

  it('refuses another certificate of the same key that only says it has that serial number', async () => {
    const leaf = await issued('mine');
    const forgery = await createAuthority({
      subject: 'CN=Forged',
      notBefore: now,
      notAfter: leaf.notAfter,
      serial: leaf.serial,
      keys: world.keys,
    });
    expect(forgery.details).toMatchObject({ serial: leaf.serial, spkiSha256: leaf.spkiSha256 });
    expect(await revoke(forgery.details)).toMatchObject({ state: 'refused' });
  });

  it('refuses what has expired', async () => {
    const leaf = await issued('old');
    world.clock.advance(31 * DAY);
    expect(await revoke(leaf)).toEqual({ state: 'refused', reason: expect.stringContaining('expired') });
  });

  it('throws when the CRL cannot be published, and a repeat publishes it', async () => {
    const leaf = await issued('later');
    crls.beforeWrite = () => Promise.reject(new RenewalError('storage-unreachable', 'crl: write failed'));
    await expect(revoke(leaf)).rejects.toMatchObject({ code: 'issuer-unreachable', retry: true });
    expect(await revoke(leaf)).toEqual({ state: 'revoked' });
    expect((await published()).serials.has(leaf.serial)).toBe(true);
  });

  it('only writes it down where the plan has no CRL', async () => {
    const leaf = await issued('quiet');
    const { crl: _, ...without } = plan;
    const ca = create(without, world.dependencies);
    const answer = await ca.revoke({ certificate: b64(leaf.der), reason: 'superseded' });
    expect(answer).toEqual({ state: 'revoked' });
    expect(crls.writes).toEqual([]);
  });

  it('of a hundred at once signs a few CRLs, and the last one has them all', async () => {
    const leaves = await Promise.all(Array.from({ length: 100 }, (_, index) => issued(`mass-${index}`)));
    const ca = create(plan, all);
    const answers = await Promise.all(
      leaves.map(({ der }) => ca.revoke({ certificate: b64(der), reason: 'keyCompromise' })),
    );
    expect(answers.every(({ state }) => state === 'revoked')).toBe(true);
    expect((await published()).serials.size).toBe(100);
    expect(crls.writes.length).toBeLessThan(10);
  });
});

describe('the CRL', () => {
  it('is there before anything is revoked', async () => {
    const [report] = await publisher().publish();
    expect(report).toMatchObject({ state: 'published', entries: 0, subject: 'CN=Unit CA' });
    const crl = await published();
    expect(crl.nextUpdate?.getTime()).toBe(crl.thisUpdate.getTime() + 48 * HOUR);
  });

  it('is named by certificates, at the address where clients find it', async () => {
    const leaf = await issued('named');
    const point = certificateParts(leaf.der).extensions.get(extensionOids.crlDistributionPoints);
    expect(Buffer.from(point?.value ?? []).toString('latin1')).toContain(
      `http://crl.contoso.example/ca/${await blobOf()}`,
    );
    const quiet = { ...plan, crl: undefined };
    plan = quiet;
    const unnamed = certificateParts((await issued('unnamed')).der).extensions;
    expect(unnamed.has(extensionOids.crlDistributionPoints)).toBe(false);
  });

  it('is left alone while it is young, and published again after half of its time', async () => {
    await publisher().publish();
    world.clock.advance(23 * HOUR);
    expect((await publisher().publish())[0]).toMatchObject({ state: 'current' });
    const before = await published();
    world.clock.advance(HOUR);
    expect((await publisher().publish())[0]).toMatchObject({ state: 'published' });
    expect((await published()).number > before.number).toBe(true);
  });

  it('has a number that rises when two write at once, and loses no entry', async () => {
    await publisher().publish();
    const [one, two] = [await issued('one'), await issued('two')];
    const first = (await published()).number;
    // The second one publishes while the first one is about to write.
    crls.beforeWrite = async () => void (await revoke(two, { ...all }));
    await revoke(one);
    const crl = await published();
    expect([...crl.serials].toSorted()).toEqual([one.serial, two.serial].toSorted());
    expect(crls.writes.length).toBeLessThanOrEqual(3);
    expect(crl.number > first).toBe(true);
  });

  it('has a number that rises although the CRL was deleted or overwritten', async () => {
    await publisher().publish();
    const first = (await published()).number;
    for (const other of [undefined, new Uint8Array(10), world.ca.der]) {
      const name = await blobOf();
      if (other === undefined) crls.blobs.delete(name);
      else crls.blobs.set(name, { der: other, etag: '"theirs"' });
      world.clock.advance(1000);
      await publisher().publish();
      expect((await published()).number > first).toBe(true);
    }
  });

  it('has a number that rises although the clock was set back', async () => {
    await publisher().publish();
    const first = (await published()).number;
    world.clock.advance(-DAY);
    expect((await publisher().publish())[0]).toMatchObject({ state: 'published' });
    expect((await published()).number).toBe(first + 1n);
  });

  it('gives up when others write all the time', async () => {
    const jostle = async (): Promise<void> => {
      crls.blobs.set(await blobOf(), { der: new Uint8Array(3), etag: `"${crls.blobs.size}-${Math.random()}"` });
      crls.beforeWrite = jostle;
    };
    crls.beforeWrite = jostle;
    expect((await publisher().publish())[0]).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('others'),
    });
  });

  it('keeps what has expired until it was on a CRL after that, and then lets it go', async () => {
    const leaf = await issued('expires', all, 1);
    await revoke(leaf);
    const has = async () => (await published()).serials.has(leaf.serial);
    world.clock.advance(2 * DAY);
    await publisher().publish();
    expect(await has()).toBe(true);
    world.clock.advance(2 * DAY);
    await publisher().publish();
    expect(await has()).toBe(false);
    world.clock.advance(2 * DAY);
    await publisher().publish();
    expect(await has()).toBe(false);
  });

  it('is not signed by a CA that may not', async () => {
    const life = { notBefore: world.ca.details.notBefore, notAfter: world.ca.details.notAfter };
    const mute = await createAuthority({ subject: 'CN=Mute', ...life, keyUsage: ['keyCertSign'], parent: world.root });
    const [report] = await publisher({ ...all, signer: signerOf(mute) }).publish();
    expect(report).toMatchObject({ state: 'failed', detail: expect.stringContaining('cRLSign') });
  });

  it('is not published when another key than the CA’s has signed it', async () => {
    const other = await createAuthority({ subject: 'CN=X', notBefore: now, notAfter: world.ca.details.notAfter });
    const wrong = signerOf({ der: world.ca.der, keys: other.keys });
    const [report] = await publisher({ ...all, signer: wrong }).publish();
    expect(report).toMatchObject({ state: 'failed', detail: expect.stringContaining('not by the key') });
    expect(crls.writes).toEqual([]);
  });
});

describe('after a rollover', () => {
  const successor = (more: object = {}) =>
    createAuthority({
      ...{ subject: 'CN=Unit CA', parent: world.root },
      ...{ notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + 700 * DAY) },
      ...more,
    });

  it('each key has a CRL of its own until its last certificate has expired', async () => {
    const old = await issued('before');
    const next = await successor();
    const rolled = { ...all, signer: signerOf(world.ca, next) };
    const young = await issued('after', rolled);
    expect(await revoke(old, rolled)).toEqual({ state: 'revoked' });
    expect(await revoke(young, rolled)).toEqual({ state: 'revoked' });
    expect([...(await published()).serials]).toEqual([old.serial]);
    expect([...(await published(next)).serials]).toEqual([young.serial]);
    world.clock.advance(DAY);
    expect((await publisher(rolled).publish()).map(({ state }) => state)).toEqual(['published', 'published']);
    world.clock.advance(31 * DAY);
    const reports = await publisher(rolled).publish();
    expect(reports.map(({ subject, state }) => [subject, state])).toEqual([['CN=Unit CA', 'published']]);
  });

  it('a certificate for the same key shares its CRL', async () => {
    const leaf = await issued('shared');
    const again = await successor({ keys: world.ca.keys });
    const rolled = { ...all, signer: signerOf(world.ca, again) };
    await revoke(leaf, rolled);
    const reports = await publisher(rolled).publish();
    expect(reports).toHaveLength(1);
    expect((await published(again)).serials.has(leaf.serial)).toBe(true);
    expect(crls.blobs.size).toBe(1);
  });

  it('an old key that signs no more stops no other', async () => {
    await issued('before');
    const next = await successor();
    const signer = signerOf(world.ca, next);
    const refusing = {
      ...signer,
      versions: async () =>
        (await signer.versions()).map((version, index) =>
          index === 0
            ? version
            : { ...version, sign: () => Promise.reject(new RenewalError('vault-refused', 'key is disabled')) },
        ),
    };
    const reports = await publisher({ ...all, signer: refusing }).publish();
    expect(reports.map(({ state }) => state)).toEqual(['published', 'failed']);
  });
});
