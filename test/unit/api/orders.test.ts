import { beforeEach, describe, expect, it } from 'vitest';
import { type Authority, certify, createAuthority, createCsr, createKeys, type Keys } from '../../../local/pki.ts';
import { getCsr, listOrders, postChain, postRejection, UPLOAD_LIMIT_BYTES } from '../../../src/api/orders.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import { bodyOf, type ManualBench, startManual } from '../../contract/manual-bench.ts';

const start = new Date('2026-03-01T12:00:00Z');
const life = { notBefore: new Date('2026-01-01Z'), notAfter: new Date('2030-01-01Z') };
const root: Authority = await createAuthority({ subject: 'CN=Upload Root', ...life });
const ca: Authority = await createAuthority({ subject: 'CN=Upload CA', ...life, parent: root });
const keys: Keys = await createKeys('P-256');
const dns = ['shop.contoso.example'];
const wish = {
  subject: 'CN=shop.contoso.example',
  names: { dns },
  notBefore: start,
  notAfter: new Date('2026-05-30Z'),
};
const leaf = certify(ca, { ...wish, spki: keys.spki });
const chain = leaf.pem + ca.pem;
const csr = Buffer.from(createCsr({ subject: wish.subject, names: wish.names, keys })).toString('base64');

let bench: ManualBench;
let reference: string;
beforeEach(async () => {
  bench = startManual({ roots: [root.pem] });
  const order = await bench.issuer.submit({ renewalId: 'shop-AAAA', csr, validityDays: 90 });
  reference = 'reference' in order ? order.reference : '';
});

const upload = (sent: Uint8Array | string, to = reference) => postChain(bench.call, to, bodyOf(sent));
const reject = (body: string, to = reference) =>
  postRejection(bench.call, to, { contentType: 'application/json', body: bodyOf(body) });
const polled = () => bench.issuer.poll({ reference, csr: async () => csr });
const stored = async () => (await bench.relayed.find(reference))?.row;

describe('orders that wait', () => {
  it('are listed with what a person needs', async () => {
    const { status, body } = await listOrders(bench.call);
    expect(status).toBe(200);
    const self = `https://app.example/api/orders/${reference}`;
    expect(body).toEqual({
      orders: [
        {
          ...{ reference, state: 'waiting', issuer: 'by-hand', kind: 'manual', renewalId: 'shop-AAAA' },
          ...{ names: dns, validityDays: 90, createdAt: '2026-03-01T12:00:00.000Z' },
          expiresAt: '2026-04-30T12:00:00.000Z',
          links: { csr: `${self}/csr`, chain: `${self}/chain`, reject: `${self}/reject` },
        },
      ],
    });
  });

  it('have references that nobody guesses', async () => {
    expect(reference).toMatch(/^[0-9a-f]{40}$/);
    const other = startManual();
    const again = await other.issuer.submit({ renewalId: 'shop-AAAA', csr, validityDays: 90 });
    expect(again).not.toEqual({ reference });
  });

  it('give their CSR in PEM', async () => {
    const answer = await getCsr(bench.call, reference);
    expect(answer).toMatchObject({ status: 200, text: derToPem(Buffer.from(csr, 'base64'), 'CERTIFICATE REQUEST') });
  });

  it.each([undefined, '', 'ab', 'f'.repeat(40), '../secrets', 'A'.repeat(40)])('%j is none', async (odd) => {
    expect(await getCsr(bench.call, odd)).toMatchObject({ status: 404, body: { code: 'order-unknown' } });
    expect(await postChain(bench.call, odd, bodyOf(chain))).toMatchObject({ status: 404 });
    expect(await reject('{"reason":"no"}', odd ?? '')).toMatchObject({ status: 404 });
  });
});

describe('an upload', () => {
  it('is the answer, and the same one again is fine', async () => {
    expect(await polled()).toEqual({ state: 'pending', retryAfterSeconds: 300 });
    expect(await upload(chain)).toMatchObject({ status: 200, body: { state: 'issued', reference } });
    expect(await upload(ca.pem + leaf.pem)).toMatchObject({ status: 200 });
    const ders = [leaf.der, ca.der].map((der) => Buffer.from(der).toString('base64'));
    expect(await polled()).toEqual({ state: 'issued', chain: ders });
    expect(await listOrders(bench.call)).toMatchObject({ body: { orders: [] } });
  });

  it('of another certificate comes too late', async () => {
    await upload(chain);
    const other = certify(ca, { ...wish, spki: keys.spki, serial: '7b' });
    expect(await upload(other.pem + ca.pem)).toMatchObject({ status: 409, body: { code: 'order-answered' } });
    expect((await stored())?.chain?.[0]).toBe(Buffer.from(leaf.der).toString('base64'));
  });

  it('for another key is refused with a fix, and nothing is stored', async () => {
    const { spki } = await createKeys('P-256');
    const before = await stored();
    const { status, body } = await upload(certify(ca, { ...wish, spki }).pem + ca.pem);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      code: 'chain-refused',
      errors: [
        { field: 'body', problem: expect.stringContaining('key of the CSR'), fix: expect.stringContaining('CSR') },
      ],
    });
    expect(await stored()).toEqual(before);
  });

  it('with a private key in it is refused, and nothing of it is kept or repeated', async () => {
    const before = await stored();
    const answer = await upload(chain + keys.pkcs8Pem);
    expect(answer).toMatchObject({ status: 422, body: { code: 'private-key-refused' } });
    const secret = keys.pkcs8Pem.split('\n')[1] ?? '';
    expect(JSON.stringify([answer, await stored()])).not.toContain(secret);
    expect(await stored()).toEqual(before);
  });

  it('of a megabyte is refused before it is read', async () => {
    let taken = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken += 65_536;
        yield Buffer.alloc(65_536, 'A');
      }
    };
    const told = await postChain(bench.call, reference, { length: String(1024 * 1024), stream: endless() });
    expect(told).toMatchObject({ status: 413, body: { code: 'body-too-large' } });
    expect(taken).toBe(0);
    const silent = await postChain(bench.call, reference, { length: null, stream: endless() });
    expect(silent).toMatchObject({ status: 413 });
    expect(taken).toBeLessThanOrEqual(UPLOAD_LIMIT_BYTES + 2 * 65_536);
  });

  it.each(['', 'hello', '{"chain":"MIIB"}', '-----BEGIN CERTIFICATE-----'])('of %j is refused', async (sent) => {
    expect(await upload(sent)).toMatchObject({ status: 422, body: { code: 'chain-refused' } });
  });

  it('after the time of the order comes too late', async () => {
    bench.clock.advance(61 * 86_400_000);
    expect(await upload(chain)).toMatchObject({ status: 409 });
    expect(await listOrders(bench.call)).toMatchObject({ body: { orders: [] } });
    expect(await polled()).toEqual({ state: 'rejected', reason: expect.stringContaining('2026-04-30') });
    expect(await polled()).toMatchObject({ state: 'rejected' });
  });

  it('of two at once is one', async () => {
    const other = certify(ca, { ...wish, spki: keys.spki, serial: '7c' });
    const answers = await Promise.all([upload(chain), upload(other.pem + ca.pem), upload(chain)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409]);
  });
});

describe('a rejection', () => {
  it('ends the order in the words that were given', async () => {
    expect(await reject('{"reason":"The owner said no"}')).toMatchObject({ status: 200, body: { state: 'rejected' } });
    expect(await reject('{"reason":"again"}')).toMatchObject({ status: 200 });
    expect(await upload(chain)).toMatchObject({ status: 409 });
    expect(await polled()).toEqual({ state: 'rejected', reason: 'The owner said no' });
  });

  it.each([
    ['{}', 'reason'],
    ['{"reason":""}', 'reason'],
    ['{"reason":"a\\u0007"}', 'reason'],
    ['{"reason":"no","force":true}', 'force'],
    ['[]', 'body'],
  ])('of %s is refused, and the order waits on', async (body, field) => {
    expect(await reject(body)).toMatchObject({ status: 422, body: { errors: [{ field }] } });
    expect((await stored())?.state).toBe('waiting');
  });

  it('of no JSON, or too much of it, is refused', async () => {
    expect(await reject('no')).toMatchObject({ status: 400 });
    expect(await reject('x'.repeat(20_000))).toMatchObject({ status: 413 });
    const plain = { contentType: 'text/plain', body: bodyOf('{"reason":"no"}') };
    expect(await postRejection(bench.call, reference, plain)).toMatchObject({ status: 415 });
  });

  it('does not undo a certificate', async () => {
    await upload(chain);
    expect(await reject('{"reason":"no"}')).toMatchObject({ status: 409 });
  });
});

describe('an order that is left', () => {
  it('is cancelled, and takes no answer any more', async () => {
    expect(await bench.issuer.cancel?.({ reference })).toEqual({ state: 'cancelled' });
    expect(await upload(chain)).toMatchObject({ status: 409, body: { detail: expect.stringContaining('cancelled') } });
    expect(await reject('{"reason":"no"}')).toMatchObject({ status: 409 });
  });
});
