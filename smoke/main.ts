import { writeFile } from 'node:fs/promises';
import { DefaultAzureCredential } from '@azure/identity';
import { createApp } from './app.ts';
import { createArm } from './arm.ts';
import { InterruptedError, messageOf, SmokeError, UsageError } from './errors.ts';
import { createEstateBlob } from './estate.ts';
import { functionKeyOf } from './function-key.ts';
import { ledgersIn, openLedger } from './ledger.ts';
import { lookAround } from './look-around.ts';
import { namesOf, runName } from './names.ts';
import { type Options, readOptions, usage } from './options.ts';
import { prepare } from './prepare.ts';
import { reportJson, reportOf, reportText } from './report.ts';
import { createRest, isStand, type Tokens, tokensOf } from './rest.ts';
import { scrubbed } from './scrub.ts';
import { createFindings } from './story/run.ts';
import { tellStory } from './story/story.ts';
import { type Doors, type Undone, undoAll } from './undo.ts';
import { createVaultDoor } from './vault.ts';

const print = (line: string): void => void process.stdout.write(`${scrubbed(line)}\n`);

/** npm may hand on the signal that the terminal has sent already: that is no second one. */
const SAME_SIGNAL_MILLISECONDS = 1000;

/** Signals end the run, not the cleaning up after it; a second one ends everything. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        if (Date.now() - first < SAME_SIGNAL_MILLISECONDS) return;
        print('not everything is cleaned up: npm run smoke -- --clean');
        process.exit(130);
      }
      first = Date.now();
      print('interrupted: cleaning up (once more to leave it to --clean)');
      controller.abort(new InterruptedError());
    });
  }
  return controller.signal;
}

interface Connected {
  readonly doors: Doors;
  /** The same, without the signal that ends the run. */
  readonly patient: Doors;
  readonly key: string;
}

async function connect({ config }: Options, tokens: Tokens, signal: AbortSignal): Promise<Connected> {
  const doorsOf = (rest: ReturnType<typeof createRest>, key: string): Doors => ({
    arm: createArm(rest, config.arm),
    app: createApp(rest, config.appUrl, { key, ...(config.appScope !== undefined && { scope: config.appScope }) }),
    estate: createEstateBlob(rest, config.estateUrl),
    vault: (uri) => createVaultDoor(rest, uri),
  });
  const rest = createRest({ tokens, signal });
  const key = config.functionKey ?? (await functionKeyOf(createArm(rest, config.arm), config.wiring.functionAppId));
  return { doors: doorsOf(rest, key), patient: doorsOf(createRest({ tokens }), key), key };
}

async function run(options: Options): Promise<number> {
  const signal = interruption();
  const connected = await connect(options, tokensOf(new DefaultAzureCredential()), signal);
  if (options.mode === 'clean') return clean(options, connected.patient);
  const { config, directory, mode } = options;
  const began = new Date();
  const name = runName(began);
  const lookOnly = mode === 'look-only';
  const prepared = lookOnly ? undefined : await prepare(config, connected.doors);
  const { all, found } = createFindings();
  const ledger = openLedger(directory, name);
  const ended = await early(async () => {
    await lookAround(connected.doors, config, found);
    if (prepared === undefined) return;
    const { vault: at, issuer, site } = prepared;
    print(`${name}: vault ${at.name}, issuer ${issuer}, ${site === undefined ? 'no site' : `site ${site.place.sni}`}`);
    const vault = connected.doors.vault(prepared.vault.uri);
    const { arm, app, estate } = connected.doors;
    const with_ = { arm, app, estate, vault, ledger, signal, print, found };
    await tellStory({ ...{ config, names: namesOf(name), prepared }, ...with_ });
  });
  if (ledger.left().length > 0) print('cleaning up');
  const undone = await undoAll(ledger, connected.patient);
  const where = isStand(config.arm) ? 'stand' : 'azure';
  const told = { run: name, where, began, now: new Date(), lookOnly, findings: all, undone } as const;
  const report = reportOf({ ...told, ...(ended !== undefined && { ended }) });
  print(`\n${reportText(report)}`);
  if (options.report !== undefined) await writeFile(options.report, reportJson(report, [connected.key]));
  return signal.aborted ? INTERRUPTED : report.exitCode;
}

/** Why the work ended before its end; nothing when it did not. Whatever it was, everything is cleaned up and told after it. */
async function early(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!isExpected(error)) process.stderr.write(`${scrubbed(stackOf(error))}\n`);
    print(messageOf(error));
    return messageOf(error);
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof UsageError || error instanceof SmokeError || error instanceof InterruptedError;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

const INTERRUPTED = 130;

async function clean({ directory }: Options, doors: Doors): Promise<number> {
  const runs = ledgersIn(directory);
  if (runs.length === 0) print(`nothing to clean up: ${directory} has no ledger`);
  let isClean = true;
  for (const one of runs) {
    const undone = await undoAll(openLedger(directory, one), doors);
    tell(undone);
    isClean = isClean && undone.every(({ state }) => state !== 'left');
  }
  return isClean ? 0 : 1;
}

function tell(undone: readonly Undone[]): void {
  for (const { what, state, detail } of undone) print(`${state}: ${what}${detail === undefined ? '' : `: ${detail}`}`);
}

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options === 'help') print(usage());
  else process.exitCode = await run(options);
} catch (error) {
  process.stderr.write(`${scrubbed(isExpected(error) ? messageOf(error) : stackOf(error))}\n`);
  process.exitCode = error instanceof InterruptedError ? INTERRUPTED : 2;
}
// Handles that libraries leave open must not keep a program alive that is done.
process.exit(process.exitCode);
