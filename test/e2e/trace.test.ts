import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wireEvent } from '../../local/events/shapes.ts';
import type { VaultEvent } from '../../local/events/types.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { openStandBench, type StandBench, stories, type View } from './stand-bench.ts';

/** A request as an emulator received it. */
interface Received {
  readonly place: string;
  readonly method: string;
  readonly path: string;
  readonly traceparent: string;
}

const byEvent = '4bf92f3577b34da6a3ce929d0e0e4736';
const byCall = 'a3ce929d0e0e47364bf92f3577b34da6';
const headerOf = (traceId: string): string => `00-${traceId}-00f067aa0ba902b7-01`;
const NOTED = ['arm', 'blobs', 'tables'];

let bench: StandBench;
const received: Received[] = [];
beforeAll(async () => {
  bench = await openStandBench({ seed: 47, scenarios: stories('near-expiry', 'by-hand'), events: false });
  const { cloud } = bench.stand;
  for (const place of [...NOTED, ...cloud.vaults.map(({ name }) => name)]) {
    cloud.line(place).add(({ method, url, headers: { traceparent } }, next) => {
      if (traceparent !== undefined) received.push({ place, method, path: url.pathname, traceparent });
      return next();
    });
  }
});
afterAll(() => bench?.close());

/** The event as Event Grid delivers it in the schema of CloudEvents, with the attribute of their tracing extension. */
async function deliver(seeded: Seeded, traceparent: string): Promise<void> {
  const { uri, resourceId } = bench.stand.cloud.vault(seeded.vaultName);
  const { vaultName, name: objectName } = seeded;
  const snapshot = bench.stand.cloud.vault(vaultName).snapshot();
  const version = snapshot.find(({ name }) => name === objectName)?.versions.at(-1)?.version ?? '';
  const at = { vaultResourceId: resourceId, vaultName, objectName, version, time: bench.clock.now() };
  const raised: VaultEvent = {
    ...{ ...at, type: 'Microsoft.KeyVault.CertificateNearExpiry', nbf: null, exp: null },
    id: `${uri}/certificates/${objectName}/${version}`,
  };
  const event = wireEvent({ id: 'b25e3fdd', raised, publishedAt: bench.clock.now() }, 'CloudEventSchemaV1_0');
  const { url, keys } = bench.host;
  const hook = `${url}/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${keys.systemEventGrid}`;
  const headers = { 'content-type': 'application/cloudevents+json', 'aeg-event-type': 'Notification' };
  const answer = await fetch(hook, { method: 'POST', headers, body: JSON.stringify({ ...event, traceparent }) });
  expect(answer.status).toBe(202);
}

interface Line {
  readonly message: string;
  readonly traceId?: string;
  readonly renewalId?: string;
  readonly step?: string;
}

function linesOf(id: string): readonly Line[] {
  const lines = bench.log.flatMap(({ category, message }) =>
    category === 'user' && message.startsWith('{"message":') ? [JSON.parse(message) as Line] : [],
  );
  return lines.filter(({ renewalId }) => renewalId === id);
}

async function begun(seeded: Seeded): Promise<string> {
  return bench.until(async () => {
    const [row] = await bench.rowsOf('certificates', seeded);
    return typeof row?.renewalId === 'string' ? row.renewalId : undefined;
  });
}

function of(traceId: string): readonly Received[] {
  return received.filter(({ traceparent }) => traceparent.startsWith(`00-${traceId}-`));
}

describe('one trace id', () => {
  let id: string;
  beforeAll(async () => {
    const seeded = bench.seeded('near-expiry');
    await deliver(seeded, headerOf(byEvent));
    id = await begun(seeded);
    expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed', traceId: byEvent });
  });

  it('finds the event and every step', () => {
    const lines = linesOf(id);
    expect(lines.filter(({ traceId }) => traceId !== byEvent)).toEqual([]);
    expect(lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['event taken', 'step ended', 'renewal closed']),
    );
    const steps = ['inspect', 'gate', 'request', 'submit', 'poll', 'check', 'merge', 'probe', 'deploy', 'targetClosed'];
    expect(lines.map(({ step }) => step)).toEqual(expect.arrayContaining([...steps, 'close']));
  });

  it.each([
    ['the vault: the CSR', 'near-expiry', /\/certificates\/[^/]+\/create$/],
    ['the vault: the merge', 'near-expiry', /\/pending\/merge$/],
    ['the issuer: its key signs', 'ca', /\/keys\/.*\/sign$/],
    ['Resource Manager: the deployment', 'arm', /\/Microsoft\.Web\/certificates\//],
    ['the journal', 'blobs', /\/journal\/.*\.jsonl$/],
    ['the tables: the order', 'tables', /\/orders\b/],
  ])('is in the requests to %s', (_, where, path) => {
    const { vaultName } = bench.seeded('near-expiry');
    const place = { ca: bench.stand.estate.caVaultName, 'near-expiry': vaultName }[where] ?? where;
    const own = of(byEvent).filter((request) => request.place === place && path.test(request.path));
    expect(own.map(({ method }) => method)).toEqual(expect.arrayContaining([expect.stringMatching(/^(PUT|POST)$/)]));
  });

  it('has a span of its own in every request', () => {
    const own = of(byEvent);
    expect(own.length).toBeGreaterThan(40);
    expect(new Set(own.map(({ traceparent }) => traceparent)).size).toBe(own.length);
  });

  it('is in the custom status, in the row and in the first record of the journal', async () => {
    const { url, keys } = bench.host;
    const path = `${url}/runtime/webhooks/durabletask/instances/${id}`;
    const status = await fetch(path, { headers: { 'x-functions-key': keys.systemDurable } });
    expect(await status.json()).toMatchObject({ customStatus: { traceId: byEvent } });
    const rows = await bench.rowsOf('certificates', bench.seeded('near-expiry'));
    expect(rows).toMatchObject([{ traceparent: headerOf(byEvent) }]);
    const [first] = await bench.journal.read(id);
    expect(first).toMatchObject({ step: 'inspect', facts: { traceId: byEvent } });
  });
});

describe('a call with a trace', () => {
  const post = async (traceparent: string): Promise<View & { readonly traceId?: string }> => {
    const { vaultName: vault, name: certificate } = bench.seeded('by-hand');
    const headers = { 'x-functions-key': bench.host.keys.function, 'content-type': 'application/json', traceparent };
    const body = JSON.stringify({ vault, certificate, force: true });
    const answer = await fetch(`${bench.host.url}/api/renewals`, { method: 'POST', headers, body });
    expect(answer.status).toBe(202);
    return (await answer.json()) as View;
  };

  it('is answered with its trace id, and so is whoever asks for the same renewal meanwhile', async () => {
    const started = await post(headerOf(byCall));
    expect(started).toMatchObject({ traceId: byCall });
    expect(await post(headerOf('f'.repeat(32)))).toMatchObject({ id: started.id, state: 'running', traceId: byCall });
    expect(await bench.ended(started.id)).toMatchObject({ outcome: 'renewed', traceId: byCall });
    expect(linesOf(started.id).filter(({ traceId }) => traceId !== byCall)).toEqual([]);
  });

  it('is not believed when it is none: the renewal has a trace all the same', async () => {
    const { traceId } = await post('00-nonsense-nonsense-01');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(of(String(traceId)).length).toBeGreaterThan(0);
  });
});
