import { figureOf, type Report } from '../figure.ts';
import { startBare } from './bare.ts';
import { type Batch, rateOf, type Wish } from './batch.ts';
import { startOrchestrated } from './orchestrated.ts';
import { openStage, type Stage } from './stage.ts';
import { type Times, timesOf } from './times.ts';

const AT_ONCE = 16;
const CERTIFICATES = 100;
const ROUNDS = 4;

/** One way to renew, with the CPU time that it takes. */
interface Runner {
  renew(wishes: readonly Wish[], atOnce: number): Promise<Batch>;
  readonly times: Times;
}

interface Round {
  readonly orchestrated: number;
  readonly bare: number;
}

/**
 * Whole renewals, from the HTTP call to the probe that saw the new certificate, against a bare loop that makes the same
 * calls of the same adapters to the same emulators. Rounds alternate, and so does who begins.
 */
export async function benchPipeline(): Promise<Report> {
  const stage = await openStage(CERTIFICATES);
  const app = await startOrchestrated(stage.folder, stage.stand.settings);
  const bare = await startBare(stage.stand.settings);
  try {
    const around = await surroundings(stage);
    const { pid: host, workerPid: worker } = app.app;
    const orchestrated = { renew: app.renew, times: timesOf({ ...around, host, worker }) };
    const plain = { renew: bare.renew, times: timesOf({ ...around, loop: bare.pid }) };
    const rounds = await runRounds(stage, orchestrated, plain);
    const count = CERTIFICATES * ROUNDS;
    const details = [
      orchestrated.times.detail('where the time goes, orchestrated', count),
      plain.times.detail('where the time goes, bare loop', count),
    ];
    return { ...reportOf(rounds), details };
  } finally {
    await bare.stop();
    await app.stop();
    await stage.close();
  }
}

/** What both run against: the emulators and sites, which are in this process, and storage. */
async function surroundings({ stand }: Stage): Promise<Readonly<Record<string, number>>> {
  return { 'emulators and sites': process.pid, storage: (await stand.cloud.azurite).pid };
}

async function runRounds(stage: Stage, orchestrated: Runner, bare: Runner): Promise<readonly Round[]> {
  const wishes = stage.certificates.map(({ vaultName, name }): Wish => ({ vault: vaultName, certificate: name }));
  const warmUp = wishes.slice(0, AT_ONCE);
  for (const { renew } of [orchestrated, bare]) rateOf(warmUp.length, await renew(warmUp, AT_ONCE));
  const rate = async ({ renew, times }: Runner): Promise<number> =>
    rateOf(wishes.length, await times.during(() => renew(wishes, AT_ONCE)));
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2 === 0) rounds.push({ orchestrated: await rate(orchestrated), bare: await rate(bare) });
    else rounds.push({ bare: await rate(bare), orchestrated: await rate(orchestrated) });
  }
  return rounds;
}

function reportOf(rounds: readonly Round[]): Report {
  const orchestrated = rounds.map((round) => round.orchestrated);
  const bare = rounds.map((round) => round.bare);
  const ratio = rounds.map((round) => round.orchestrated / round.bare);
  return {
    bench: `pipeline: ${CERTIFICATES * ROUNDS} renewals, ${AT_ONCE} at a time, EC keys, stores on disk`,
    figures: [
      figureOf('orchestrated against the bare loop', '', ratio, { atLeast: 0.5 }),
      figureOf('renewals, orchestrated', '/s', orchestrated, { atLeast: 50 }),
      figureOf('renewals, bare loop', '/s', bare),
    ],
  };
}
