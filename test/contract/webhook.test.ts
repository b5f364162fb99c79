import { randomBytes } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signedHeaders } from '../../local/issuers/webhook/signature.ts';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import type { Answer } from '../../src/api/renewals.ts';
import type { Order } from '../../src/issuers/port.ts';
import { DOMAIN, PUBLIC_URL, startWebhook, type WebhookBench } from './webhook-bench.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await createKeys('P-256');
});

let bench: WebhookBench;
afterEach(() => bench?.close());

const requestOf = (renewalId: string, dns = [`${renewalId}.${DOMAIN}`]) => ({
  renewalId,
  csr: Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys })).toString('base64'),
  validityDays: 90,
});

async function submitted(renewalId: string, issuer = bench.issuer): Promise<Order> {
  const answer = await issuer.submit(requestOf(renewalId));
  if ('state' in answer) throw new TypeError(`rejected: ${answer.reason}`);
  return answer;
}

const look = ({ reference }: Order, issuer = bench.issuer) => issuer.poll({ reference, csr: async () => '' });
const stateOf = async ({ reference }: Order) => (await bench.relayed.find(reference))?.row.state;

/** A callback that is signed now, with this secret. */
function callBack(order: Order, body: object | string, secret = bench.secret): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', ...signedHeaders(secret, text, bench.clock.now()) };
  return bench.callBack(order.reference, headers, text);
}

describe('an order by webhook', () => {
  beforeEach(async () => {
    bench = await startWebhook('callback');
  });

  it('carries what a receiver needs, and no more', async () => {
    const { reference } = await submitted('shop');
    expect(bench.receiver.orders()).toMatchObject([
      {
        ...{ reference, names: [`shop.${DOMAIN}`], validityDays: 90, id: `order-${reference}` },
        callbackUrl: `${PUBLIC_URL}/api/callbacks/${reference}`,
      },
    ]);
  });

  it('is sent once, also by another process', async () => {
    const first = await submitted('shop');
    expect(await submitted('shop', bench.restarted())).toEqual(first);
    expect(bench.receiver.orders()).toHaveLength(1);
  });

  it('is sent again under the same id until it was taken', async () => {
    bench.receiver.faults.add({ kind: 'busy', times: 1 });
    const busy = expect.objectContaining({ code: 'issuer-unreachable', retryAfterSeconds: 60 });
    await expect(bench.issuer.submit(requestOf('shop'))).rejects.toEqual(busy);
    await submitted('shop');
    expect(bench.receiver.orders()).toHaveLength(1);
  });

  it('is not sent where no answer could come back', async () => {
    const lonely = bench.restarted({}, { publicUrl: undefined });
    const told = expect.objectContaining({
      code: 'issuer-misconfigured',
      message: expect.stringMatching(/PERENNIAL_PUBLIC_URL.*statusUrl/),
    });
    await expect(lonely.submit(requestOf('shop'))).rejects.toEqual(told);
  });

  it("that is sent to the wrong place is nobody's refusal", async () => {
    const odd = bench.restarted({ url: bench.plan.url.replace('/orders', '/nowhere') });
    await expect(odd.submit(requestOf('shop'))).rejects.toMatchObject({ code: 'issuer-misconfigured' });
  });

  it('that the receiver refuses at once is rejected in its words, for good', async () => {
    const strict = bench.restarted(
      {},
      {
        httpClient: {
          sendRequest: async (request) => {
            return { request, status: 422, headers: request.headers, bodyAsText: '{"detail":"Names of nobody"}' };
          },
        },
      },
    );
    const rejected = { state: 'rejected', reason: 'Names of nobody' };
    expect(await strict.submit(requestOf('shop'))).toEqual(rejected);
    expect(await bench.issuer.submit(requestOf('shop'))).toEqual(rejected);
  });

  it('that somebody refuses later is rejected in their words', async () => {
    bench.receiver.faults.add({ kind: 'rejected' });
    const order = await submitted('mail');
    bench.clock.advance(60_000);
    await bench.receiver.answerDue();
    expect(await look(order)).toEqual({ state: 'rejected', reason: 'The owner of these names did not agree' });
  });

  it('that was cancelled is told to the receiver and takes no callback', async () => {
    const order = await submitted('shop');
    expect(await bench.issuer.cancel?.(order)).toEqual({ state: 'cancelled' });
    expect(bench.receiver.orders()).toMatchObject([{ state: 'cancelled' }]);
    const answer = await callBack(order, { reference: order.reference, state: 'rejected', reason: 'no' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'order-answered' } });
  });

  it('that was issued elsewhere meanwhile is too late to cancel, and closed here all the same', async () => {
    const order = await submitted('shop');
    bench.clock.advance(60_000);
    expect(await bench.issuer.cancel?.(order)).toEqual({ state: 'too-late', reason: 'It was issued already' });
    await bench.receiver.answerDue();
    expect(bench.receiver.orders()[0]?.told).toEqual([409]);
    expect(await look(order)).toMatchObject({ state: 'rejected' });
  });
});

describe('a callback', () => {
  let order: Order;
  beforeEach(async () => {
    bench = await startWebhook('callback');
    order = await submitted('shop');
  });

  const rejection = () => ({ reference: order.reference, state: 'rejected', reason: 'The owner said no' });

  it('with another secret is refused, and the order waits on', async () => {
    const answer = await callBack(order, rejection(), `whsec_${randomBytes(32).toString('base64')}`);
    expect(answer).toMatchObject({ status: 401, body: { code: 'signature-refused' } });
    expect(JSON.stringify(answer)).not.toContain(bench.secret);
    expect(await stateOf(order)).toBe('waiting');
  });

  it('without a signature, or with one of another hour, is refused', async () => {
    const body = JSON.stringify(rejection());
    const json = { 'content-type': 'application/json' };
    expect(await bench.callBack(order.reference, json, body)).toMatchObject({ status: 401 });
    const headers = { ...json, ...signedHeaders(bench.secret, body, bench.clock.now()) };
    bench.clock.advance(301_000);
    const late = await bench.callBack(order.reference, headers, body);
    expect(late).toMatchObject({ status: 401, body: { detail: expect.stringContaining('301 seconds') } });
    expect(await stateOf(order)).toBe('waiting');
  });

  it('that was overheard is good for no other order, and changes nothing of its own', async () => {
    const other = await submitted('mail');
    const body = JSON.stringify(rejection());
    const headers = {
      'content-type': 'application/json',
      ...signedHeaders(bench.secret, body, bench.clock.now()),
    };
    const elsewhere = await bench.callBack(other.reference, headers, body);
    expect(elsewhere).toMatchObject({ status: 422, body: { errors: [{ field: 'reference' }] } });
    expect(await stateOf(other)).toBe('waiting');
    expect(await bench.callBack(order.reference, headers, body)).toMatchObject({ status: 200 });
    expect(await bench.callBack(order.reference, headers, body)).toMatchObject({ status: 200 });
    expect(await look(order)).toEqual({ state: 'rejected', reason: 'The owner said no' });
  });

  it('for an order of another kind of issuer is refused', async () => {
    const placed = await bench.relayed.find(order.reference);
    if (placed !== undefined) await bench.relayed.save({ ...placed.row, issuer: 'gone' }, placed.etag);
    expect(await callBack(order, rejection())).toMatchObject({ status: 401 });
  });

  it.each([
    ['no JSON', 'no', 400],
    ['no state', '{}', 422],
    ['an unknown state', '{"state":"pending"}', 422],
    ['a chain that is none', '{"reference":"R","state":"issued","chain":"MIIB"}', 422],
    ['more than it may hold', '{"reference":"R","state":"rejected","reason":"no","force":true}', 422],
    ['no reason', '{"reference":"R","state":"rejected","reason":""}', 422],
    ['too much', `"${'x'.repeat(300_000)}"`, 413],
  ])('with %s is refused', async (_, body, status) => {
    const answer = await callBack(order, body.replace('R', order.reference));
    expect(answer.status).toBe(status);
    expect(await stateOf(order)).toBe('waiting');
  });

  it('with a private key is refused, and nothing of it is kept', async () => {
    const chain = keys.pkcs8Pem;
    const answer = await callBack(order, { reference: order.reference, state: 'issued', chain });
    expect(answer).toMatchObject({ status: 422, body: { code: 'private-key-refused' } });
    expect(JSON.stringify([answer, await bench.relayed.find(order.reference)])).not.toContain(chain.split('\n')[1]);
  });

  it('that comes before the answer to the order is taken', async () => {
    const early: string[] = [];
    const eager = bench.restarted(
      {},
      {
        httpClient: {
          async sendRequest(request) {
            const { data } = JSON.parse(String(request.body)) as { data: { reference: string } };
            early.push(data.reference);
            await callBack(data, { reference: data.reference, state: 'rejected', reason: 'at once' });
            return { request, status: 202, headers: request.headers, bodyAsText: '' };
          },
        },
      },
    );
    const answer = await eager.submit(requestOf('early'));
    expect(answer).toEqual({ reference: early[0] });
    expect(await look(answer as Order)).toEqual({ state: 'rejected', reason: 'at once' });
  });
});

describe('the status of an order', () => {
  beforeEach(async () => {
    bench = await startWebhook('status');
  });

  it('decides when the receiver is asked again', async () => {
    expect(await look(await submitted('shop'))).toEqual({ state: 'pending', retryAfterSeconds: 60 });
  });

  it('is remembered once it is an answer', async () => {
    const order = await submitted('shop');
    bench.clock.advance(60_000);
    const issued = await look(order);
    expect(issued).toMatchObject({ state: 'issued' });
    bench.receiver.faults.add({ kind: 'server-error' });
    expect(await look(order)).toEqual(issued);
  });

  const answering = (body: string, status = 200) =>
    bench.restarted(
      {},
      {
        httpClient: {
          sendRequest: async (request) => ({ request, status, headers: request.headers, bodyAsText: body }),
        },
      },
    );

  it.each(['', 'hello', '[]', '{"state":"done"}', '{"state":"issued"}', '{"state":"rejected","reason":7}'])(
    'that reads %j is no answer',
    async (body) => {
      const order = await submitted('shop');
      await expect(look(order, answering(body))).rejects.toMatchObject({ code: 'issuer-unreachable' });
    },
  );

  it('of a chain that nobody can read is left to acceptance, and one with a private key to nobody', async () => {
    const order = await submitted('shop');
    const other = await submitted('mail');
    const odd = answering(JSON.stringify({ state: 'issued', chain: 'no chain' }));
    expect(await look(order, odd)).toEqual({ state: 'issued', chain: ['no chain'] });
    const key = answering(JSON.stringify({ state: 'issued', chain: keys.pkcs8Pem }));
    expect(await look(other, key)).toMatchObject({ state: 'rejected', reason: expect.stringContaining('private key') });
  });

  it('of a rejection is one short line', async () => {
    const order = await submitted('shop');
    const long = answering(JSON.stringify({ state: 'rejected', reason: `no\u0007\r\n${'x'.repeat(900)}` }));
    const status = await look(order, long);
    expect(status).toEqual({ state: 'rejected', reason: expect.stringMatching(/^no x{497}$/) });
  });

  it('that nobody knows is waited for', async () => {
    const order = await submitted('shop');
    expect(await look(order, answering('{}', 404))).toEqual({ state: 'pending', retryAfterSeconds: 300 });
    await expect(look(order, answering('{}', 403))).rejects.toMatchObject({ code: 'issuer-misconfigured' });
  });
});
