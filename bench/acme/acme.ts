import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KeyClient } from '@azure/keyvault-keys';
import { clientOptions } from '../../src/vault/connection.ts';
import { startEmulatedVault } from '../../test/contract/emulated-vault.ts';
import { startZone } from '../../test/contract/emulated-zone.ts';
import { isPebbleInstalled, startPebble } from '../../test/contract/pebble.ts';
import { figureOf, type Report } from '../figure.ts';
import { type Batch, BatchError, rateOf } from '../pipeline/batch.ts';
import { isLegoInstalled, startLego } from './lego.ts';
import { DOMAIN, type RunnerGround } from './order.ts';
import { GROUND_VARIABLE } from './runner.ts';

const CERTIFICATES = 100;
const AT_ONCE = 16;
/** One wait of three seconds, which an order may need on a busy machine, is most of a round: the median is of several. */
const ROUNDS = 4;

type Run = (names: readonly string[], atOnce: number) => Promise<Batch>;

const titles = { perennial: 'Perennial', lego: 'lego', 'acme-client': 'acme-client' } as const;
type Runner = keyof typeof titles;

/**
 * Certificates by ACME from pebble, with its validation off, counted when they are ready in the vault: our issuer between
 * request and merge, with every key in the vault and every record written; lego, a process for each; acme-client, whose
 * keys are in its process. What the other two have got is imported.
 */
export async function benchAcme(): Promise<Report> {
  const missing = [...(isPebbleInstalled() ? [] : ['pebble']), ...(isLegoInstalled() ? [] : ['lego'])];
  if (missing.length > 0) return notRun(`${missing.join(' and ')} not installed`);
  const stage = await openStage();
  try {
    const runs: Record<Runner, Run> = {
      perennial: await stage.fork('./bench-acme-perennial.mjs'),
      lego: stage.lego,
      'acme-client': await stage.fork('./bench-acme-client.mjs'),
    };
    return reportOf(await measure(runs));
  } finally {
    await stage.close();
  }
}

/** Certificates a second, of each round. */
type Rates = Readonly<Record<Runner, readonly number[]>>;

async function measure(runs: Readonly<Record<Runner, Run>>): Promise<Rates> {
  const rates: Record<Runner, number[]> = { perennial: [], lego: [], 'acme-client': [] };
  const runners = Object.keys(titles) as Runner[];
  for (const runner of runners) rateOf(AT_ONCE, await runs[runner](namesOf(runner, 'warm', AT_ONCE), AT_ONCE));
  for (let round = 0; round < ROUNDS; round++) {
    // Who begins changes from round to round.
    for (const runner of round % 2 === 0 ? runners : [...runners].reverse()) {
      const batch = await runs[runner](namesOf(runner, `r${round}`, CERTIFICATES), AT_ONCE);
      rates[runner].push(rateOf(CERTIFICATES, batch));
    }
  }
  return rates;
}

function namesOf(runner: Runner, round: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${runner}-${round}-${index}.${DOMAIN}`);
}

function reportOf(rates: Rates): Report {
  const against = (other: Runner) => rates.perennial.map((rate, round) => rate / (rates[other][round] ?? rate));
  return {
    bench: `acme: ${CERTIFICATES * ROUNDS} certificates each, ${AT_ONCE} at a time, EC keys, pebble without validation`,
    figures: [
      figureOf('Perennial against lego', '', against('lego'), { atLeast: 1 }),
      figureOf('Perennial against acme-client', '', against('acme-client'), { atLeast: 1 }),
      ...(Object.keys(titles) as Runner[]).map((runner) =>
        figureOf(`${titles[runner]}, ready in the vault`, '/s', rates[runner]),
      ),
    ],
  };
}

function notRun(why: string): Report {
  console.log(`NOT RUN: acme: ${why}`);
  return { bench: `acme: not run: ${why}`, figures: [] };
}

async function openStage() {
  const folder = await mkdtemp(join(tmpdir(), 'bench-acme-'));
  const vault = await startEmulatedVault();
  const zone = await startZone(DOMAIN);
  const pebble = await startPebble({ validitySeconds: 90 * 86_400 });
  if (pebble === undefined) throw new BatchError('pebble was there a moment ago');
  const keys = new KeyClient(vault.uri, vault.operator.credential, clientOptions(vault.operator, vault.uri));
  await keys.createEcKey('account', { curve: 'P-256' });
  const trust = [pebble.caPem, String(vault.connection.tls?.ca), zone.caPem];
  await writeFile(join(folder, 'trust.pem'), trust.join('\n'));
  const ground: RunnerGround = {
    directory: pebble.directoryUrl,
    trust,
    vault: vault.uri,
    vaultToken: '',
    accountKey: `${vault.uri}/keys/account`,
    zone: { id: zone.id, endpoint: zone.endpoint, token: await zone.token() },
    roots: [await pebble.root()],
  };
  const lego = await startLego({ ...ground, trust: pebble.caPem, connection: vault.operator });
  const children: ChildProcess[] = [];
  return {
    lego: (names: readonly string[], atOnce: number) => lego.run(names, atOnce),
    async fork(program: string): Promise<Run> {
      const { credential } = program.includes('perennial') ? vault.connection : vault.operator;
      const vaultToken = (await credential.getToken('https://vault.azure.net/.default'))?.token ?? '';
      const child = forkRunner(program, { ...ground, vaultToken }, join(folder, 'trust.pem'));
      children.push(child);
      await answer(child);
      return async (names, atOnce) => {
        child.send({ names, atOnce });
        return (await answer(child)) as Batch;
      };
    },
    async close() {
      for (const child of children) child.disconnect();
      await lego.close();
      await pebble.close();
      await zone.close();
      await vault.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function forkRunner(program: string, ground: RunnerGround, trust: string): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, NODE_EXTRA_CA_CERTS: trust, [GROUND_VARIABLE]: JSON.stringify(ground) };
  const file = fileURLToPath(new URL(program, import.meta.url));
  return fork(file, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new BatchError(`a runner ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
