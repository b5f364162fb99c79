import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

/** Every connection that the app opens, told on its standard error. */
const spy = `
import net from 'node:net';
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options?.host !== undefined || options?.port !== undefined) 
    console.error('CONNECT ' + (options.host ?? 'localhost') + ':' + options.port);
  return connect.apply(this, args);
};`;

let bench: StandBench;
beforeAll(async () => {
  const settings = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(spy)}` };
  bench = await openStandBench({ seed: 41, scenarios: stories('near-expiry'), events: false, settings });
});
afterAll(async () => {
  const asked = bench.log.flatMap(({ message }) => /CONNECT (\S+)/.exec(message)?.[1] ?? []);
  const { urls } = bench.stand.cloud;
  await bench.close();
  const storage = ['identity', 'tables', 'blobs'].map((name) => new URL(urls[name] ?? '').host);
  // The host, which is given as an address, and storage with a token for it: of nothing that was sent was even a vault asked.
  expect(asked).toContain(storage[1]);
  expect(asked.filter((at) => !at.startsWith('127.0.0.1:') && !storage.includes(at))).toEqual([]);
});

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Got {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Sends the path as it is: a URL would be tidied up before it left. */
function send({ method = 'GET', path, headers = {}, body }: Sent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(bench.host.url);
    const call = request({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text });
      });
    });
    call.once('error', reject);
    call.end(body);
  });
}

function withKey(sent: Sent): Promise<Got> {
  return send({ ...sent, headers: { 'x-functions-key': bench.host.keys.function, ...sent.headers } });
}

function post(body: string, contentType = 'application/json'): Promise<Got> {
  return withKey({ method: 'POST', path: '/api/renewals', headers: { 'content-type': contentType }, body });
}

/** A problem document that says nothing of the inside. */
function isProblem({ status, type, text }: Got, wanted: number, code: string): void {
  expect([status, type]).toEqual([wanted, 'application/problem+json']);
  expect(JSON.parse(text)).toMatchObject({ status, code, title: expect.any(String), detail: expect.any(String) });
  hidesInside(text);
}

function hidesInside(text: string): void {
  expect(text).not.toMatch(/\n\s+at |node_modules|\.[cm]?[jt]s:\d|functions\.cjs/);
}

const long = 'x'.repeat(10_240);

describe('a request for a renewal', () => {
  it.each([
    ['a vault that nobody knows', { vault: 'nowhere', certificate: 'shop' }, 404, 'vault-outside-estate'],
    [
      'a vault outside the estate',
      { vault: 'https://evil.vault.azure.net', certificate: 'shop' },
      404,
      'vault-outside-estate',
    ],
    ['a certificate that nobody knows', { vault: 'KNOWN', certificate: 'no-such-one' }, 404, 'not-in-estate'],
    ['a certificate name of 10 kB', { vault: 'KNOWN', certificate: long }, 422, 'request-invalid'],
    ['a vault name of 10 kB', { vault: long, certificate: 'shop' }, 422, 'request-invalid'],
    ['a path in place of a vault', { vault: '../..', certificate: 'shop' }, 422, 'request-invalid'],
    ['a query in the certificate name', { vault: 'KNOWN', certificate: 'shop?x=1' }, 422, 'request-invalid'],
    ['a slash in disguise', { vault: 'KNOWN', certificate: 'a%2fb' }, 422, 'request-invalid'],
    ['a vault over plain HTTP', { vault: 'http://evil.example', certificate: 'shop' }, 422, 'request-invalid'],
    ['a field that there is not', { vault: 'KNOWN', certificate: 'shop', issuer: 'mine' }, 422, 'request-invalid'],
    ['a wrong type', { vault: 'KNOWN', certificate: 'shop', force: 'yes' }, 422, 'request-invalid'],
    ['nothing in it', {}, 422, 'request-invalid'],
    ['an array', [], 422, 'request-invalid'],
    ['more than 16 KiB', { vault: 'KNOWN', certificate: 'shop', comment: long.repeat(2) }, 413, 'body-too-large'],
  ])('with %s is answered clearly', async (_what, body, status, code) => {
    isProblem(await post(JSON.stringify(body).replace('KNOWN', bench.stand.estate.vaultNames[0])), status, code);
  });

  it.each([
    ['{"vault":', 'application/json', 400, 'body-malformed'],
    ['', 'application/json', 400, 'body-malformed'],
    ['{}', 'text/plain', 415, 'content-type-unsupported'],
    ['vault=a&certificate=b', 'application/x-www-form-urlencoded', 415, 'content-type-unsupported'],
  ])('as %j of type %s is answered clearly', async (body, contentType, status, code) => {
    isProblem(await post(body, contentType), status, code);
  });

  it('names every wrong field at once', async () => {
    const { text } = await post(JSON.stringify({ vault: '', certificate: '!', force: 1, comment: 7 }));
    const { errors } = JSON.parse(text) as { errors: { field: string }[] };
    expect(errors.map(({ field }) => field).sort()).toEqual(['certificate', 'comment', 'force', 'vault']);
  });
});

describe('an id', () => {
  it.each([
    ['/api/renewals/no-such-renewal', 404, 'renewal-unknown'],
    ['/api/renewals/a?b', 404, 'renewal-unknown'],
    ['/api/renewals/a%3Fb', 400, 'id-invalid'],
    ['/api/renewals/a%2fb', 400, 'id-invalid'],
    ['/api/renewals/..%2f..%2fadmin', 400, 'id-invalid'],
    ['/api/renewals/%2e%2e%5cx', 400, 'id-invalid'],
    ['/api/renewals/@everything', 400, 'id-invalid'],
    [`/api/renewals/${'x'.repeat(5000)}`, 400, 'id-invalid'],
  ])('%s is answered clearly', async (path, status, code) => {
    isProblem(await withKey({ path }), status, code);
    isProblem(await withKey({ method: 'POST', path: path.replace(/(\?.*)?$/, '/cancel$1') }), status, code);
  });

  it.each([
    ['/api/renewals/..', 404],
    ['/api/renewals/%2e%2e/%2e%2e', 204],
    ['/api/renewals/../../admin/host/status', 401],
    ['/api/renewals/a/b', 404],
    ['/api/renewals/%00', 400],
    [`/api/renewals/${long}`, 414],
  ])('%s does not reach the app', async (path, status) => {
    const got = await withKey({ path });
    expect([got.status, got.text]).toEqual([status, '']);
  });
});

describe('a key', () => {
  it.each([
    ['GET', '/api/renewals'],
    ['POST', '/api/renewals'],
    ['GET', '/api/renewals/some-id'],
    ['POST', '/api/renewals/some-id/cancel'],
    ['GET', '/api/openapi.json'],
    ['POST', '/admin/functions/sweep'],
    ['POST', '/runtime/webhooks/eventgrid?functionName=certificateEvent'],
    ['GET', '/runtime/webhooks/durabletask/instances'],
  ])('is asked for: %s %s', async (method, path) => {
    for (const headers of [{}, { 'x-functions-key': 'wrong' }, { 'x-functions-key': '' }]) {
      const got = await send({ method, path, headers });
      expect([got.status, got.text]).toEqual([401, '']);
    }
  });
});

describe('an event', () => {
  const deliver = (body: string, type = 'application/json'): Promise<Got> => {
    const code = bench.host.keys.systemEventGrid;
    const path = `/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${code}`;
    return send({ method: 'POST', path, headers: { 'content-type': type, 'aeg-event-type': 'Notification' }, body });
  };
  const parked = async () => {
    const chain = await bench.journal.read(`parked-events-${bench.clock.now().toISOString().slice(0, 10)}`);
    return chain.map(({ key, facts }) => [key, facts.problem]);
  };
  const NEAR = 'Microsoft.KeyVault.CertificateNearExpiry';
  const times = { eventTime: '2026-01-01T00:00:00Z', dataVersion: '1', metadataVersion: '1' };
  const event = (id: string, data: unknown, eventType = NEAR): string =>
    JSON.stringify([{ id, topic: '/subscriptions/x', subject: 'shop', eventType, ...times, data }]);
  const version = '0'.repeat(32);

  it.each([
    ['no JSON', 'nonsense'],
    ['nothing', ''],
    ['a number', '7'],
    ['null', 'null'],
    ['no event', '[]'],
  ])('that is %s is refused for good: Event Grid does not retry a 400', async (_what, body) => {
    expect((await deliver(body)).status).toBe(400);
  });

  it.each([
    ['without data', undefined, /data\.Id|data/],
    ['with data that is a text', 'text', /data\.Id/],
    ['without an id in it', {}, /data\.Id/],
    ['about a secret', { Id: `https://kv.vault.azure.net/secrets/shop/${version}` }, /data\.Id/],
    ['with a path in the name', { Id: `https://kv.vault.azure.net/certificates/../${version}` }, /data\.Id/],
    ['of another host', { Id: `https://evil.example/certificates/shop/${version}` }, /vault-outside-estate/],
    [
      'of a vault outside the estate',
      { Id: `https://kv-x.vault.azure.net/certificates/shop/${version}` },
      /outside-estate/,
    ],
    ['with a name of 10 kB', { Id: `https://kv.vault.azure.net/certificates/${long}/${version}` }, /data\.Id/],
  ])('%s is taken once and parked in the journal', async (what, data, problem) => {
    const id = `bad ${what}`;
    for (let copy = 0; copy < 2; copy++) {
      const got = await deliver(event(id, data));
      expect([got.status, got.text]).toEqual([202, '']);
    }
    const found = (await parked()).filter(([key]) => key === `event:${id}`);
    expect(found).toEqual([[`event:${id}`, expect.stringMatching(problem)]]);
  });

  it('of another type is let go', async () => {
    const before = await parked();
    expect((await deliver(event('other', {}, 'Microsoft.KeyVault.SecretNearExpiry'))).status).toBe(202);
    expect(await parked()).toEqual(before);
  });

  it('as CloudEvent without data is parked too', async () => {
    const cloud = { specversion: '1.0', id: 'bad cloud', source: '/x', type: NEAR, time: times.eventTime };
    expect((await deliver(JSON.stringify(cloud), 'application/cloudevents+json')).status).toBe(202);
    expect((await parked()).map(([key]) => key)).toContain('event:bad cloud');
  });

  it('of a certificate of the vault that is in no plan starts nothing', async () => {
    const uri = bench.stand.cloud.vault(bench.stand.estate.vaultNames[0]).uri;
    expect((await deliver(event('unplanned', { Id: `${uri}/certificates/unplanned/${version}` }))).status).toBe(202);
    expect((await parked()).find(([key]) => key === 'event:unplanned')).toEqual(['event:unplanned', 'not-in-estate']);
  });
});

it('nothing of all that has left a renewal behind', async () => {
  await bench.host.idle();
  expect((await bench.host.hub.list({})).instances).toEqual([]);
  expect(await bench.rows('certificates')).toEqual([]);
});
