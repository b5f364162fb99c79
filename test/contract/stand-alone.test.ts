import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CertificateClient } from '@azure/keyvault-certificates';
import { BlobServiceClient } from '@azure/storage-blob';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createArm } from '../../src/azure/arm.ts';
import { probe } from '../../src/targets/probe.ts';

/** Built beside the installed packages, so that it finds them. */
const built = resolve(import.meta.dirname, `../../node_modules/.cache/perennial/stand-alone-${process.pid}`);
const program = join(built, 'stand.mjs');
const children: ChildProcess[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stand-alone-'));
  const bundle = await rolldown({
    platform: 'node',
    input: { stand: resolve(import.meta.dirname, '../../local/stand/stand-alone.ts') },
    external: /^[^./]/,
  });
  await bundle.write({ dir: built, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[hash].mjs' });
  await bundle.close();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});
afterAll(async () => {
  await rm(built, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

/** Starts it in a process of its own, as a foreign client's user would. Answers with the one JSON document it prints. */
async function only(name: string): Promise<{ addresses: unknown; child: ChildProcess; milliseconds: number }> {
  const began = performance.now();
  const args = [program, '--only', name, '--json', '--base-port', '0', '--directory', join(folder, name)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const addresses = jsonOf(said);
    if (addresses !== undefined) return { addresses, child, milliseconds: performance.now() - began };
  }
  throw new TypeError(`--only ${name} ended: ${said}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tokenShape = z.object({ url: z.url(), headers: z.record(z.string(), z.string()), field: z.string() });

async function tokenAs({ url, headers, field }: z.infer<typeof tokenShape>): Promise<string> {
  const answer = (await (await fetch(url, { headers })).json()) as Record<string, string>;
  return answer[field] ?? '';
}

const credentialOf = (token: string) => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_000_000 }),
});

describe('one emulator alone', () => {
  it('is a vault that the real client works with, by what the document tells', async () => {
    const { addresses, child, milliseconds } = await only('vault');
    const place = z.object({ uri: z.url() });
    const { vaults, caFile, token } = z
      .object({ vaults: z.array(place), caFile: z.string(), token: tokenShape })
      .parse(addresses);
    expect(milliseconds).toBeLessThan(5000);
    const client = new CertificateClient(vaults[0]?.uri ?? '', credentialOf(await tokenAs(token)), {
      disableChallengeResourceVerification: true,
      tlsOptions: { ca: await readFile(caFile, 'utf8') },
    });
    const poller = await client.beginCreateCertificate('mine', { issuerName: 'Unknown', subject: 'CN=mine.example' });
    expect(poller.isDone()).toBe(false);
    poller.stopPolling();
    const names: string[] = [];
    for await (const { name } of client.listPropertiesOfCertificates({ includePending: true })) names.push(name ?? '');
    expect(names).toEqual(['mine']);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('is an identity whose tokens can be verified by the keys it publishes', async () => {
    const { openId, token } = z
      .object({ openId: z.url(), token: tokenShape })
      .parse((await only('identity')).addresses);
    const jwt = await tokenAs({ ...token, url: token.url.replace('<audience>', 'https://mine.example') });
    const [, body = ''] = jwt.split('.');
    expect(JSON.parse(Buffer.from(body, 'base64url').toString())).toMatchObject({ aud: 'https://mine.example' });
    const { jwks_uri: keys } = (await (await fetch(openId)).json()) as { jwks_uri: string };
    expect(await (await fetch(keys)).json()).toMatchObject({ keys: [{ kty: 'RSA', use: 'sig' }] });
  });

  it('is a Resource Manager with a site that serves what is in its vault', async () => {
    const { sites, rootFile, caFile, token, urls } = z
      .object({
        sites: z.array(z.object({ resourceId: z.string(), hostName: z.string(), host: z.string(), port: z.int() })),
        rootFile: z.string(),
        caFile: z.string(),
        token: tokenShape,
        urls: z.object({ arm: z.url() }),
      })
      .parse((await only('arm')).addresses);
    const [site] = sites;
    if (site === undefined) throw new TypeError('there is no site');
    const credential = credentialOf(await tokenAs(token));
    const arm = createArm({ endpoint: urls.arm, credential, tls: { ca: await readFile(caFile, 'utf8') } });
    expect(await arm.get(site.resourceId)).toMatchObject({ id: site.resourceId });
    const seen = await probe(
      { host: site.host, port: site.port, sni: site.hostName },
      { clock: { now: () => new Date() }, roots: [await readFile(rootFile, 'utf8')], probeSeconds: 5 },
    );
    expect(seen).toMatchObject({ state: 'served' });
    expect(seen).not.toHaveProperty('problem');
  });

  it('is a storage account', async () => {
    const { connectionString } = z.object({ connectionString: z.string() }).parse((await only('storage')).addresses);
    const blobs = BlobServiceClient.fromConnectionString(connectionString);
    expect((await blobs.getContainerClient('mine').create())._response.status).toBe(201);
  });

  it('is an Event Grid that shakes hands, delivers and tells', async () => {
    const place = z.object({ url: z.url() });
    const { door } = z
      .object({ door: z.object({ subscribe: place, raise: place, deliveries: place }) })
      .parse((await only('events')).addresses);
    const received: { eventType?: string; subject?: string }[] = [];
    const endpoint = await subscriber(received);
    const post = (url: string, body: object) =>
      fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const subscribed = await post(door.subscribe.url, { name: 'mine', endpoint, schema: 'EventGridSchema' });
    expect([subscribed.status, await subscribed.json()]).toEqual([201, { name: 'mine', state: 'subscribed' }]);
    const type = 'Microsoft.KeyVault.CertificateNearExpiry';
    const raised = await post(door.raise.url, { type, vaultName: 'kv-mine', objectName: 'www' });
    expect(raised.status).toBe(202);
    await expect.poll(() => received.map(({ subject }) => subject), { timeout: 5000 }).toEqual(['', 'www']);
    const told = async () => (await (await fetch(door.deliveries.url)).json()) as { deliveries: object[] };
    await expect
      .poll(async () => (await told()).deliveries, { timeout: 5000 })
      .toMatchObject([
        { eventType: 'SubscriptionValidation', status: 200 },
        { eventType: 'Notification', subscription: 'MINE', deliveryCount: 0, status: 200, body: [{ subject: 'www' }] },
      ]);
  });
});

/** A webhook that echoes the validation code and remembers what it got. */
async function subscriber(received: object[]): Promise<string> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const events = JSON.parse(body) as { data?: { validationCode?: string } }[];
    received.push(...events);
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ validationResponse: events[0]?.data?.validationCode }));
  });
  server.unref();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}
