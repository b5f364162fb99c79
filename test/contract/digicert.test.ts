import { afterEach, describe, expect, it } from 'vitest';
import { createCsr, createKeys } from '../../local/pki.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import type { Issuer, Order, OrderStatus, PlacedOrder } from '../../src/issuers/port.ts';
import { API_KEY, DOMAIN, type EmulatedDigicert, startEmulatedDigicert } from './digicert-bench.ts';

let bench: EmulatedDigicert;
afterEach(() => bench.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function csrOf(dns: readonly string[] = [`shop.${DOMAIN}`]): Promise<string> {
  const keys = await createKeys('P-256');
  return Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys })).toString('base64');
}

async function placed(issuer: Issuer, csr: string): Promise<PlacedOrder> {
  const order = await issuer.submit({ renewalId: 'shop-1', csr, validityDays: 90 });
  if ('state' in order) throw new TypeError(order.reason);
  return { ...(order as Order), csr: async () => csr };
}

function leafOf(status: OrderStatus) {
  if (status.state !== 'issued') throw new TypeError(JSON.stringify(status));
  return readCertificate(Buffer.from(status.chain[0] ?? '', 'base64'));
}

const decided = async (issuer: Issuer, csr?: string) => {
  const order = await placed(issuer, csr ?? (await csrOf()));
  return leafOf(await issuer.poll(order));
};

describe('validation at DigiCert', () => {
  it('is waited for a minute at first, then a quarter of an hour, then an hour', async () => {
    bench = await startEmulatedDigicert({ validationSeconds: (3 * DAY) / 1000 });
    const issuer = bench.issuerWith();
    const order = await placed(issuer, await csrOf());
    expect(await issuer.poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 60 });
    bench.clock.advance(11 * MINUTE);
    expect(await issuer.poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 900 });
    bench.clock.advance(DAY);
    expect(await issuer.poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 3600 });
    bench.clock.advance(2 * DAY);
    expect(await issuer.poll(order)).toMatchObject({ state: 'issued' });
  });

  it('waits for an administrator, and gives a rejection in his words', async () => {
    bench = await startEmulatedDigicert();
    const issuer = bench.issuerWith({ skipApproval: false });
    const [yes, no] = [await placed(issuer, await csrOf()), await csrOf([`other.${DOMAIN}`])];
    expect(await issuer.poll(yes)).toMatchObject({ state: 'pending' });
    bench.digicert.desk.decide('approve');
    expect(await issuer.poll(yes)).toMatchObject({ state: 'issued' });
    const refused = await placed(issuer, no);
    bench.digicert.desk.decide('reject', 'Not in the budget\u0007 of this year');
    expect(await issuer.poll(refused)).toEqual({
      state: 'rejected',
      reason: expect.stringMatching(/^order \d+ is rejected: Not in the budget of this year$/),
    });
  });

  it('is not skipped by a key that is no administrator’s', async () => {
    bench = await startEmulatedDigicert({ isAdmin: false });
    const asked = placed(bench.issuerWith(), await csrOf());
    await expect(asked).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: expect.stringMatching(/administrator/),
    });
  });
});

describe.each(['reissue', 'duplicate'] as const)('a %s', (mode) => {
  const paidFor = async (more: object = {}) => {
    bench = await startEmulatedDigicert(more);
    const first = await decided(bench.issuerWith());
    const [{ order = 0 } = {}] = bench.digicert.certificates();
    return { first, order, issuer: bench.issuerWith({ mode, order }) };
  };

  it('is found by its key among others of the same order, whichever is the newest', async () => {
    const { issuer, order } = await paidFor();
    const csrs = [await csrOf(), await csrOf(), await csrOf()];
    const orders: PlacedOrder[] = [];
    for (const csr of csrs) {
      orders.push(await placed(issuer, csr));
      // A reissue is over before the next one may begin.
      await issuer.poll(orders.at(-1) ?? orders[0] ?? { reference: '', csr: async () => '' });
    }
    const leaves = [];
    for (const one of orders) leaves.push(leafOf(await issuer.poll(one)));
    expect(new Set(leaves.map(({ spkiSha256 }) => spkiSha256)).size).toBe(3);
    expect(orders.map(({ reference }) => reference)).toEqual(Array(3).fill(`${mode}-${order}`));
  });

  it('whose answer was lost is not asked for again', async () => {
    const { issuer } = await paidFor();
    const csr = await csrOf();
    bench.digicert.faults.add({ kind: 'lost-answer', times: 1 });
    await expect(placed(issuer, csr)).rejects.toMatchObject({ code: 'issuer-unreachable', retry: true });
    const before = bench.digicert.desk.all().length;
    leafOf(await issuer.poll(await placed(issuer, csr)));
    expect(bench.digicert.desk.all()).toHaveLength(before);
  });

  it('of an order that is not there is told as a mistake of the estate file', async () => {
    bench = await startEmulatedDigicert();
    const asked = placed(bench.issuerWith({ mode, order: 42 }), await csrOf());
    await expect(asked).rejects.toMatchObject({ code: 'issuer-misconfigured', message: expect.stringMatching(/42/) });
  });

  it('has the certificate before it revoked a while later, when it takes its place', async () => {
    const { first, issuer } = await paidFor({ reissueGraceSeconds: DAY / 1000 });
    const csr = await csrOf();
    leafOf(await issuer.poll(await placed(issuer, csr)));
    bench.clock.advance(2 * DAY);
    const old = bench.digicert.certificates().find(({ serial }) => serial === first.serial);
    expect(old?.revoked).toBe(mode === 'reissue' ? 'superseded' : undefined);
  });
});

describe('cancelling', () => {
  it('takes back a pending reissue, and leaves the order and its certificate alone', async () => {
    bench = await startEmulatedDigicert();
    const first = await decided(bench.issuerWith());
    const [{ order = 0 } = {}] = bench.digicert.certificates();
    const issuer = bench.issuerWith({ mode: 'reissue', order, skipApproval: false });
    const reissue = await placed(issuer, await csrOf());
    expect(await issuer.cancel?.(reissue)).toEqual({ state: 'cancelled' });
    expect(await issuer.poll(reissue)).toMatchObject({ state: 'rejected' });
    expect(await issuer.cancel?.(reissue)).toMatchObject({ state: 'too-late' });
    expect(bench.digicert.certificates().map(({ serial }) => serial)).toEqual([first.serial]);
  });

  it('never touches a duplicate', async () => {
    bench = await startEmulatedDigicert();
    await decided(bench.issuerWith());
    const [{ order = 0 } = {}] = bench.digicert.certificates();
    const issuer = bench.issuerWith({ mode: 'duplicate', order, skipApproval: false });
    const duplicate = await placed(issuer, await csrOf());
    expect(await issuer.cancel?.(duplicate)).toMatchObject({ state: 'too-late' });
  });
});

describe('revoking', () => {
  it('is requested where an administrator has to agree', async () => {
    bench = await startEmulatedDigicert();
    const leaf = await decided(bench.issuerWith());
    const issuer = bench.issuerWith({ skipApproval: false });
    const certificate = Buffer.from(leaf.der).toString('base64');
    const answer = await issuer.revoke?.({ certificate, reason: 'keyCompromise' });
    expect(answer).toEqual({ state: 'requested', detail: expect.stringMatching(/^request \d+ is pending/) });
    bench.digicert.desk.decide('approve');
    expect(await issuer.revoke?.({ certificate, reason: 'keyCompromise' })).toEqual({ state: 'revoked' });
  });

  it('is refused in the words of the CA while a reissue waits, and for what it does not know', async () => {
    bench = await startEmulatedDigicert();
    const leaf = await decided(bench.issuerWith());
    const [{ order = 0 } = {}] = bench.digicert.certificates();
    await placed(bench.issuerWith({ mode: 'reissue', order, skipApproval: false }), await csrOf());
    const revoke = bench.issuerWith().revoke;
    const certificate = Buffer.from(leaf.der).toString('base64');
    expect(await revoke?.({ certificate, reason: 'superseded' })).toEqual({
      ...{ state: 'refused', reason: 'A certificate with a pending reissue cannot be revoked. (reissue_pending)' },
    });
    const root = Buffer.from(bench.digicert.roots()[0]).toString('base64');
    expect(await revoke?.({ certificate: root, reason: 'superseded' })).toMatchObject({ state: 'refused' });
  });
});

describe('the API of DigiCert', () => {
  it('is asked less than a hundred times in five seconds, and less and less while it says that this is too much', async () => {
    bench = await startEmulatedDigicert();
    const issuer = bench.issuerWith();
    const order = await placed(issuer, await csrOf());
    await issuer.poll(order);
    bench.digicert.faults.add({ kind: 'rate-limited', times: 3 });
    const waits: unknown[] = [];
    const other = await csrOf([`other.${DOMAIN}`]);
    for (const _ of [1, 2]) {
      waits.push(await placed(issuer, other).catch((error: unknown) => error));
    }
    expect(waits).toEqual([
      expect.objectContaining({ code: 'issuer-throttled', retryAfterSeconds: 120 }),
      expect.objectContaining({ code: 'issuer-throttled', retryAfterSeconds: 120 }),
    ]);
    const looks = await Promise.all(
      Array.from({ length: 60 }, () => issuer.poll(order).catch((error: unknown) => error)),
    );
    expect(looks).toContainEqual(expect.objectContaining({ code: 'issuer-throttled', retryAfterSeconds: 5 }));
    bench.clock.advance(6000);
    expect(await issuer.poll(order)).toMatchObject({ state: 'issued' });
  });

  it('that refuses the key is asked again with the one that the vault has now', async () => {
    bench = await startEmulatedDigicert();
    bench.secrets.push('an old key');
    const issuer = bench.issuerWith();
    const csr = await csrOf();
    const refused = await placed(issuer, csr).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'issuer-misconfigured',
      message: expect.stringMatching(/API key is refused/),
    });
    for (const secret of ['an old key', API_KEY]) expect(String(refused)).not.toContain(secret);
    leafOf(await issuer.poll(await placed(issuer, csr)));
  });

  it('says what is wrong with a product, an organization and a CSR', async () => {
    bench = await startEmulatedDigicert();
    const unknown = placed(bench.issuerWith({ product: 'ssl_unheard_of' }), await csrOf());
    await expect(unknown).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: expect.stringMatching(/ssl_unheard_of/),
    });
    const { organization: _, ...rest } = { organization: undefined };
    const without = bench.issuerWith({ ...rest, organization: undefined });
    const request = { renewalId: 'shop-1', csr: await csrOf(), validityDays: 90 };
    expect(await without.submit(request)).toEqual({
      ...{ state: 'rejected', reason: expect.stringContaining('invalid_organization') },
    });
    expect(await bench.issuerWith().submit({ ...request, csr: 'AAAA' })).toMatchObject({ state: 'rejected' });
    expect(await bench.issuerWith().submit({ ...request, csr: await csrOf(['shop.evil.example']) })).toMatchObject({
      ...{ state: 'rejected', reason: expect.stringContaining('is not within') },
    });
  });
});
