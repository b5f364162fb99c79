import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import { type Authority, createAuthority, createKeys, issue, type MadeWithKeys } from '../../local/pki.ts';
import { probe } from '../../src/targets/probe.ts';

const host = 'www.contoso.example';
const start = new Date('2030-05-01T00:00:00Z');
const [notBefore, notAfter] = [new Date('2030-04-01T00:00:00Z'), new Date('2030-07-01T00:00:00Z')];
const clock = new ManualClock(start);

let root: Authority;
let issuing: Authority;
let leaf: MadeWithKeys;
beforeAll(async () => {
  const life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
  root = await createAuthority({ subject: 'CN=Root', ...life });
  issuing = await createAuthority({ subject: 'CN=Issuing', ...life, parent: root });
  leaf = await issue(issuing, { subject: `CN=${host}`, names: { dns: [host] }, notBefore, notAfter });
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const serve = (cert: string, more: TlsOptions = {}): Promise<number> =>
  portOf(createServer({ cert, key: leaf.keys.pkcs8Pem, ...more }, (socket) => socket.on('error', () => {})));

const look = (port: number, more: { roots?: readonly string[]; probeSeconds?: number; at?: string } = {}) =>
  probe(
    { host: more.at ?? '127.0.0.1', port, sni: host },
    { clock, roots: more.roots ?? [root.pem], probeSeconds: more.probeSeconds ?? 5 },
  );

const sha256 = (made: { details: { sha256: string } }): string => made.details.sha256;

describe('probe', () => {
  it('shows what is served, judged at the given clock', async () => {
    expect(await look(await serve(leaf.chainPem))).toEqual({
      state: 'served',
      at: start.toISOString(),
      sha256: sha256(leaf),
      serial: leaf.details.serial,
      notAfter: notAfter.toISOString(),
      chain: [sha256(leaf), sha256(issuing)],
    });
  });

  it.each([
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.3 with 256 bits', { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384' }],
    ['TLS 1.3 with 128 bits', { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' }],
    ['TLS 1.3 with ChaCha20', { minVersion: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }],
    ['TLS 1.3 after a second hello', { minVersion: 'TLSv1.3', ecdhCurve: 'P-521' }],
  ] as const)('shows the chain in the order it was sent, by %s', async (_, options) => {
    const sent = leaf.pem + root.pem + issuing.pem;
    const seen = await look(await serve(sent, options));
    expect(seen).toMatchObject({ state: 'served', chain: [leaf, root, issuing].map(sha256) });
    expect(seen).toMatchObject({ problem: expect.stringContaining('sent out of order') });
  });

  it('shows a chain of many records', async () => {
    const names = { dns: [host, ...Array.from({ length: 900 }, (_, i) => `host-${i}.contoso.example`)] };
    const big = await issue(issuing, { subject: `CN=${host}`, names, notBefore, notAfter, keys: leaf.keys });
    expect(big.der.length).toBeGreaterThan(2 ** 14);
    const seen = await look(await serve(big.chainPem));
    expect(seen).toMatchObject({ state: 'served', sha256: sha256(big), chain: [sha256(big), sha256(issuing)] });
  });

  it('asks for the host name, and sees what that name is served', async () => {
    const other = await issue(issuing, { subject: 'CN=other', notBefore, notAfter, keys: await createKeys('P-256') });
    const names: string[] = [];
    const SNICallback: TlsOptions['SNICallback'] = (name, done) => {
      names.push(name);
      done(null);
    };
    const port = await serve(other.chainPem, { key: other.keys.pkcs8Pem, SNICallback });
    expect(await look(port)).toMatchObject({ sha256: sha256(other), problem: `the certificate is not for ${host}` });
    expect(names).toEqual([host]);
  });

  it('sees a change at once', async () => {
    const server = createServer({ cert: leaf.chainPem, key: leaf.keys.pkcs8Pem });
    const port = await portOf(server);
    expect(await look(port)).toMatchObject({ sha256: sha256(leaf) });
    const next = await issue(issuing, { subject: `CN=${host}`, names: { dns: [host] }, notBefore, notAfter });
    server.setSecureContext({ cert: next.chainPem, key: next.keys.pkcs8Pem });
    expect(await look(port)).toMatchObject({ sha256: sha256(next) });
  });

  it.each([
    ['an intermediate is missing', () => leaf.pem, undefined, 'leads to no known root'],
    ['no private root is known', () => leaf.chainPem, [] as string[], 'leads to no known root'],
  ])('says what is wrong when %s', async (_, cert, roots, problem) => {
    const seen = await look(await serve(cert()), roots === undefined ? {} : { roots });
    expect(seen).toMatchObject({ state: 'served', problem: expect.stringContaining(problem) });
  });

  it('judges by the public roots when none are given', async () => {
    const port = await serve(leaf.chainPem);
    const seen = await probe({ host: '127.0.0.1', port, sni: host }, { clock, probeSeconds: 5 });
    expect(seen).toMatchObject({ state: 'served', problem: expect.stringContaining('leads to no known root') });
  });

  it('sees a certificate that has expired', async () => {
    const late = new ManualClock(new Date('2030-08-01T00:00:00Z'));
    const port = await serve(leaf.chainPem);
    const seen = await probe(
      { host: '127.0.0.1', port, sni: host },
      { clock: late, roots: [root.pem], probeSeconds: 5 },
    );
    expect(seen).toMatchObject({ state: 'served', problem: expect.stringContaining('has expired') });
  });
});

describe('probe of what cannot be seen', () => {
  const unreachable = (reason: string) => ({
    state: 'unreachable',
    at: start.toISOString(),
    reason: expect.stringContaining(reason),
  });
  const talk = (say: (socket: Socket) => void): Promise<number> => portOf(createTcpServer(say));

  it('says when nobody listens', async () => {
    const server = createTcpServer();
    const port = await portOf(server);
    server.close();
    await once(server, 'close');
    expect(await look(port)).toEqual(unreachable('the connection was refused (ECONNREFUSED)'));
  });

  it('says when the host does not resolve', async () => {
    expect(await look(443, { at: 'nowhere.invalid' })).toEqual(unreachable('resolve'));
  });

  it.each([
    ['no TLS is spoken', (socket: Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'TLS'],
    ['the connection is closed', (socket: Socket) => void socket.end(), 'closed before the handshake'],
    ['the connection is reset', (socket: Socket) => void socket.resetAndDestroy(), 'closed before the handshake'],
  ])('says when %s', async (_, say, reason) => {
    expect(await look(await talk(say))).toEqual(unreachable(reason));
  });

  it('gives up on a server that keeps silent', async () => {
    const sockets: Socket[] = [];
    const port = await talk((socket) => void sockets.push(socket));
    expect(await look(port, { probeSeconds: 0.2 })).toEqual(unreachable('no TLS handshake within 0.2 s'));
    for (const socket of sockets) socket.destroy();
  });
});
