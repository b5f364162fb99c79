import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Azurite, startAzurite } from '../azurite.ts';
import type { StandClock } from '../clock.ts';
import type { Emulator } from '../emulator.ts';
import { createEventGrid, type EventGrid } from '../events/grid.ts';
import { createIdentity, type Identity } from '../identity/identity.ts';
import { createTransportCa } from '../transport/ca.ts';
import { type Listener, serveEmulator } from '../transport/serve.ts';
import { createVault, type VaultEmulator } from '../vault/vault.ts';
import { deadLettersIn } from './dead-letter-container.ts';
import { addPrincipals, assignRoles, type Principals } from './principals.ts';
import { seededRandom } from './random.ts';
import type { SeededEstate } from './scenarios.ts';

/** Offsets from the stand's first port. Sites begin at `sites`, in the order of the estate. */
export const portOffsets = { vaults: 0, identity: 3, arm: 4, blob: 10, queue: 11, table: 12, sites: 30 } as const;

export interface CloudOptions {
  readonly estate: SeededEstate;
  readonly seed: number;
  readonly basePort: number;
  readonly directory: string;
  readonly clock: StandClock;
  readonly log: (message: string) => void;
  /** Puts a fault before a vault. */
  readonly tamper?: (vault: VaultEmulator) => Emulator;
}

/** The empty cloud: identity, vaults, Event Grid and storage, without anything in them. */
export interface Cloud {
  readonly identity: Identity;
  readonly principals: Principals;
  readonly events: EventGrid;
  readonly azurite: Promise<Azurite>;
  readonly caFile: string;
  /** ARM id of the resource group that everything is in. */
  readonly group: string;
  readonly urls: Record<string, string>;
  readonly vaults: readonly VaultEmulator[];
  vault(name: string): VaultEmulator;
  port(offset: number): number;
  mount(emulator: Parameters<typeof serveEmulator>[0], at: { offset: number; name: string }): Promise<Listener>;
  /** Runs when the stand stops, last one first. */
  onStop(close: () => unknown): void;
  stop(): Promise<void>;
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { estate, basePort, clock, log } = options;
  const closers: (() => unknown)[] = [];
  const port = (offset: number): number => (basePort === 0 ? 0 : basePort + offset);
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const transport = createTransportCa();
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, transport.caPem);
  const azurite = startAzurite({
    ports: { blob: port(portOffsets.blob), queue: port(portOffsets.queue), table: port(portOffsets.table) },
  });
  closers.push(() => azurite.then((started) => started.stop()).catch(() => undefined));
  const identity = createIdentity({ tenantId: estate.subscription });
  const events = createEventGrid({
    clock,
    random: seededRandom(options.seed),
    deadLetter: deadLettersIn(async () => (await azurite).connectionString),
    log: (_level, message) => log(message),
  });
  closers.push(() => events.stop());
  const vaults: VaultEmulator[] = [];
  const cloud: Cloud = {
    ...{ identity, events, azurite, caFile, vaults, port, urls: {} },
    principals: addPrincipals(identity),
    group: `/subscriptions/${estate.subscription}/resourceGroups/${estate.company}`,
    vault(name) {
      const found = vaults.find((vault) => vault.name === name);
      if (found === undefined) throw new TypeError(`stand: no vault ${name}`);
      return found;
    },
    async mount(emulator, { offset, name }) {
      const isPlain = offset === portOffsets.identity;
      const listener = await serveEmulator(emulator, {
        port: port(offset),
        name,
        ...(!isPlain && { tls: transport.issue() }),
      });
      closers.push(() => listener.close());
      cloud.urls[name] = listener.url;
      return listener;
    },
    onStop: (close) => closers.push(close),
    async stop() {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
  try {
    await cloud.mount(identity, { offset: portOffsets.identity, name: 'identity' });
    await mountVaults(cloud, options);
    return cloud;
  } catch (error) {
    await cloud.stop();
    throw error;
  }
}

async function mountVaults(cloud: Cloud, { estate, clock, tamper = (vault) => vault }: CloudOptions): Promise<void> {
  const names = [...estate.vaultNames, estate.caVaultName];
  for (const [index, name] of names.entries()) {
    const mounted = (uri: string): Emulator => {
      const resourceId = `${cloud.group}/providers/Microsoft.KeyVault/vaults/${name}`;
      const vault = createVault({
        ...{ name, uri, resourceId, clock, access: cloud.identity, tenantId: estate.subscription },
        events: (event) => cloud.events.publish(event),
      });
      cloud.onStop(() => vault.stop());
      (cloud.vaults as VaultEmulator[]).push(vault);
      return tamper(vault);
    };
    await cloud.mount(mounted, { offset: portOffsets.vaults + index, name });
  }
  assignRoles(cloud.identity, cloud.principals, {
    vaults: estate.vaultNames.map((name) => cloud.vault(name).resourceId),
    caVault: cloud.vault(estate.caVaultName).resourceId,
    siteGroup: cloud.group,
  });
}
