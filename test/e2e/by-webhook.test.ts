import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createWebhookReceiver, type WebhookReceiver } from '../../local/issuers/webhook/receiver.ts';
import { signedHeaders } from '../../local/issuers/webhook/signature.ts';
import type { Stand } from '../../local/stand/stand.ts';
import { callVault } from '../../local/stand/vault-call.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

const PUBLIC_URL = 'https://certificates.contoso.example';
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const transport = createTransportCa();
let bench: StandBench;
let receiver: WebhookReceiver;
let listener: Listener;

beforeAll(async () => {
  const clock = { now: () => bench?.clock.now() ?? new Date() };
  receiver = createWebhookReceiver({ clock, secret, callBack: async (message) => (await callBack(message)).status });
  listener = await serveEmulator(receiver, { port: 0, tls: transport.issue() });
  bench = await openStandBench({
    ...{ seed: 53, scenarios: stories('by-est'), events: false, faults: 'off' },
    settings: { PERENNIAL_PUBLIC_URL: PUBLIC_URL },
    prepare: relayInstead,
  });
});
afterAll(async () => {
  await bench?.close();
  await listener?.close();
});

/** The estate of the demo, with a webhook in the place of EST, and what both sides sign with in the vault of credentials. */
async function relayInstead({ estateFile, cloud }: Stand): Promise<void> {
  const vault = cloud.credentialVault;
  if (vault === undefined) throw new TypeError('a story with credentials has a vault for them');
  const token = cloud.identity.issueToken(cloud.principals.operator, 'https://vault.azure.net');
  await callVault(vault, { method: 'PUT', path: '/secrets/webhook', token, body: { value: secret } });
  const estate = parse(await readFile(estateFile, 'utf8'));
  const [name, { limits }] = Object.entries<{ readonly kind: string; readonly limits: object }>(estate.issuers).find(
    ([, { kind }]) => kind === 'est',
  ) ?? ['none', { limits: {} }];
  estate.issuers[name] = {
    ...{ kind: 'webhook', url: `${listener.url}/orders`, secret: `${vault.uri}/secrets/webhook`, limits },
    ...{ trust: [transport.caPem], roots: receiver.roots().map((der) => derToPem(der)) },
  };
  await writeFile(estateFile, stringify(estate));
}

interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The gateway that the public URL leads to: no key of the app is on the way. */
async function callBack({ url, headers, body }: Message) {
  expect(url.startsWith(`${PUBLIC_URL}/api/callbacks/`)).toBe(true);
  const { pathname } = new URL(url);
  const response = await fetch(`${bench.host.url}${pathname}`, { method: 'POST', headers, body });
  return { status: response.status, text: await response.text() };
}

it('a signed call carries the CSR out, and a signed callback the chain back in', async () => {
  const seeded = bench.seeded('by-est');
  const id = await bench.renew(seeded);
  const order = await bench.until(async () => receiver.orders()[0]);
  const csr = readCsr(Buffer.from(order.csr, 'base64'));
  expect([...csr.names.dns].sort()).toEqual([...seeded.hostNames].sort());
  expect([...order.names].sort()).toEqual([...seeded.hostNames].sort());

  const url = order.callbackUrl ?? '';
  const body = JSON.stringify({ state: 'rejected', reason: 'says who?' });
  const stranger = `whsec_${randomBytes(32).toString('base64')}`;
  for (const headers of [{}, signedHeaders(stranger, body, bench.clock.now())]) {
    const refused = await callBack({ url, body, headers: { 'content-type': 'application/json', ...headers } });
    expect(refused).toMatchObject({ status: 401, text: expect.stringContaining('signature-refused') });
  }
  const old = new Date(bench.clock.now().getTime() - 3_600_000);
  const stale = { 'content-type': 'application/json', ...signedHeaders(secret, body, old) };
  expect(await callBack({ url, body, headers: stale })).toMatchObject({ status: 401 });
  expect(order.state).toBe('pending');

  await bench.until(async () => {
    await receiver.answerDue();
    return order.told.length > 0 ? order.told : undefined;
  });
  expect(order.told).toEqual([200]);
  const renewal = await bench.ended(id);
  expect(renewal).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
  const [row] = await bench.rowsOf('orders', seeded);
  expect(row).toMatchObject({ state: 'merged', reference: order.reference });
  expect(bench.versions(seeded)).toBe(2);
  expect(receiver.issuedCount()).toBe(1);
});
