import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { seededRandom, shuffled } from '../../local/stand/random.ts';
import { figureOf, type Report } from '../figure.ts';
import { BatchError, inFlight } from '../pipeline/batch.ts';
import { startOrchestrated } from '../pipeline/orchestrated.ts';
import { openStage, type Stage } from '../pipeline/stage.ts';

const AT_ONCE = 16;
const ROUNDS = 5;
const CERTIFICATES = 40;
/** Each is delivered twice. */
const EVENTS_A_ROUND = 200;

interface Round {
  readonly app: number;
  readonly bare: number;
}

/**
 * Near-expiry events of certificates that are not due yet, every one delivered twice in an order of chance, against a
 * handler that only parses them. What the app does with an event that is new is to ask table and vault.
 */
export async function benchEvents(): Promise<Report> {
  const stage = await openStage(CERTIFICATES, { ageDays: 30, leftDays: 60, sites: [] });
  const app = await startOrchestrated(stage.folder, stage.stand.settings);
  const handler = fork(fileURLToPath(new URL('./bench-handler.mjs', import.meta.url)), []);
  try {
    const [port] = await once(handler, 'message');
    const key = app.app.keys.systemEventGrid;
    const webhook = `${app.app.url}/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${key}`;
    const bare = `http://127.0.0.1:${port}/`;
    const bodies = deliveriesOf(stage);
    await deliver(webhook, bodies());
    await deliver(bare, bodies());
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const sent = bodies();
      if (round % 2 === 0) rounds.push({ app: await deliver(webhook, sent), bare: await deliver(bare, sent) });
      else rounds.push({ bare: await deliver(bare, sent), app: await deliver(webhook, sent) });
    }
    return reportOf(rounds);
  } finally {
    handler.disconnect();
    await app.stop();
    await stage.close();
  }
}

function reportOf(rounds: readonly Round[]): Report {
  const ratio = rounds.map(({ app, bare }) => app / bare);
  return {
    bench: `events: ${2 * EVENTS_A_ROUND} deliveries a round, half of them repeats, ${AT_ONCE} at a time`,
    figures: [
      figureOf('accepted against a bare handler', '', ratio, { atLeast: 0.3 }),
      figureOf(
        'accepted by the app',
        '/s',
        rounds.map(({ app }) => app),
      ),
      figureOf(
        'accepted by the bare handler',
        '/s',
        rounds.map(({ bare }) => bare),
      ),
    ],
  };
}

/** Makes the bodies of one round: events that no round before has had. */
function deliveriesOf({ stand, certificates }: Stage): () => readonly string[] {
  const random = seededRandom(1);
  let last = 0;
  return () => {
    const bodies = Array.from({ length: EVENTS_A_ROUND }, (_, index) => {
      const seeded = certificates[index % certificates.length];
      const { name, uri, resourceId } = stand.cloud.vault(seeded?.vaultName ?? '');
      const version = stand.cloud
        .vault(name)
        .snapshot()
        .find((one) => one.name === seeded?.name)?.versions[0]?.version;
      return JSON.stringify([
        eventOf({ id: `event-${++last}`, uri, resourceId, vault: name, name: seeded?.name ?? '', version }),
      ]);
    });
    return shuffled([...bodies, ...bodies], random);
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
