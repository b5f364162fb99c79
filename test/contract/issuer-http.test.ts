import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTransportCa } from '../../local/transport/ca.ts';
import { addressRule } from '../../src/address.ts';
import { sendTraceHeaders } from '../../src/azure/trace-headers.ts';
import { clock } from '../../src/clock.ts';
import { createIssuerHttp, type IssuerHttp, type IssuerHttpOptions } from '../../src/issuers/http.ts';
import { inTrace } from '../../src/trace.ts';

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

const ca = createTransportCa();
const secret = 'Bearer planted-canary';
let server: Server;
let reply: Reply = (_, response) => response.end('{}');
let seen: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer(ca.issue(), (request, response) => {
    seen.push(request);
    reply(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const urlOf = (path: string, host = 'localhost'): string =>
  `https://${host}:${(server.address() as AddressInfo).port}${path}`;

function client(options: Partial<IssuerHttpOptions> = {}): IssuerHttp {
  seen = [];
  const mayConnect = addressRule(['127.0.0.1', '::1']);
  return createIssuerHttp({ issuer: 'acme', clock, trust: [ca.caPem], mayConnect, ...options });
}

const get = (http: IssuerHttp, url = urlOf('/order/1?token=planted-canary')) =>
  http.send({ method: 'GET', url, headers: { authorization: secret } });

describe('HTTP to an issuer', () => {
  it('sends the length of a body, and reads status, headers and text', async () => {
    reply = (_, response) =>
      response.writeHead(201, { location: '/order/1', 'retry-after': '7' }).end('{"status":"ok"}');
    const answer = await client().send({ method: 'POST', url: urlOf('/order'), body: 'schön' });
    expect(answer).toMatchObject({ status: 201, text: '{"status":"ok"}', retryAfterSeconds: 7 });
    expect(answer.header('Location')).toBe('/order/1');
    expect(seen[0]?.headers['content-length']).toBe('6');
    expect(seen[0]?.headers['user-agent']).toMatch(/^perennial\//);
  });

  it('carries the trace of the renewal, and without one none', async () => {
    sendTraceHeaders(randomBytes);
    reply = (_, response) => response.end('{}');
    const http = client();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await inTrace(traceparent, () => get(http));
    await get(http);
    expect(seen.map(({ headers }) => headers.traceparent)).toEqual([expect.stringMatching(/^00-a{32}-/), undefined]);
    expect(seen[0]?.headers.traceparent).not.toBe(traceparent);
  });

  it.each([400, 403, 404, 409])('hands on %i: the issuer has its own words', async (status) => {
    reply = (_, response) => response.writeHead(status).end('because');
    expect(await get(client())).toMatchObject({ status, text: 'because' });
  });

  it.each([400, 401, 403, 404, 409, 422])('takes half of a refusal by %i for none', async (status) => {
    reply = (_, response) => response.writeHead(status, { 'retry-after': '5' }).end('{"errors":["planted-can');
    const error = await get(client()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'issuer-unreachable', retry: true, retryAfterSeconds: 5 });
    expect(String(error)).not.toContain('planted-can');
  });

  it('asks nobody else about half of an answer that somebody has asked for', async () => {
    reply = (_, response) => response.writeHead(429).end('{"type":"urn');
    const asked = { method: 'GET', url: urlOf('/order/1'), handsOn: [429] } as const;
    expect(await client().send(asked)).toMatchObject({ status: 429, text: '{"type":"urn' });
  });

  it.each([
    [429, { 'retry-after': '90' }, 'issuer-throttled', 90],
    [500, {}, 'issuer-unreachable', undefined],
    [503, { 'retry-after': '30' }, 'issuer-unreachable', 30],
    [408, {}, 'issuer-unreachable', undefined],
    [425, {}, 'issuer-unreachable', undefined],
    [301, { location: 'https://elsewhere.example/' }, 'issuer-misconfigured', undefined],
    [307, { location: '/order/2' }, 'issuer-misconfigured', undefined],
  ])('throws for %i', async (status, headers, code, wait) => {
    reply = (_, response) => response.writeHead(status, headers).end(secret);
    const error = await get(client()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, retryAfterSeconds: wait });
    expect(String(error)).not.toContain('planted-canary');
    expect(seen).toHaveLength(1);
  });

  it('reads no answer that is larger than a megabyte', async () => {
    reply = (_, response) => {
      response.writeHead(200);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(64 * 1024), more);
      };
      more();
    };
    await expect(get(client())).rejects.toMatchObject({
      code: 'issuer-unreachable',
      message: expect.stringContaining('larger than'),
    });
  });

  it('takes an answer that is cut off for none', async () => {
    reply = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    };
    await expect(get(client())).rejects.toMatchObject({ code: 'issuer-unreachable' });
  });
});

describe('HTTP to a host that is not meant', () => {
  it('does not trust a host that another authority vouches for', async () => {
    const error = await get(client({ trust: [createTransportCa().caPem] })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'issuer-misconfigured', message: expect.stringContaining('not trusted') });
    expect(seen).toEqual([]);
  });

  it('does not trust a private host by the public authorities', async () => {
    const error = await get(client({ trust: [] })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'issuer-misconfigured', message: expect.stringContaining('not trusted') });
  });

  // As OpenSSL 3 was seen to end handshakes: with a code of its own after TLS 1.3, in a message before.
  it.each([
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'planted-canary', 'certificate required'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'planted-canary', 'unknown ca'],
    ['EPROTO', 'planted-canary:ssl3_read_bytes:sslv3 alert handshake failure:ssl/', 'handshake failure'],
  ])('says that the host refuses our client certificate: %s %s', async (code, message, words) => {
    const error = Object.assign(new TypeError(message), { code });
    const refusing = client({ httpClient: { sendRequest: () => Promise.reject(error) } });
    const thrown = await get(refusing).catch((one: unknown) => one);
    expect(thrown).toMatchObject({ code: 'issuer-misconfigured', message: expect.stringMatching(`: ${words}$`) });
    expect(String(thrown)).not.toContain('planted-canary');
  });

  it.each([['localhost'], ['127.0.0.1']])('does not connect to %s unless the estate file lists it', async (host) => {
    const error = await get(client({ mayConnect: addressRule([]) }), urlOf('/', host)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'issuer-misconfigured', message: expect.stringContaining('network.allow') });
    expect(seen).toEqual([]);
  });

  it.each([
    'http://localhost/',
    'https://user:planted-canary@localhost/',
    'https://169.254.169.254/metadata/identity',
    'https://[fe80::1]/',
    'file:///etc/passwd',
    'nothing',
  ])('does not connect to %s', async (url) => {
    const error = await get(client(), url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'issuer-misconfigured' });
    expect(String(error)).not.toContain('planted-canary');
  });

  it('says that nobody answers', async () => {
    const gone = createServer(ca.issue());
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    await expect(get(client(), `https://localhost:${port}/`)).rejects.toMatchObject({
      code: 'issuer-unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
