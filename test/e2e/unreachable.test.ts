import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Seeded } from '../../local/stand/scenarios.ts';
import type { Stand } from '../../local/stand/stand.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { createVault, type VaultEmulator } from '../../local/vault/vault.ts';
import { freePorts } from '../builders/free-ports.ts';
import { openStandBench, type StandBench, stories, type View } from './stand-bench.ts';

const VAULT = 'kv-gone-dark';
const CERTIFICATE = 'beacon';
const NEAR = 'Microsoft.KeyVault.CertificateNearExpiry';

/** A third vault of the estate, whose listener a test closes and opens. */
interface DarkVault {
  readonly vault: VaultEmulator;
  readonly resourceId: string;
  readonly uri: string;
  readonly caPem: string;
  open(): Promise<Listener>;
}

let bench: StandBench;
let dark: DarkVault;
let line: Listener | undefined;
beforeAll(async () => {
  bench = await openStandBench({
    seed: 51,
    scenarios: stories('near-expiry', 'expired', 'imported'),
    prepare: addDarkVault,
  });
});
afterAll(async () => {
  await line?.close();
  await bench.close();
  dark.vault.stop();
});

async function addDarkVault(stand: Stand): Promise<void> {
  dark = await createDarkVault(stand);
  // The app trusts one file, which it reads at its start.
  const { caFile } = stand.cloud;
  await writeFile(caFile, `${await readFile(caFile, 'utf8')}\n${dark.caPem}`);
  const estate = parse(await readFile(stand.estateFile, 'utf8')) as { vaults: object[]; certificates: object[] };
  estate.vaults.push({ name: VAULT, uri: dark.uri, resourceId: dark.resourceId });
  estate.certificates.unshift({ vault: VAULT, name: CERTIFICATE, plan: 'web', targets: [] });
  await writeFile(stand.estateFile, stringify(estate));
}

async function createDarkVault({ cloud, estate }: Stand): Promise<DarkVault> {
  const ca = createTransportCa();
  const tls = ca.issue();
  const [port = 0] = await freePorts(1);
  const uri = `https://localhost:${port}`;
  const resourceId = `${cloud.group}/providers/Microsoft.KeyVault/vaults/${VAULT}`;
  const { identity, principals, events } = cloud;
  const vault = createVault({
    ...{ name: VAULT, uri, resourceId, access: identity, tenantId: estate.subscription },
    clock: { now: () => bench?.clock.now() ?? new Date(), at: () => () => undefined },
    events: (event) => events.publish(event),
  });
  for (const { id } of [principals.renewer, principals.operator])
    identity.assign(id, { scope: resourceId, actions: ['Microsoft.KeyVault/vaults/certificates/*'] });
  return { vault, resourceId, uri, caPem: ca.caPem, open: () => serveEmulator(vault, { port, tls, name: VAULT }) };
}

/** Brings the certificate of another vault here, as a person would: out as a secret, in as a PFX. */
async function fill(seeded: Seeded): Promise<void> {
  const { identity, principals } = bench.stand.cloud;
  const token = identity.issueToken(principals.operator, 'https://vault.azure.net');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const from = bench.stand.cloud.vault(seeded.vaultName);
  const call = async (vault: VaultEmulator, method: string, path: string, body = ''): Promise<string> => {
    const url = new URL(`${vault.uri}${path}?api-version=7.5`);
    const response = await vault.handle({ method, url, headers, body: Buffer.from(body) });
    expect(response.status, String(response.body)).toBe(200);
    return String(response.body);
  };
  const { value } = JSON.parse(await call(from, 'GET', `/secrets/${seeded.name}`)) as { value: string };
  await call(dark.vault, 'POST', `/certificates/${CERTIFICATE}/import`, JSON.stringify({ value }));
}

describe('a vault that does not answer', () => {
  beforeAll(() => fill(bench.seeded('near-expiry')));

  it('is a clear answer with a time to come back', async () => {
    const { host } = bench;
    const answer = await fetch(`${host.url}/api/renewals`, {
      method: 'POST',
      headers: { 'x-functions-key': host.keys.function, 'content-type': 'application/json' },
      body: JSON.stringify({ vault: VAULT, certificate: CERTIFICATE }),
    });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ code: 'vault-unreachable', status: 503 });
  });

  it('keeps the sweep from no other certificate', async () => {
    await bench.app.runNow('sweep');
    const report = await bench.until(async () => {
      const said = bench.log.findLast(({ message }) => message.includes('"sweep done"'))?.message;
      return said === undefined ? undefined : (JSON.parse(said) as Record<string, { certificate: string }[]>);
    });
    expect(report.unreachable?.map(({ certificate }) => certificate)).toEqual([
      `${VAULT}/${CERTIFICATE}`,
      `${VAULT}/*`,
    ]);
    // Near the full hour the timer's own sweep has been here before.
    expect([report.started, report.running].flat()).toHaveLength(3);
  });

  it('loses no event: it comes again when the vault is back, and is renewed', async () => {
    const { cloud } = bench.stand;
    const { host } = bench;
    await cloud.events.subscribe({
      name: 'dark',
      endpoint: `${host.url}/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${host.keys.systemEventGrid}`,
      schema: 'EventGridSchema',
      source: dark.resourceId,
      includedEventTypes: [NEAR],
    });
    const failures = () =>
      bench.log.filter(({ functionName, level }) => functionName === 'certificateEvent' && level === 'error');
    const before = failures().length;
    dark.vault.announce(CERTIFICATE, NEAR);
    await bench.until(async () => (failures().length > before ? true : undefined));
    expect((await bench.rows('certificates')).filter(({ vault }) => vault === VAULT)).toEqual([]);

    line = await dark.open();
    const id = await bench.until(async () => {
      const row = (await bench.rows('certificates')).find(({ vault }) => vault === VAULT);
      return typeof row?.renewalId === 'string' ? row.renewalId : undefined;
    });
    const renewal: View = await bench.ended(id);
    expect(renewal).toMatchObject({ reason: 'near-expiry-event', outcome: 'renewed', outcomeReason: 'no-targets' });
    const [snapshot] = dark.vault.snapshot();
    expect(snapshot?.versions).toHaveLength(2);
  });

  it('in the middle of a renewal is waited for on the clock, and the renewal goes on', async () => {
    const id = await bench.renew({ ...bench.seeded('near-expiry'), vaultName: VAULT, name: CERTIFICATE });
    await line?.close();
    const waiting = await bench.until(async () => {
      const view = (await bench.app.renewal(id)) as View | undefined;
      return view?.waitingFor === 'vault-unreachable' ? view : undefined;
    });
    expect(waiting.outcome).toBeUndefined();
    line = await dark.open();
    expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed' });
  });
});
