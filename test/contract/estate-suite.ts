import { describe, expect, it } from 'vitest';
import type { AppRowStore, AppRows } from '../../src/estate/app-rows.ts';
import type {
  AnswerRow,
  AnswerStore,
  CertificateRow,
  EstateStore,
  Issuance,
  IssuanceStore,
  OrderRow,
  Revocation,
  RevocationStore,
  TargetRow,
} from '../../src/estate/port.ts';
import type { RelayedOrder, RelayStore } from '../../src/estate/relayed-order.ts';

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

export const issuance = (key: string, more: Partial<Issuance> = {}): Issuance => ({
  key,
  renewalId: 'www-AAAA',
  serial: '0a0b',
  toBeSigned: 'MIIB',
  createdAt: '2026-03-01T00:00:00.000Z',
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

/** What every store of issuances does. */
export function issuanceSuite(name: string, issuances: () => IssuanceStore): void {
  describe(`${name}: issuances`, () => {
    it('has no issuance that was never put', async () => {
      expect(await issuances().get('never')).toBeUndefined();
    });

    it('keeps the first of a key and answers with it ever after', async () => {
      const first = issuance('aa|www-AAAA', { toBeSigned: 'T'.repeat(70_000) });
      expect(await issuances().putIfAbsent(first)).toEqual(first);
      expect(await issuances().putIfAbsent(issuance('aa|www-AAAA', { serial: 'ff' }))).toEqual(first);
      expect(await issuances().get('aa|www-AAAA')).toEqual(first);
    });

    it('answers all of several writers at once with the same issuance', async () => {
      const serials = ['01', '02', '03', '04'];
      const put = await Promise.all(serials.map((serial) => issuances().putIfAbsent(issuance('race', { serial }))));
      expect(new Set(put.map((one) => one.serial)).size).toBe(1);
    });

    it('finds those of a public key, and of no other that begins alike', async () => {
      const [mine, longer, other] = ['ab12', 'ab12ff', 'ab11'];
      const put = [`${mine}-one-AAAA`, `${mine}-two-BBBB`, `${longer}-AAAA`, `${other}-AAAA`].map((key) =>
        issuances().putIfAbsent(issuance(key, { authority: 'a'.repeat(32) })),
      );
      await Promise.all(put);
      const found = await issuances().forPublicKey(mine);
      expect(found.map(({ key }) => key).toSorted()).toEqual([`${mine}-one-AAAA`, `${mine}-two-BBBB`]);
      expect(found[0]?.authority).toBe('a'.repeat(32));
      expect(await issuances().forPublicKey('cd')).toEqual([]);
    });
  });
}

/** What every store of revocations does. */
export function revocationSuite(name: string, revocations: () => RevocationStore): void {
  const revocation = (authority: string, serial: string, more: Partial<Revocation> = {}): Revocation => ({
    ...{ authority, serial, reason: 'superseded', revokedAt: now, notAfter: now },
    ...more,
  });

  describe(`${name}: revocations`, () => {
    it('lists those of an authority, and none of another', async () => {
      await revocations().putIfAbsent(revocation('aa', '01'));
      await revocations().putIfAbsent(revocation('aa', '02'));
      await revocations().putIfAbsent(revocation('bb', '03'));
      const serials = (await revocations().list('aa')).map(({ serial }) => serial);
      expect(serials.toSorted()).toEqual(['01', '02']);
      expect(await revocations().list('cc')).toEqual([]);
    });

    it('keeps the first of a serial number and answers with it ever after', async () => {
      const first = revocation('dd', '01', { reason: 'keyCompromise' });
      expect(await revocations().putIfAbsent(first)).toEqual(first);
      expect(await revocations().putIfAbsent(revocation('dd', '01'))).toEqual(first);
      expect(await revocations().list('dd')).toEqual([first]);
    });
  });
}

const answer = (key: string, more: Partial<AnswerRow> = {}): AnswerRow => ({
  ...{ key, renewalId: 'www-AAAA', issuer: 'cfssl', state: 'asking', askedAt: now, unheard: 0 },
  ...more,
});

/** What every store of answers does. */
export function answerSuite(name: string, answers: () => AnswerStore): void {
  describe(`${name}: answers`, () => {
    it('has no answer of a question that was never asked', async () => {
      expect(await answers().get('never')).toBeUndefined();
    });

    it('reads back a question, and what became of it', async () => {
      const etag = await answers().save(answer('ab-www-AAAA'));
      expect(await answers().get('ab-www-AAAA')).toEqual({ row: answer('ab-www-AAAA'), etag });
      const answered = answer('ab-www-AAAA', { state: 'answered', unheard: 1, chain: ['A'.repeat(70_000), 'BB'] });
      const later = await answers().save(answered, etag);
      expect(await answers().get('ab-www-AAAA')).toEqual({ row: answered, etag: later });
    });

    it('lets only one of two ask', async () => {
      const first = await Promise.allSettled([answers().save(answer('race')), answers().save(answer('race'))]);
      expect(first.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const etag = (await answers().get('race'))?.etag ?? '';
      const again = [1, 2].map((unheard) => answers().save(answer('race', { unheard }), etag));
      const ends = await Promise.allSettled(again);
      expect(ends.find(({ status }) => status === 'rejected')).toMatchObject({ reason: conflict });
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

export const relayedOrder = (reference: string, more: Partial<RelayedOrder> = {}): RelayedOrder => ({
  reference,
  issuer: 'by-hand',
  renewalId: `renewal-${reference}`,
  csr: 'MIIB',
  validityDays: 90,
  state: 'waiting',
  createdAt: now,
  expiresAt: '2026-03-31T00:00:00.000Z',
  ...more,
});

/** What every store of relayed orders does. */
export function relaySuite(name: string, relay: () => RelayStore): void {
  const march = new Date(now);
  const waiting = async (since: Date, issuer: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const { row } of relay().waiting(since, issuer)) found.push(row.reference);
    return found.sort();
  };

  describe(`${name}: relayed orders`, () => {
    it('has no order that was never placed', async () => {
      expect(await relay().find('never')).toBeUndefined();
    });

    it('reads back what was placed and saved, with its ETag', async () => {
      const order = relayedOrder('read-back', { csr: 'C'.repeat(40_000) });
      const { row, etag } = await relay().place(order, 'aa');
      expect(row).toEqual(order);
      const leased = { worker: 'ca01', attempt: 2, nonce: 'n', leasedUntil: now, requestId: '7', lookAgainAt: now };
      const answer = { state: 'issued', chain: ['L'.repeat(40_000), 'I'], answeredAt: now, sentAt: now } as const;
      const saved = await relay().save({ ...order, ...leased, ...answer }, etag);
      expect(await relay().find('read-back')).toEqual({ row: { ...order, ...leased, ...answer }, etag: saved });
    });

    it('answers with the first order of a renewal and a key, and tells keys apart', async () => {
      const first = await relay().place(relayedOrder('first', { renewalId: 'same' }), 'aa');
      const again = await relay().place(relayedOrder('again', { renewalId: 'same' }), 'aa');
      const other = await relay().place(relayedOrder('other', { renewalId: 'same' }), 'bb');
      expect(again).toEqual(first);
      expect(await relay().find('again')).toBeUndefined();
      expect(other.row.reference).toBe('other');
    });

    it('answers all of several writers at once with the same order', async () => {
      const all = ['a', 'b', 'c', 'd'].map((one) =>
        relay().place(relayedOrder(`race-${one}`, { renewalId: 'raced' }), 'aa'),
      );
      expect(new Set((await Promise.all(all)).map(({ row }) => row.reference)).size).toBe(1);
    });

    it('lets only one of two writers change an order', async () => {
      const { row, etag } = await relay().place(relayedOrder('contested'), 'aa');
      await relay().save({ ...row, state: 'rejected', reason: 'no' }, etag);
      await expect(relay().save({ ...row, state: 'issued', chain: ['L'] }, etag)).rejects.toMatchObject(conflict);
      expect((await relay().find('contested'))?.row.state).toBe('rejected');
    });

    it('lists what waits, of one issuer, back to a month', async () => {
      const issuer = 'listed';
      await relay().place(relayedOrder('waits', { issuer }), 'aa');
      await relay().place(relayedOrder('old', { issuer, createdAt: '2025-11-30T00:00:00.000Z' }), 'aa');
      await relay().place(relayedOrder('elsewhere', { issuer: 'another' }), 'aa');
      const ended = await relay().place(relayedOrder('ended', { issuer }), 'aa');
      await relay().save({ ...ended.row, state: 'closed', reason: 'cancelled' }, ended.etag);
      expect(await waiting(march, issuer)).toEqual(['waits']);
      expect(await waiting(new Date('2025-11-30T23:00:00Z'), issuer)).toEqual(['old', 'waits']);
    });
  });
}
