import { buildApp } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import type { RenewalInstance } from '../../src/renewal/orchestrations.ts';
import { startRenewal } from '../../src/renewal/start.ts';
import { renewBare } from './bare-flow.ts';
import { type Batch, inFlight, type Wish } from './batch.ts';

/** From the bench: a batch to renew. The program ends with its channel. */
export interface BareOrder {
  readonly wishes: readonly Wish[];
  readonly atOnce: number;
}

const building = buildApp(loadSettings());
process.on('message', (order) => void renewAll(order as BareOrder).then((batch) => process.send?.(batch)));
process.on('disconnect', () => process.exit(0));
await building;
process.send?.('ready');

async function renewAll({ wishes, atOnce }: BareOrder): Promise<Batch> {
  const others: string[] = [];
  const begun = performance.now();
  await inFlight(wishes, atOnce, async (wish) => {
    const problem = await renewOne(wish);
    if (problem !== undefined) others.push(problem);
  });
  return { milliseconds: performance.now() - begun, others };
}

async function renewOne(wish: Wish): Promise<string | undefined> {
  const app = await building;
  let end: Promise<string | undefined> | undefined;
  const orchestrations = {
    find: async (): Promise<RenewalInstance | undefined> => undefined,
    start: async (input: unknown) => {
      end = renewBare(app, input).then(({ outcome, detail }) =>
        outcome === 'renewed' ? undefined : `${outcome}: ${detail}`,
      );
    },
    startHeartbeat: () => Promise.resolve(),
    terminate: () => Promise.resolve(),
  };
  const started = await startRenewal({ ...wish, reason: 'manual', force: true }, { ...app, orchestrations });
  return end ?? `not started: ${JSON.stringify(started)}`;
}
