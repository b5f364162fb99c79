import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type Clerk, createClerk } from '../../local/issuers/clerk.ts';
import type { Stand } from '../../local/stand/stand.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { openStandBench, type StandBench, stories, type View } from './stand-bench.ts';

let bench: StandBench;
let clerk: Clerk;
beforeAll(async () => {
  clerk = createClerk({ clock: { now: () => bench?.clock.now() ?? new Date() }, call });
  bench = await openStandBench({
    seed: 47,
    scenarios: stories('near-expiry'),
    events: false,
    faults: 'off',
    prepare: askPeople,
  });
});
afterAll(() => bench?.close());

/** The plan of the demo, with a person in the place of the vault CA. */
async function askPeople({ estateFile }: Stand): Promise<void> {
  const estate = parse(await readFile(estateFile, 'utf8'));
  const { limits } = estate.issuers.internal;
  estate.issuers['by-hand'] = { kind: 'manual', roots: clerk.roots().map((der) => derToPem(der)), limits };
  estate.plans.web.issuer = 'by-hand';
  await writeFile(estateFile, stringify(estate));
}

async function call(method: string, path: string, body?: string, key = bench.host.keys.function) {
  const response = await fetch(`${bench.host.url}${path}`, {
    method,
    headers: { ...(key !== '' && { 'x-functions-key': key }), 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  });
  return { status: response.status, text: await response.text() };
}

const waiting = async (): Promise<readonly { readonly reference: string; readonly names: readonly string[] }[]> =>
  JSON.parse((await call('GET', '/api/orders')).text).orders;

it('a person takes the CSR to another CA and brings the chain back, which is judged as every chain is', async () => {
  const seeded = bench.seeded('near-expiry');
  const id = await bench.renew(seeded);
  const [order] = await bench.until(async () => {
    const orders = await waiting();
    return orders.length > 0 ? orders : undefined;
  });
  const at = `/api/orders/${order?.reference}`;
  expect((await call('GET', '/api/orders', undefined, '')).status, 'the list needs a key').toBe(401);
  expect(await call('POST', `${at}/chain`, 'x'.repeat(1024 * 1024))).toMatchObject({ status: 413 });
  const key = '-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n';
  const refused = await call('POST', `${at}/chain`, key);
  expect(refused).toMatchObject({ status: 422, text: expect.stringContaining('private-key-refused') });
  const forged = await call('POST', `/api/callbacks/${order?.reference}`, '{}', '');
  expect(forged).toMatchObject({ status: 401, text: expect.stringContaining('signature-refused') });
  const stranger = await call('POST', '/api/relay/by-hand/requests', '{}', '');
  expect(stranger).toMatchObject({ status: 401, text: expect.stringContaining('signature-refused') });
  expect(((await bench.app.renewal(id)) as View | undefined)?.outcome).toBeUndefined();

  await clerk.work();
  expect(clerk.answers).toEqual([200]);
  expect(await waiting()).toEqual([]);
  const renewal = await bench.ended(id);
  // It reaches a root of the issuer, and it is another CA than before: somebody has to agree to that.
  expect(renewal).toMatchObject({ outcome: 'needs-person', outcomeReason: 'needs-approval' });
});
