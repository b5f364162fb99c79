import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dieWithParent, writeBeforeAnswer } from './azurite-preload.ts';

/** Azurite's documented development account: public knowledge, so that every storage tool can look inside. */
export const azuriteAccount = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
};

const services = ['Blob', 'Queue', 'Table'] as const;
type Service = (typeof services)[number];

export interface AzuriteOptions {
  /** Where the rows and blobs are kept; absent: in memory, gone at the end. */
  readonly directory?: string;
  /**
   * Writes are on disk before they are acknowledged, as in Azure. Without it Azurite writes its rows down every five seconds,
   * and a kill loses what was acknowledged since; with it every write costs time in proportion to all that is stored.
   */
  readonly durable?: boolean;
  /** 0 or absent: any free port. */
  readonly ports?: { readonly blob?: number; readonly queue?: number; readonly table?: number };
  /** How long Azurite may take to listen. */
  readonly startSeconds?: number;
}

export interface Azurite {
  readonly pid: number;
  readonly connectionString: string;
  readonly urls: { readonly blob: string; readonly queue: string; readonly table: string };
  /** Ends the process; resolves when it is gone and everything is written. */
  stop(): Promise<void>;
}

/** Azurite did not start: the message says why, and names the port if that is taken. */
export class AzuriteError extends Error {
  override readonly name = 'AzuriteError';
}

/** Starts Azurite on loopback and answers when all three services listen. */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true });
  const child = launch(options);
  const addresses = await listening(child, (options.startSeconds ?? 30) * 1000);
  const urls = {
    blob: `${addresses.Blob}/${azuriteAccount.name}`,
    queue: `${addresses.Queue}/${azuriteAccount.name}`,
    table: `${addresses.Table}/${azuriteAccount.name}`,
  };
  return { pid: child.pid ?? 0, urls, connectionString: connectionStringOf(urls), stop: () => stop(child) };
}

function launch({ directory, durable = false, ports = {} }: AzuriteOptions): ChildProcess {
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/azurite.js');
  const persistence = directory === undefined ? ['--inMemoryPersistence'] : ['--location', directory];
  const listen = services.flatMap((service) => {
    const name = service.toLowerCase() as Lowercase<Service>;
    return [`--${name}Host`, '127.0.0.1', `--${name}Port`, String(ports[name] ?? 0)];
  });
  const flags = ['--silent', '--skipApiVersionCheck', '--disableTelemetry', '--disableProductStyleUrl'];
  const preloads = [dieWithParent, ...(durable ? [writeBeforeAnswer(program)] : [])];
  const imports = preloads.flatMap((preload) => ['--import', preload]);
  return spawn(process.execPath, [...imports, program, ...persistence, ...listen, ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Of its own group, so that a Ctrl-C in the terminal reaches the stand first and Azurite last.
    detached: true,
    env: { ...process.env, AZURITE_ACCOUNTS: `${azuriteAccount.name}:${azuriteAccount.key}`, NODE_OPTIONS: '' },
  });
}

/** Azurite says on standard output where each service listens; that is the only way to learn a free port it took. */
function listening(child: ChildProcess, startMilliseconds: number): Promise<Record<Service, string>> {
  return new Promise((resolve, reject) => {
    const addresses = new Map<Service, string>();
    let said = '';
    let complaint = '';
    const fail = (why: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      reject(new AzuriteError(`azurite: start failed: ${why}`));
    };
    const timer = setTimeout(() => fail(`not listening after ${startMilliseconds} ms`), startMilliseconds);
    child.on('error', (error) => fail(error.message));
    child.once('exit', (code, signal) =>
      fail(explain(complaint) ?? `ended with ${signal ?? code}: ${complaint.trim()}`),
    );
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk).slice(-2000);
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (addresses.size === services.length) return;
      said += chunk;
      for (const [, service, url] of said.matchAll(
        /Azurite (\w+) service is successfully listening at (http:\S+)\n/g,
      )) {
        addresses.set(service as Service, url ?? '');
      }
      if (addresses.size < services.length) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve(Object.fromEntries(addresses) as Record<Service, string>);
    });
  });
}

function explain(complaint: string): string | undefined {
  const taken = /EADDRINUSE[^\n]*:(\d+)/.exec(complaint);
  return taken === null ? undefined : `port ${taken[1]} is taken by another program`;
}

function connectionStringOf(urls: Azurite['urls']): string {
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${azuriteAccount.name}`,
    `AccountKey=${azuriteAccount.key}`,
    `BlobEndpoint=${urls.blob}`,
    `QueueEndpoint=${urls.queue}`,
    `TableEndpoint=${urls.table}`,
  ].join(';');
}

/**
 * The end of its standard input tells Azurite to write its files and end, exactly as the death of its parent would. One
 * that does not follow within five seconds is killed.
 */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(timer);
}
