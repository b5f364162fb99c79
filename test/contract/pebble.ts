import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransportCa } from '../../local/transport/ca.ts';
import { freePorts } from '../builders/free-ports.ts';
import { ended, untilItAnswers } from './foreign-program.ts';

export interface PebbleOptions {
  /** Share of good nonces that are refused; pebble's own is 5. */
  readonly nonceRejectPercent?: number;
  /** Share of valid authorizations that a new order takes over; pebble's own is 50. */
  readonly reusePercent?: number;
  /** Key id to base64url of the secret. Given: an account needs one of them. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
  /** Life of certificates. */
  readonly validitySeconds?: number;
  /** `host:port` that names are looked up at; absent: every challenge is taken as answered. */
  readonly dnsServer?: string;
  /** The longest that a validation may wait; absent: it does not wait. */
  readonly validationSeconds?: number;
  readonly alternateRoots?: number;
  /** Certificates between leaf and root, the leaf counted; pebble's own is 1. */
  readonly chainLength?: number;
  readonly blockedNames?: readonly string[];
  /** What an order may ask for by name; newer ones only. */
  readonly profiles?: Readonly<Record<string, { readonly description: string; readonly validityPeriod: number }>>;
  /** Path of the program; absent: Debian's, from the PATH. */
  readonly program?: string | undefined;
}

export interface Pebble {
  readonly directoryUrl: string;
  /** What its HTTPS is trusted by. */
  readonly caPem: string;
  /** PEM of the root that certificates end at; others by `index` when there are alternate ones. */
  root(index?: number): Promise<string>;
  /** What it says of a certificate by its serial number in hex: `Valid` or `Revoked`, and why. */
  statusOf(serial: string): Promise<{ readonly Status: string; readonly Reason?: number }>;
  close(): Promise<void>;
}

/** Whether Debian's `pebble` is on the PATH. */
export function isPebbleInstalled(): boolean {
  const { error } = spawnSync('pebble', ['-help'], { stdio: 'ignore' });
  return error === undefined;
}

/** Starts pebble on free ports of loopback; `undefined` where it is not installed. */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble | undefined> {
  if (options.program === undefined && !isPebbleInstalled()) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'pebble-'));
  const transport = createTransportCa();
  const { key, cert } = transport.issue();
  const [port, managementPort] = await freePorts(2);
  const files = { certificate: join(folder, 'tls.pem'), privateKey: join(folder, 'tls.key') };
  await writeFile(files.certificate, cert);
  await writeFile(files.privateKey, key);
  await writeFile(join(folder, 'config.json'), JSON.stringify(configOf(options, { port, managementPort, files })));
  const child = launch(join(folder, 'config.json'), options);
  const close = async (): Promise<void> => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  const directoryUrl = `https://localhost:${port}/dir`;
  const management = `https://localhost:${managementPort}`;
  try {
    await untilItAnswers({ name: 'pebble', child }, () => get(directoryUrl, transport.caPem));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    directoryUrl,
    caPem: transport.caPem,
    statusOf: async (serial) =>
      JSON.parse(await get(`${management}/cert-status-by-serial/${serial}`, transport.caPem)) as { Status: string },
    root: (index = 0) => get(`${management}/roots/${index}`, transport.caPem),
    close,
  };
}

interface Places {
  readonly port: number | undefined;
  readonly managementPort: number | undefined;
  readonly files: { readonly certificate: string; readonly privateKey: string };
}

function configOf(options: PebbleOptions, { port, managementPort, files }: Places): object {
  const { externalAccounts, validitySeconds, blockedNames = [], profiles } = options;
  return {
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      ...files,
      // Where pebble would look for answers of http-01 and tls-alpn-01: nobody listens on the discard port.
      httpPort: 9,
      tlsPort: 9,
      ocspResponderURL: '',
      externalAccountBindingRequired: externalAccounts !== undefined,
      externalAccountMACKeys: externalAccounts ?? {},
      domainBlocklist: blockedNames,
      ...(profiles && { profiles }),
      ...(validitySeconds !== undefined && { certificateValidityPeriod: validitySeconds }),
    },
  };
}

function launch(config: string, options: PebbleOptions): ChildProcess {
  const { dnsServer, validationSeconds } = options;
  const env = {
    PATH: process.env.PATH,
    PEBBLE_WFE_NONCEREJECT: String(options.nonceRejectPercent ?? 0),
    PEBBLE_AUTHZREUSE: String(options.reusePercent ?? 0),
    ...(dnsServer === undefined && { PEBBLE_VA_ALWAYS_VALID: '1' }),
    ...(validationSeconds === undefined
      ? { PEBBLE_VA_NOSLEEP: '1' }
      : { PEBBLE_VA_SLEEPTIME: String(validationSeconds) }),
    ...(options.alternateRoots !== undefined && { PEBBLE_ALTERNATE_ROOTS: String(options.alternateRoots) }),
    ...(options.chainLength !== undefined && { PEBBLE_CHAIN_LENGTH: String(options.chainLength) }),
  };
  const resolver = dnsServer === undefined ? [] : ['-dnsserver', dnsServer];
  return spawn(options.program ?? 'pebble', ['-config', config, '-strict', ...resolver], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function get(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      url,
      { ca, agent: false, headers: { 'user-agent': 'perennial-tests' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new TypeError(`${url}: ${text}`)),
        );
      },
    );
    request.on('error', reject);
    request.end();
  });
}
