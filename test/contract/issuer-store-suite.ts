import { describe, expect, it } from 'vitest';
import type {
  AnswerRow,
  AnswerStore,
  Issuance,
  IssuanceStore,
  Revocation,
  RevocationStore,
} from '../../src/estate/port.ts';
import type { RelayedOrder, RelayStore } from '../../src/estate/relayed-order.ts';

const now = '2026-03-01T00:00:00.000Z';
const conflict = { code: 'storage-conflict', retry: true };

export const issuance = (key: string, more: Partial<Issuance> = {}): Issuance => ({
  key,
  renewalId: 'www-AAAA',
  serial: '0a0b',
  toBeSigned: 'MIIB',
  createdAt: '2026-03-01T00:00:00.000Z',
  ...more,
});

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
