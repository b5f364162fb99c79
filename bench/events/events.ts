import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAppClient } from '../../local/stand/app-client.ts';
import { seededRandom, shuffled } from '../../local/stand/random.ts';
import { figureOf, type Report } from '../figure.ts';
import { BatchError, inFlight } from '../pipeline/batch.ts';
import { type Orchestrated, startOrchestrated } from '../pipeline/orchestrated.ts';
import { openStage, type Stage } from '../pipeline/stage.ts';

const AT_ONCE = 16;
const ROUNDS = 5;
/** Certificates that a burst is about; no two bursts are about the same. */
const CERTIFICATES = 40;
/** Events about each certificate of a storm, every one with an id of its own. */
const EVENTS_EACH = 5;
/** Event Grid delivers at least once: in a storm, twice. */
const COPIES = 2;

const LOOK_MILLISECONDS = 250;

/** Deliveries a second. */
interface Round {
  readonly app: number;
  readonly bare: number;
  readonly fresh: number;
}

/**
 * Near-expiry events of certificates that the sweep knows and that are not due yet, against a handler that only parses
 * them: in storms, in an order of chance, and each one new. What the app does with an event that is new is to ask table
 * and vault.
 */
export async function benchEvents(): Promise<Report> {
  const stage = await openStage(CERTIFICATES * 2 * (ROUNDS + 1), { ageDays: 30, leftDays: 60, sites: [] });
  const app = await startOrchestrated(stage.folder, stage.stand.settings);
  const handler = fork(fileURLToPath(new URL('./bench-handler.mjs', import.meta.url)), []);
  try {
    const [port] = await once(handler, 'message');
    const key = app.app.keys.systemEventGrid;
    const webhook = `${app.app.url}/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${key}`;
    const bare = `http://127.0.0.1:${port}/`;
    await sweep(app, stage.certificates.length);
    const bursts = burstsOf(stage);
    await deliver(webhook, bursts.storm());
    await deliver(bare, bursts.fresh());
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const fresh = await deliver(webhook, bursts.fresh());
      const sent = bursts.storm();
      const first = round % 2 === 0 ? webhook : bare;
      const rate = await deliver(first, sent);
      const other = await deliver(first === webhook ? bare : webhook, sent);
      rounds.push(first === webhook ? { app: rate, bare: other, fresh } : { app: other, bare: rate, fresh });
    }
    return reportOf(rounds);
  } finally {
    handler.disconnect();
    await app.stop();
    await stage.close();
  }
}

/** Every certificate has its row, as it has wherever the app ran for an hour. */
async function sweep({ app }: Orchestrated, certificates: number): Promise<void> {
  const client = createAppClient(app.url, app.keys);
  await client.runNow('sweep');
  while ((await client.list()).length < certificates) await setTimeout(LOOK_MILLISECONDS);
}

function reportOf(rounds: readonly Round[]): Report {
  const figure = (name: string, unit: string, of: (round: Round) => number, aim?: { readonly atLeast: number }) =>
    figureOf(name, unit, rounds.map(of), aim);
  const deliveries = CERTIFICATES * EVENTS_EACH * COPIES;
  return {
    bench: `events: storms of ${deliveries} deliveries about ${CERTIFICATES} certificates, ${AT_ONCE} at a time`,
    figures: [
      figure('storm, against a bare handler', '', ({ app, bare }) => app / bare, { atLeast: 0.3 }),
      figure('storm, accepted by the app', '/s', ({ app }) => app),
      figure('storm, accepted by the bare handler', '/s', ({ bare }) => bare),
      figure('all new, accepted by the app', '/s', ({ fresh }) => fresh),
    ],
  };
}

interface Bursts {
  /** Each certificate once. */
  fresh(): readonly string[];
  storm(): readonly string[];
}

/** Bodies about certificates that no burst before was about. */
function burstsOf({ stand, certificates }: Stage): Bursts {
  const random = seededRandom(1);
  let events = 0;
  let used = 0;
  const next = () => {
    used += CERTIFICATES;
    return certificates.slice(used - CERTIFICATES, used);
  };
  const bodyOf = ({ vaultName, name }: Stage['certificates'][number]): string => {
    const vault = stand.cloud.vault(vaultName);
    const version = vault.snapshot().find((one) => one.name === name)?.versions[0]?.version;
    const { uri, resourceId } = vault;
    return JSON.stringify([eventOf({ id: `event-${++events}`, uri, resourceId, vault: vaultName, name, version })]);
  };
  return {
    fresh: () => next().map(bodyOf),
    storm() {
      const each = next().flatMap((certificate) => Array.from({ length: EVENTS_EACH }, () => bodyOf(certificate)));
      return shuffled(
        each.flatMap((body) => Array.from({ length: COPIES }, () => body)),
        random,
      );
    },
  };
}

function eventOf(
  about: Readonly<Record<'id' | 'uri' | 'resourceId' | 'vault' | 'name', string>> & {
    readonly version: string | undefined;
  },
) {
  const { id, uri, resourceId, vault, name, version } = about;
  return {
    id,
    topic: resourceId,
    subject: name,
    eventType: 'Microsoft.KeyVault.CertificateNearExpiry',
    eventTime: new Date().toISOString(),
    data: {
      Id: `${uri}/certificates/${name}/${version}`,
      VaultName: vault,
      ObjectType: 'Certificate',
      ObjectName: name,
      Version: version,
      NBF: 1_700_000_000,
      EXP: 1_800_000_000,
    },
    dataVersion: '1',
    metadataVersion: '1',
  };
}

/** Deliveries accepted in a second. */
async function deliver(url: string, bodies: readonly string[]): Promise<number> {
  const headers = { 'content-type': 'application/json', 'aeg-event-type': 'Notification' };
  const begun = performance.now();
  await inFlight(bodies, AT_ONCE, async (body) => {
    const response = await fetch(url, { method: 'POST', headers, body });
    if (response.status !== 202) throw new BatchError(`an event was answered with ${response.status}`);
    await response.arrayBuffer();
  });
  return (bodies.length * 1000) / (performance.now() - begun);
}
