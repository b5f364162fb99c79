import { describe, expect, it } from 'vitest';
import type { AppRowStore, AppRows } from '../../src/estate/app-rows.ts';
import type { CertificateRow, EstateStore, OrderRow, TargetRow } from '../../src/estate/port.ts';

export const certificateRow = (name: string, more: Partial<CertificateRow> = {}): CertificateRow => ({
  vault: 'kv-main',
  name,
  plan: 'web',
  owner: 'web@contoso.example',
  state: 'idle',
  attempt: 0,
  failedAttempts: 0,
  ...more,
});

const now = '2026-03-01T00:00:00.000Z';
const conflict = { code: 'storage-conflict', retry: true };

export const orderRow = (renewalId: string, more: Partial<OrderRow> = {}): OrderRow => ({
  renewalId,
  vault: 'kv-main',
  name: 'www',
  issuer: 'internal',
  csrSha256: 'c5',
  requestId: 'request-1',
  state: 'requested',
  createdAt: '2026-03-01T00:00:00.000Z',
  ...more,
});

export const targetRow = (certificate: string, targetId: string, more: Partial<TargetRow> = {}): TargetRow => ({
  certificate,
  targetId,
  kind: 'app-service',
  renewalId: 'www-AAAA',
  expectedSha256: 'ee',
  verified: false,
  seenAt: '2026-03-01T00:00:00.000Z',
  ...more,
});

/** What every estate store does. */
export function estateSuite(name: string, estate: () => EstateStore): void {
  certificatesSuite(name, estate);
  ordersSuite(name, estate);
  targetsSuite(name, estate);
}

function certificatesSuite(name: string, estate: () => EstateStore): void {
  describe(`${name}: certificates`, () => {
    it('has no row of a certificate that was never saved', async () => {
      expect(await estate().certificate('kv-main', 'never')).toBeUndefined();
    });

    it('reads back what was inserted, with its ETag', async () => {
      const window = {
        windowOf: 'a',
        windowStart: now,
        windowEnd: now,
        windowPage: 'https://ca.example/',
        askWindowAt: now,
      };
      const dueAt = '2026-04-01T00:00:00.000Z';
      const row = certificateRow('inserted', { attempt: 3, dueAt, startReason: 'window-opened', ...window });
      const etag = await estate().saveCertificate(row);
      expect(await estate().certificate('kv-main', 'inserted')).toEqual({ row, etag });
    });

    it('finds a certificate without regard to case', async () => {
      await estate().saveCertificate(certificateRow('cased'));
      expect((await estate().certificate('KV-Main', 'Cased'))?.row.name).toBe('cased');
    });

    it('refuses to insert a row twice', async () => {
      await estate().saveCertificate(certificateRow('twice'));
      await expect(estate().saveCertificate(certificateRow('twice'))).rejects.toMatchObject(conflict);
    });

    it('replaces the row that was read, and drops what it no longer has', async () => {
      const first = await estate().saveCertificate(
        certificateRow('replaced', { cancelRequested: 'a', orderToCancel: 'b', attempt: 1 }),
      );
      const row = certificateRow('replaced', { attempt: 2 });
      const second = await estate().saveCertificate(row, first);
      expect(second).not.toBe(first);
      expect(await estate().certificate('kv-main', 'replaced')).toEqual({ row, etag: second });
    });

    it('lets only one of two writers have the attempt', async () => {
      const etag = await estate().saveCertificate(certificateRow('claimed'));
      const claim = (requester: string) =>
        estate().saveCertificate(certificateRow('claimed', { attempt: 1, requester }), etag);
      const ends = await Promise.allSettled([claim('a'), claim('b'), claim('c')]);
      expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(ends.find((end) => end.status === 'rejected')?.reason).toMatchObject(conflict);
    });

    it('refuses to replace a row that is not there', async () => {
      const etag = await estate().saveCertificate(certificateRow('there'));
      await expect(estate().saveCertificate(certificateRow('not-there'), etag)).rejects.toMatchObject(conflict);
    });

    it('lists the certificates of all vaults', async () => {
      await estate().saveCertificate(certificateRow('listed', { vault: 'kv-one' }));
      await estate().saveCertificate(certificateRow('listed', { vault: 'kv-two' }));
      const listed: string[] = [];
      for await (const { row, etag } of estate().certificates()) {
        if (row.name === 'listed' && etag !== '') listed.push(row.vault);
      }
      expect(listed.sort()).toEqual(['kv-one', 'kv-two']);
    });

    it('lists those of which something is going on', async () => {
      await estate().saveCertificate(certificateRow('going-on-1', { state: 'renewing', expectedBy: now }));
      await estate().saveCertificate(certificateRow('going-on-2', { queuedAt: now }));
      await estate().saveCertificate(certificateRow('going-on-3', { dueAt: now }));
      const listed: string[] = [];
      for await (const { row } of estate().certificates('open'))
        if (row.name.startsWith('going-on')) listed.push(row.name);
      expect(listed.sort()).toEqual(['going-on-1', 'going-on-2']);
    });
  });
}

function ordersSuite(name: string, estate: () => EstateStore): void {
  describe(`${name}: orders`, () => {
    it('has no order that was never saved', async () => {
      expect(await estate().order('never-AAAA')).toBeUndefined();
      expect(await estate().orderForCsr('kv-main', 'www', 'never')).toBeUndefined();
    });

    it('reads back an order, and its later states', async () => {
      const etag = await estate().saveOrder(orderRow('states-AAAA'));
      expect(await estate().order('states-AAAA')).toEqual({ row: orderRow('states-AAAA'), etag });
      const issued = orderRow('states-AAAA', {
        ...{ state: 'issued', reference: 'r-1', chain: ['AA', 'BB'], accepted: [] },
        ...{ cancel: 'asked', cancelTries: 2 },
      });
      const later = await estate().saveOrder(issued, etag);
      expect(await estate().order('states-AAAA')).toEqual({ row: issued, etag: later });
    });

    it('lets nobody write over an order that is another one by now', async () => {
      const etag = await estate().saveOrder(orderRow('twice-AAAA'));
      const issued = orderRow('twice-AAAA', { state: 'issued', reference: 'r-1', chain: ['AA'] });
      await estate().saveOrder(issued, etag);
      const late = orderRow('twice-AAAA', { state: 'submitted' });
      await expect(estate().saveOrder(late, etag)).rejects.toMatchObject(conflict);
      await expect(estate().saveOrder(late)).rejects.toMatchObject(conflict);
      expect((await estate().order('twice-AAAA'))?.row).toEqual(issued);
    });

    it('keeps a chain that is longer than a table property', async () => {
      const chain = ['A'.repeat(50_000), 'B'.repeat(60_000), 'C'.repeat(10)];
      const row = orderRow('long-AAAA', { state: 'issued', chain, accepted: chain.slice(0, 2) });
      const etag = await estate().saveOrder(row);
      expect((await estate().order('long-AAAA'))?.row).toEqual(row);
      await estate().saveOrder(orderRow('long-AAAA', { chain: ['D'] }), etag);
      expect((await estate().order('long-AAAA'))?.row.chain).toEqual(['D']);
    });

    it('finds the newest order of a CSR, of that certificate only', async () => {
      const mine = { name: 'csr', csrSha256: 'same' };
      await estate().saveOrder(orderRow('csr-2', { ...mine, createdAt: '2026-03-02T00:00:00.000Z' }));
      await estate().saveOrder(orderRow('csr-1', mine));
      await estate().saveOrder(
        orderRow('csr-3', { ...mine, csrSha256: 'other', createdAt: '2026-03-04T00:00:00.000Z' }),
      );
      await estate().saveOrder(orderRow('csr-4', { ...mine, name: 'else', createdAt: '2026-03-05T00:00:00.000Z' }));
      expect((await estate().orderForCsr('KV-MAIN', 'Csr', 'same'))?.renewalId).toBe('csr-2');
    });
  });
}

function targetsSuite(name: string, estate: () => EstateStore): void {
  describe(`${name}: targets`, () => {
    it('reads back what the targets of one certificate were seen serving', async () => {
      const rows = [
        targetRow('kv-main/shop', 'app-service:shop:shop.contoso.example', { servedSha256: 'aa', problem: 'old' }),
        targetRow('kv-main/shop', 'app-service:shop:www.contoso.example', { verified: true }),
      ];
      for (const row of rows) await estate().saveTarget(row);
      await estate().saveTarget(targetRow('kv-main/other', 'app-service:shop:shop.contoso.example'));
      const read = await estate().targets('kv-main/shop');
      expect([...read].sort((a, b) => (a.targetId < b.targetId ? -1 : 1))).toEqual(rows);
      expect(await estate().targets('kv-main/none')).toEqual([]);
    });

    it('replaces what a target was seen serving before', async () => {
      await estate().saveTarget(targetRow('kv-main/again', 'a', { problem: 'unreachable' }));
      await estate().saveTarget(targetRow('kv-main/again', 'a', { verified: true }));
      expect(await estate().targets('kv-main/again')).toEqual([targetRow('kv-main/again', 'a', { verified: true })]);
    });

    it('takes keys that tables forbid', async () => {
      const certificate = "https://kv.vault.azure.net/certificates/a\\b#c?d=%2f\u0007ü‘'";
      const row = targetRow(certificate, 'x/y#z?');
      await estate().saveTarget(row);
      expect(await estate().targets(certificate)).toEqual([row]);
    });
  });
}

/** What every store of rows about the app does. */
export function appRowSuite(name: string, rows: () => AppRowStore): void {
  describe(`${name}: rows about the app`, () => {
    it('has no row that was never saved', async () => {
      expect(await rows().get('lease', 'never')).toBeUndefined();
    });

    it('reads back every kind of row, with its ETag', async () => {
      const all: AppRows = {
        account: { account: 'https://ca.example/account/1', keyId: 'https://kv.example/keys/acme/1' },
        breaker: { code: 'issuer-throttled', since: now, until: now, rests: 2, at: now },
        authority: { lastNotAfter: now },
        credential: { lookedAt: now, enabled: false, notBefore: now, expiresAt: now, problem: 'vault-refused' },
        heartbeat: { period: 'p', startedAt: now, completedAt: now },
        lease: { owner: 'one', takenAt: now, expiresAt: now },
        starts: { window: now, count: 3 },
        sweep: { startedAt: now, completedAt: now, report: JSON.stringify({ long: 'x'.repeat(100_000) }) },
        arrivals: { lastAt: now, expiryAt: now },
        targetGroup: {
          targets: JSON.stringify(Array.from({ length: 50 }, (_, id) => ({ id, tag: 'x'.repeat(4000) }))),
        },
        uses: { report: JSON.stringify({ uses: 'x'.repeat(400_000) }) },
        usesLook: { completedAt: now, report: '{}' },
        eventPaths: { completedAt: now, report: JSON.stringify({ state: 'looked', paths: [] }) },
      };
      for (const kind of Object.keys(all) as (keyof AppRows)[]) {
        const etag = await rows().save(kind, 'read-back', all[kind]);
        expect(await rows().get(kind, 'read-back')).toEqual({ row: all[kind], etag });
      }
    });

    it('tells rows of a kind apart by their keys, without regard to case', async () => {
      await rows().save('starts', 'KV-one', { window: now, count: 1 });
      await rows().save('starts', 'kv-two/#?', { window: now, count: 2 });
      expect((await rows().get('starts', 'kv-One'))?.row.count).toBe(1);
      expect((await rows().get('starts', 'kv-two/#?'))?.row.count).toBe(2);
    });

    it('lets only one of two writers have a row', async () => {
      const lease = (owner: string) => ({ owner, takenAt: now, expiresAt: now });
      const etag = await rows().save('lease', 'raced', lease('nobody'));
      const ends = await Promise.allSettled(
        ['a', 'b', 'c'].map((owner) => rows().save('lease', 'raced', lease(owner), etag)),
      );
      expect(ends.map((end) => end.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(ends.find((end) => end.status === 'rejected')?.reason).toMatchObject(conflict);
      await expect(rows().save('lease', 'raced', lease('d'))).rejects.toMatchObject(conflict);
    });
  });
}
