import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { signedHeaders } from '../../local/issuers/webhook/signature.ts';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import type { Order } from '../../src/issuers/port.ts';
import { type AdCsBench, DOMAIN, startAdCs } from './ad-cs-bench.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await createKeys('P-256');
});
let bench: AdCsBench;
beforeEach(() => {
  bench = startAdCs();
});

async function submitted(name: string, at = bench): Promise<Order> {
  const dns = [`${name}.${DOMAIN}`];
  const csr = Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys })).toString('base64');
  const answer = await at.issuer.submit({ renewalId: name, csr, validityDays: 90 });
  if ('state' in answer) throw new TypeError(answer.reason);
  return answer;
}

const look = ({ reference }: Order, at = bench) => at.issuer.poll({ reference, csr: async () => '' });
const row = async ({ reference }: Order) => (await bench.relayed.find(reference))?.row;
const pass = (seconds: number) => bench.clock.advance(seconds * 1000);

async function called(what: 'requests' | 'answers', content: object, issuer = 'corporate', secret = bench.secret) {
  const body = JSON.stringify(content);
  const headers = { 'content-type': 'application/json', ...signedHeaders(secret, body, bench.clock.now()) };
  const { status, text } = await bench.call(`/api/relay/${issuer}/${what}`, headers, body);
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

const asked = async (worker: string) =>
  (await called('requests', { issuer: 'corporate', worker })).body.tasks as readonly Record<string, unknown>[];

describe('a worker', () => {
  it('submits once, and what the CA has issued is the answer', async () => {
    const order = await submitted('shop');
    expect(await look(order)).toEqual({ state: 'pending', retryAfterSeconds: 60 });
    await bench.worker.run();
    await bench.worker.run();
    expect(await look(order)).toMatchObject({ state: 'issued' });
    expect(bench.worker.ca.requests.size).toBe(1);
    expect(await row(order)).toMatchObject({ requestId: '1', worker: 'ca01' });
  });

  it('asks for a request by its number until somebody at the CA has decided', async () => {
    const release = bench.worker.faults.add({ kind: 'held' });
    const order = await submitted('shop');
    await bench.worker.run();
    expect(await row(order)).toMatchObject({ requestId: '1', reason: expect.stringContaining('manager') });
    expect(await asked('ca02'), 'it is left alone for a while').toEqual([]);
    release();
    pass(900);
    expect(await asked('ca02')).toMatchObject([{ action: 'retrieve', requestId: '1' }]);
    pass(600);
    await bench.worker.run();
    expect(await look(order)).toMatchObject({ state: 'issued' });
    expect(bench.worker.ca.requests.size).toBe(1);
  });

  it('brings a denial in the words of the CA', async () => {
    const order = await submitted('shop');
    bench.worker.faults.add({ kind: 'rejected' });
    await bench.worker.run();
    expect(await look(order)).toEqual({
      state: 'rejected',
      reason: expect.stringContaining('the owner did not agree'),
    });
    const other = startAdCs({ template: 'Nonexistent' });
    const wrong = await submitted('mail', other);
    await other.worker.run();
    expect(await look(wrong, other)).toEqual({ state: 'rejected', reason: expect.stringContaining('0x80094800') });
  });

  it('that stopped before it answered submits nothing twice', async () => {
    bench.worker.faults.add({ kind: 'stops-before-answer', times: 1 });
    const order = await submitted('shop');
    await bench.worker.run();
    pass(601);
    await bench.worker.run('ca02');
    expect(bench.worker.answers, 'another machine does not know how far it came').toEqual([]);
    await bench.worker.run();
    expect(await look(order)).toMatchObject({ state: 'issued' });
    expect(bench.worker.ca.requests.size).toBe(1);
  });

  it('that stopped while it submitted leaves the order to a person', async () => {
    bench.worker.faults.add({ kind: 'stops-while-submitting', times: 1 });
    const order = await submitted('shop');
    await bench.worker.run();
    pass(601);
    await bench.worker.run();
    expect(await look(order)).toEqual({ state: 'rejected', reason: expect.stringContaining('may hold a request') });
    expect(bench.worker.ca.requests.size).toBe(1);
  });

  it('that did not reach its CA tries again later', async () => {
    bench.worker.faults.add({ kind: 'ca-unreachable', times: 1 });
    const order = await submitted('shop');
    await bench.worker.run();
    expect(await row(order)).toMatchObject({ attempt: 2, reason: expect.stringContaining('0x800706ba') });
    pass(300);
    await bench.worker.run();
    expect(await look(order)).toMatchObject({ state: 'issued' });
    expect(bench.worker.ca.requests.size).toBe(1);
  });
});

describe('the queue', () => {
  it('gives a request to one worker at a time, of its own issuer, ten at most', async () => {
    const order = await submitted('shop');
    const [one, other] = await Promise.all([asked('ca01'), asked('ca02')]);
    expect([...one, ...other]).toMatchObject([{ reference: order.reference, action: 'submit', attempt: 1 }]);
    for (let index = 0; index < 12; index += 1) await submitted(`many-${index}`);
    expect(await asked('ca01')).toHaveLength(10);
  });

  it('takes an answer to the question of this lease alone', async () => {
    const order = await submitted('shop');
    const [first] = await asked('ca01');
    pass(601);
    const [second] = await asked('ca01');
    expect(second?.nonce).not.toBe(first?.nonce);
    const ran = { outcome: 'ran', exitCode: 0, output: 'Certificate not issued (Denied) no', certificates: '' };
    const answer = { issuer: 'corporate', reference: order.reference, ...ran };
    expect(await called('answers', { ...answer, nonce: first?.nonce })).toMatchObject({ status: 409 });
    expect(await called('answers', { ...answer, nonce: second?.nonce })).toMatchObject({ status: 200 });
    expect(await called('answers', { ...answer, nonce: second?.nonce })).toMatchObject({ status: 409 });
  });

  it('is closed to whoever has no secret, or that of another hour or issuer', async () => {
    await submitted('shop');
    const content = { issuer: 'corporate', worker: 'ca01' };
    const strange = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect(await called('requests', content, 'corporate', strange)).toMatchObject({ status: 401 });
    expect(await called('requests', { ...content, issuer: 'other' }, 'other')).toMatchObject({ status: 401 });
    expect(await called('requests', { ...content, issuer: 'other' })).toMatchObject({ status: 422 });
    const body = JSON.stringify(content);
    const headers = { 'content-type': 'application/json', ...signedHeaders(bench.secret, body, bench.clock.now()) };
    pass(301);
    expect((await bench.call('/api/relay/corporate/requests', headers, body)).status).toBe(401);
  });

  it.each([
    ['requests', { worker: 'a b' }, 'worker'],
    ['requests', { worker: 'ca01', force: true }, 'force'],
    ['answers', { outcome: 'done' }, 'outcome'],
    ['answers', { exitCode: '0' }, 'exitCode'],
  ] as const)('says what is wrong with %s %j', async (what, change, field) => {
    const whole = { reference: 'r', nonce: 'n', outcome: 'ran', exitCode: 0, output: '', certificates: '' };
    const content = { issuer: 'corporate', ...(what === 'answers' && whole), ...change };
    const { status, body } = await called(what, content);
    expect(status).toBe(422);
    expect(body.errors).toMatchObject([{ field }]);
  });

  it('gives out nothing that was cancelled, and says when it may be at the CA', async () => {
    const early = await submitted('early');
    expect(await bench.issuer.cancel?.(early)).toEqual({ state: 'cancelled' });
    expect(await asked('ca01')).toEqual([]);
    bench.worker.faults.add({ kind: 'held' });
    const late = await submitted('late');
    await bench.worker.run();
    const tooLate = { state: 'too-late', reason: expect.stringContaining('request 1: deny it there') };
    expect(await bench.issuer.cancel?.(late)).toEqual(tooLate);
    expect(await bench.issuer.cancel?.(late)).toEqual(tooLate);
    pass(900);
    expect(await asked('ca01')).toEqual([]);
  });
});
