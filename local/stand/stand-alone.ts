import { resolve } from 'node:path';
import { AzuriteError } from '../azurite.ts';
import { PortTakenError } from '../transport/serve.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { SettingsFileError, writeSettings } from './settings-file.ts';
import { type Stand, startStand } from './stand.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** The stand without the app: whoever has another host, or another client, runs it against these addresses. */
async function main(options: Options): Promise<void> {
  const ended = new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  const stand = await startStand({ ...options, directory: resolve(options.directory) });
  try {
    if (options.only === undefined) await writeSettings(stand.settings, options.settings);
    print(options.json ? JSON.stringify(addresses(stand, options), null, 2) : description(stand, options));
    await ended;
  } finally {
    await stand.stop();
  }
}

/** Everything a foreign client needs: where, whom to trust, and how to get a token. */
function addresses({ cloud, estate, estateFile, settings }: Stand, { only }: Options): object {
  const token = {
    url: `${cloud.urls.identity}/msi/token?api-version=2019-08-01&resource=https://vault.azure.net&client_id=${cloud.principals.operator.clientId}`,
    headers: { 'X-IDENTITY-HEADER': cloud.identity.secret },
  };
  const vaults = estate.vaultNames.map((name) => ({
    name,
    uri: cloud.vault(name).uri,
    resourceId: cloud.vault(name).resourceId,
  }));
  const vault = { vaults, caFile: cloud.caFile, token };
  return only === 'vault' ? vault : { ...vault, urls: cloud.urls, estateFile, settings };
}

function description(stand: Stand, options: Options): string {
  const { cloud } = stand;
  const lines = Object.entries(cloud.urls).map(([name, url]) => `  ${name.padEnd(20)} ${url}`);
  const settings =
    options.only === undefined
      ? `\n${options.settings} is written: start the app with any Functions host, \`func start\` for instance.`
      : '';
  return `The stand is up.\n${lines.join('\n')}\n  ${'trust'.padEnd(20)} ${cloud.caFile}${settings}\nCtrl-C ends it. \`--json\` prints all of this and how to get a token.`;
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
