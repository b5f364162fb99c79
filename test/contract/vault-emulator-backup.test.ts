import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all, DAY, ecPolicy, lastOf, makeSelf, openBench, refusal, type VaultBench } from './vault-emulator-bench.ts';

let bench: VaultBench;
let elsewhere: VaultBench;
let foreign: VaultBench;

beforeAll(async () => {
  bench = await openBench();
  elsewhere = await openBench({ region: 'northeurope' });
  foreign = await openBench({ resourceId: '/subscriptions/t', access: openAccess });
});
afterAll(async () => {
  for (const one of [bench, elsewhere, foreign]) await one.close();
});

/** Lets everybody do everything: a vault of another subscription has other roles. */
const openAccess = {
  authenticate: (token: string | undefined) => (token === undefined ? undefined : { id: 'anybody', name: 'anybody' }),
  allows: () => true,
  demands: [],
};

const settle = (at = bench) => at.clock.advance(11_000);
const quick = { intervalInMs: 1 };

describe('a backup', () => {
  it('restores every version under its id, in another vault of the geography', async () => {
    const first = await makeSelf(bench, 'web');
    bench.clock.advance(1000);
    const second = await makeSelf(bench, 'web', { contentType: 'application/x-pem-file' });
    await bench.certificates.updateCertificateProperties('web', first, { enabled: false });
    const blob = await bench.certificates.backupCertificate('web');
    const text = Buffer.from(blob ?? []).toString();
    expect(text).toMatch(/^&AzureKeyVaultKeyBackupV1\.microsoft\.comeyJ/);

    const restored = await elsewhere.certificates.restoreCertificateBackup(blob ?? new Uint8Array());
    const original = await bench.certificates.getCertificate('web');
    expect(restored.cer).toEqual(original.cer);
    expect(restored.properties).toMatchObject({ version: second, tags: { owner: 'team' }, enabled: true });
    expect(restored.properties.createdOn).toEqual(original.properties.createdOn);
    expect(restored.policy).toEqual(original.policy);
    const versions = await all(elsewhere.certificates.listPropertiesOfCertificateVersions('web'));
    expect(new Map(versions.map(({ version, enabled }) => [version, enabled]))).toEqual(
      new Map([
        [first, false],
        [second, true],
      ]),
    );
    expect((await elsewhere.secrets.getSecret('web')).value).toBe((await bench.secrets.getSecret('web')).value);
    expect(elsewhere.events).toEqual([]);
  });

  it('does not carry a pending operation', async () => {
    await bench.certificates.beginCreateCertificate('web', ecPolicy('CN=web'), quick);
    const blob = await bench.certificates.backupCertificate('web');
    await bench.certificates.deleteCertificateOperation('web');
    await elsewhere.certificates.beginDeleteCertificate('web', quick);
    settle(elsewhere);
    await elsewhere.certificates.purgeDeletedCertificate('web');
    await elsewhere.certificates.restoreCertificateBackup(blob ?? new Uint8Array());
    const { json } = await elsewhere.send('GET', '/certificates/web?api-version=7.6');
    expect(json).not.toHaveProperty('pending');
  });

  it('is refused for what has no version', async () => {
    const { certificates } = bench;
    await expect(certificates.backupCertificate('nothing')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    await certificates.beginCreateCertificate('shell', ecPolicy('CN=shell'), quick);
    await expect(certificates.backupCertificate('shell')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
  });

  it('is not restored over a name in use, living or deleted', async () => {
    await makeSelf(bench, 'taken');
    const blob = (await bench.certificates.backupCertificate('taken')) ?? new Uint8Array();
    const restore = () => bench.certificates.restoreCertificateBackup(blob);
    await expect(restore()).rejects.toEqual(refusal(409, 'Conflict'));
    await expect(restore()).rejects.toThrow(/Conflict while restoring certificate https:.*\/certificates\/taken\//);
    await bench.certificates.beginDeleteCertificate('taken', quick);
    await expect(restore()).rejects.toEqual(refusal(409, 'Conflict', 'ObjectIsBeingDeleted'));
    settle();
    await expect(restore()).rejects.toEqual(refusal(409, 'Conflict', 'ObjectIsDeletedButRecoverable'));
    await bench.certificates.purgeDeletedCertificate('taken');
    await elsewhere.secrets.setSecret('taken', 'x');
    await expect(elsewhere.certificates.restoreCertificateBackup(blob)).rejects.toEqual(refusal(409, 'Conflict'));
    expect((await restore()).name).toBe('taken');
  });

  it('is malformed when it is nonsense, and foreign in another subscription', async () => {
    const nonsense = bench.certificates.restoreCertificateBackup(Buffer.from('malformed'));
    await expect(nonsense).rejects.toEqual(refusal(400, 'Malformed backup blob'));
    const blob = (await bench.certificates.backupCertificate('web')) ?? new Uint8Array();
    await expect(foreign.certificates.restoreCertificateBackup(blob)).rejects.toThrow('Cannot decrypt backup blob.');
  });
});

describe('a deleted certificate', () => {
  const remove = async (name: string) => {
    await makeSelf(bench, name);
    await bench.certificates.beginDeleteCertificate(name, quick);
  };
  const recover = (name: string) => bench.send('POST', `/deletedcertificates/${name}/recover?api-version=7.5`);

  it('is recovered once: a second recovery and a purge meanwhile are conflicts', async () => {
    await remove('parallel');
    const early = await recover('parallel');
    expect([early.status, early.json.error.code]).toEqual([409, 'Conflict']);
    settle();
    const [first, second] = await Promise.all([recover('parallel'), recover('parallel')]);
    expect([first.status, second.status]).toEqual([200, 409]);
    expect(second.json.error.message).toMatch(/^There was a conflict while recovering .*\/parallel\/[0-9a-f]{32}'/);
    await expect(bench.certificates.purgeDeletedCertificate('parallel')).rejects.toEqual(refusal(409, 'Conflict'));
    const create = bench.certificates.beginCreateCertificate('parallel', ecPolicy('CN=p'), quick);
    await expect(create).rejects.toEqual(refusal(409, 'Conflict', 'ObjectIsBeingRecovered'));
    settle();
    expect((await bench.certificates.getCertificate('parallel')).cer).toBeDefined();
  });

  it('is not purged while its deletion settles, nor twice', async () => {
    await remove('purged');
    const purge = () => bench.certificates.purgeDeletedCertificate('purged');
    await expect(purge()).rejects.toEqual(refusal(409, 'Conflict', 'ObjectIsBeingDeleted'));
    settle();
    await purge();
    await expect(purge()).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    expect((await recover('purged')).json.error).toMatchObject({
      code: 'CertificateNotFound',
      message: 'Certificate not found: purged',
    });
  });

  it('is purged by time, and only by time under purge protection', async () => {
    const safe = await openBench({ purgeProtection: true, retentionDays: 7 });
    await makeSelf(safe, 'kept');
    await safe.certificates.beginDeleteCertificate('kept', quick);
    settle(safe);
    const purge = safe.certificates.purgeDeletedCertificate('kept');
    await expect(purge).rejects.toEqual(refusal(403, 'Forbidden'));
    const { recoverableDays, recoveryLevel } = (await safe.certificates.getDeletedCertificate('kept')).properties;
    expect([recoverableDays, recoveryLevel]).toEqual([7, 'CustomizedRecoverable']);
    safe.clock.advance(7 * DAY);
    await expect(safe.certificates.getDeletedCertificate('kept')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    await safe.close();
  });

  it('comes in pages with the others', async () => {
    const names = Array.from({ length: 5 }, (_, index) => `page-${index}`);
    for (const name of names) await remove(name);
    settle();
    const found: string[] = [];
    for (let next: string | null = '/deletedcertificates?api-version=7.5&maxresults=2'; next !== null; ) {
      const { json, items } = await bench.send('GET', next);
      expect(items.length).toBeLessThanOrEqual(2);
      found.push(...items.map(({ recoveryId }) => lastOf(recoveryId)));
      next = json.nextLink;
    }
    expect(found.filter((name) => name.startsWith('page-'))).toEqual(names);
    expect((await all(bench.certificates.listDeletedCertificates())).map(({ name }) => name)).toEqual(found);
  });
});
