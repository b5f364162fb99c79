import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Emulator } from '../emulator.ts';
import type { Background, Family } from '../faults/background.ts';
import { createTransportCa, type ServerIdentity } from '../transport/ca.ts';
import { createLine, type Line } from '../transport/line.ts';
import { type Listener, serveEmulator } from '../transport/serve.ts';

/** Offsets from the stand's first port. Sites begin at `sites`, other places at `fronts`, in the order of the estate. */
export const portOffsets = {
  vaults: 0,
  identity: 3,
  arm: 4,
  events: 5,
  logs: 6,
  acme: 7,
  credentialVault: 8,
  blob: 10,
  queue: 11,
  table: 12,
  blobFront: 13,
  tableFront: 14,
  est: 15,
  cfssl: 16,
  stepCa: 17,
  traffic: 18,
  cluster: 19,
  hooks: 20,
  sites: 30,
  fronts: 50,
} as const;

/** What an emulator stands on: a folder, a CA to be trusted by, ports, and an end. */
export interface Ground {
  readonly directory: string;
  /** PEM of the CA that every HTTPS listener of the stand is trusted by. */
  readonly caFile: string;
  /** Where what was mounted listens, by name. */
  readonly urls: Record<string, string>;
  /** 0 when any free port will do. */
  port(offset: number): number;
  mount(emulator: Parameters<typeof serveEmulator>[0], at: Place): Promise<Listener>;
  /** The way to what was or will be mounted under that name: faults happen there. */
  line(name: string): Line;
  /** What a server shows whose certificate has expired. */
  expiredIdentity(): ServerIdentity;
  /** Runs when the stand stops, last one first. */
  onStop(close: () => unknown): void;
  stop(): Promise<void>;
}

/** Puts something before an emulator, or leaves it as it is: a test that has to see each call before it is done. */
export type Before = (emulator: Emulator, name: string) => Emulator;

export interface Place {
  readonly offset: number;
  readonly name: string;
  /** Whose passing faults its calls meet; absent: none. */
  readonly family?: Family;
}

/** Azure's managed-identity endpoint is plain HTTP on loopback, and the stand's own doors are none of Azure's. */
const plain: readonly number[] = [portOffsets.identity, portOffsets.events, portOffsets.traffic];

export async function prepareGround(options: {
  readonly basePort: number;
  readonly directory: string;
  readonly before?: Before;
  readonly background?: Background;
}): Promise<Ground> {
  const closers: (() => unknown)[] = [];
  const urls: Record<string, string> = {};
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const transport = createTransportCa();
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, transport.caPem);
  const lines = new Map<string, Line>();
  const line = (name: string): Line => {
    const known = lines.get(name) ?? createLine();
    lines.set(name, known);
    return known;
  };
  const port = (offset: number): number => (options.basePort === 0 ? 0 : options.basePort + offset);
  return {
    ...{ directory, caFile, urls, port, line },
    expiredIdentity: () => transport.issueExpired(),
    async mount(emulator, { offset, name, family }) {
      const tls = plain.includes(offset) ? undefined : transport.issue();
      const way = line(name);
      if (options.background !== undefined && family !== undefined) way.add(options.background.rule(family, name));
      const listener = await serveEmulator(preceded(emulator, name, options.before), {
        ...{ port: port(offset), name, line: way },
        ...(tls && { tls }),
      });
      closers.push(() => listener.close());
      urls[name] = listener.url;
      return listener;
    },
    onStop: (close) => closers.push(close),
    async stop() {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

function preceded(
  emulator: Parameters<typeof serveEmulator>[0],
  name: string,
  before: Before = (one) => one,
): Parameters<typeof serveEmulator>[0] {
  return typeof emulator === 'function' ? (url) => before(emulator(url), name) : before(emulator, name);
}
