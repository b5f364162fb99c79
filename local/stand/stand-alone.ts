import { resolve } from 'node:path';
import { AzuriteError } from '../azurite.ts';
import { PortTakenError } from '../transport/serve.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { SettingsFileError } from './settings-file.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** The stand without the app: whoever has another host, or another client, runs it against these addresses. */
async function main(options: Options): Promise<void> {
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  const started = await start(options);
  try {
    print(options.json ? JSON.stringify(started.addresses, null, 2) : description(started));
    await ended;
  } finally {
    await started.stop();
  }
}

/** Everything that a foreign client needs: where, whom to trust, and how to get a token. */
interface Started {
  readonly addresses: Readonly<Record<string, unknown>>;
  readonly note?: string;
  stop(): Promise<void>;
}

/** One emulator is up in a moment because the rest of the stand is not even loaded. */
async function start({ only, ...options }: Options): Promise<Started> {
  const directory = resolve(options.directory);
  const log = (message: string): void => void process.stderr.write(`${message}\n`);
  if (only !== undefined) {
    const { startAlone } = await import('./alone.ts');
    return startAlone({ ...options, directory, only, log });
  }
  const { startWhole } = await import('./whole.ts');
  return startWhole({ ...options, directory, log });
}

function description({ addresses, note }: Started): string {
  const urls = addresses.urls as Readonly<Record<string, string>>;
  const lines = Object.entries(urls).map(([name, url]) => `  ${name.padEnd(20)} ${url}`);
  if (typeof addresses.caFile === 'string') lines.push(`  ${'trust'.padEnd(20)} ${addresses.caFile}`);
  if (note !== undefined) lines.push(note);
  return `The stand is up.\n${lines.join('\n')}\nCtrl-C ends it. \`--json\` prints all of this and how to get a token.`;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) print(usage);
  else await main(options);
} catch (error) {
  const mendable = [UsageError, PortTakenError, AzuriteError, SettingsFileError];
  const plain = error instanceof Error && mendable.some((kind) => error instanceof kind);
  process.stderr.write(`${plain ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
process.exit();
