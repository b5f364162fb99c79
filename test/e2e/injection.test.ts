import { Agent, request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRenewalId } from '../../src/renewal/ids.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

/** Tries of each property; every one is a call over HTTP, through the host, to the built app. */
const TRIES = 150;

let bench: StandBench;
let agent: Agent;
let instances: string;
let known: string;
let seeded: number;
beforeAll(async () => {
  bench = await openStandBench({ seed: 43, scenarios: stories('near-expiry'), events: false, faults: 'off' });
  agent = new Agent({ keepAlive: true });
  seeded = bench.stand.cloud.identity.demands.length;
  instances = await instancesNow();
  known = JSON.stringify(await allRows());
});
afterAll(async () => {
  agent?.destroy();
  await bench?.close();
});

interface Got {
  readonly status: number;
  readonly text: string;
}

/** Sends the path as it is: a URL would be tidied up before it left. */
function send(method: string, path: string, extra: { headers?: Record<string, string>; body?: string } = {}) {
  return new Promise<Got>((resolve, reject) => {
    const { hostname, port } = new URL(bench.host.url);
    const call = request({ hostname, port, method, path, agent, headers: { ...extra.headers } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.on('error', reject).end(extra.body);
  });
}

const key = () => ({ 'x-functions-key': bench.host.keys.function });

async function instancesNow(): Promise<string> {
  const path = `/runtime/webhooks/durabletask/instances?code=${bench.host.keys.systemDurable}`;
  return (await send('GET', path)).text;
}

async function allRows(): Promise<unknown> {
  return await Promise.all(['certificates', 'orders', 'targets'].map((table) => bench.rows(table)));
}

/** What was asked of anybody but the storage since the stand was ready. */
const asked = (): string[] =>
  bench.stand.cloud.identity.demands
    .slice(seeded)
    .map(({ action }) => action)
    .filter((action) => !action.startsWith('Microsoft.Storage/'));

/** Pieces that mean something in a path, a query, a header or a shell; and anything at all. */
const piece = fc.oneof(
  fc.constantFrom('..', '.', '/', '\\', '?', '#', '%2f', '%2e', '%5c', '%00', '%', ';', '@', ':', '//', '&code=', '*'),
  fc.constantFrom('api', 'admin', 'runtime/webhooks', 'instances', '$', "'", '"', '<', '\u0000', '\r\n', '\u202e'),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const text = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join('') || '?');
/** No lone surrogates, which no URL can hold; and not dots alone, which are another path. */
const odd = text.filter((put) => !isRenewalId(put) && !/\p{Cs}|^\.{1,2}$/u.test(put));

/** As one segment of a path; encoded twice it is another text, and no better. */
const segment = fc.tuple(odd, fc.boolean()).map(([put, twice]) => {
  const once = encodeURIComponent(put);
  return twice ? encodeURIComponent(once) : once;
});

async function nothingHappened(): Promise<void> {
  expect(asked()).toEqual([]);
  expect(await instancesNow()).toBe(instances);
  expect(JSON.stringify(await allRows())).toBe(known);
}

describe('whatever is put into an id', () => {
  it('is refused before anybody is asked for it', async () => {
    const calls = fc.tuple(segment, fc.constantFrom(['GET', ''], ['POST', '/cancel']));
    await fc.assert(
      fc.asyncProperty(calls, async ([id, [method = '', after]]) => {
        const got = await send(method, `/api/renewals/${id}${after}`, { headers: key() });
        // Some the host itself turns away; none reaches what an id is looked up in, where it would be a 404 of ours.
        expect([400, 404]).toContain(got.status);
        expect(got.text).not.toContain('renewal-unknown');
        if (got.text !== '') expect(JSON.parse(got.text)).toMatchObject({ code: 'id-invalid' });
      }),
      { numRuns: TRIES },
    );
    await nothingHappened();
  });
});

describe('whatever is put into the names of a request', () => {
  it('is answered as wrong or unknown, and nobody is asked for it', async () => {
    const { vaultName, name } = bench.seeded('near-expiry');
    const inVault = text.map((put) => ({ vault: put, certificate: name }));
    const inUri = text.map((put) => ({ vault: `https://${vaultName}.vault.azure.net${put}`, certificate: name }));
    const otherHost = text.map((put) => ({ vault: `https://${put}`, certificate: name }));
    const inName = text.map((put) => ({ vault: vaultName, certificate: `${name}/${put}` }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(inVault, inUri, otherHost, inName), async (body) => {
        const headers = { ...key(), 'content-type': 'application/json' };
        const got = await send('POST', '/api/renewals', { headers, body: JSON.stringify(body) });
        expect([404, 422]).toContain(got.status);
        expect(JSON.parse(got.text)).toMatchObject({ code: expect.stringMatching(/^(request-invalid|vault-outside)/) });
      }),
      { numRuns: TRIES },
    );
    await nothingHappened();
  });
});

describe('whatever is put into the object id of an event', () => {
  it('is taken and parked, and nobody is asked for it', async () => {
    const { vaultName, name } = bench.seeded('near-expiry');
    const { uri } = bench.stand.cloud.vault(vaultName);
    const version = 'a'.repeat(32);
    const inHost = text.map((put) => `https://${put}/certificates/${name}/${version}`);
    const afterHost = text.map((put) => `${uri}${put}/certificates/${name}/${version}`);
    const inName = text.map((put) => `${uri}/certificates/${name}${put || '/'}/x/${version}`);
    const inVersion = odd.map((put) => `${uri}/certificates/${name}/${put}`);
    const path = `/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${bench.host.keys.systemEventGrid}`;
    const headers = { 'content-type': 'application/json', 'aeg-event-type': 'Notification' };
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(inHost, afterHost, inName, inVersion), async (id) => {
        count += 1;
        const about = { id: `injected-${count}`, topic: '/t', subject: name, dataVersion: '1', metadataVersion: '1' };
        const eventType = 'Microsoft.KeyVault.CertificateNearExpiry';
        const event = { ...about, eventType, eventTime: bench.clock.now().toISOString(), data: { Id: id } };
        const got = await send('POST', path, { headers, body: JSON.stringify([event]) });
        expect(got.status).toBe(202);
      }),
      { numRuns: TRIES },
    );
    await nothingHappened();
  });
});

describe('a forged principal', () => {
  const admin = { auth_typ: 'aad', claims: [{ typ: 'roles', val: 'Certs.Admin' }], role_typ: 'roles' };
  const forged = {
    'x-ms-client-principal': Buffer.from(JSON.stringify(admin)).toString('base64'),
    'x-ms-client-principal-id': '00000000-0000-0000-0000-000000000001',
    'x-ms-client-principal-name': 'admin@contoso.example',
  };

  it.each([
    ['GET', '/api/renewals'],
    ['GET', '/api/renewals/some-id'],
    ['POST', '/api/renewals/some-id/cancel'],
    ['POST', '/api/renewals'],
    ['GET', '/api/health'],
    ['GET', '/api/sweep'],
    ['GET', '/api/openapi.json'],
  ])('opens nothing, and changes no answer: %s %s', async (method, path) => {
    expect((await send(method, path, { headers: forged })).status).toBe(401);
    const plain = await send(method, path, { headers: key() });
    expect((await send(method, path, { headers: { ...key(), ...forged } })).status).toBe(plain.status);
  });
});
