import { randomUUID } from 'node:crypto';
import { type ArmTraffic, createArmTraffic, createTrafficDoor } from '../arm/traffic.ts';
import { type Azurite, azuriteAccount, startAzurite } from '../azurite.ts';
import type { StandClock } from '../clock.ts';
import { createDeliveryLog } from '../events/delivery-log.ts';
import { createEventGrid, type EventGrid } from '../events/grid.ts';
import { createEventGridDoor } from '../events/management.ts';
import type { Background } from '../faults/background.ts';
import { createIdentity, type Identity } from '../identity/identity.ts';
import { type AuditTable, createAuditTable } from '../monitor/audit-table.ts';
import { createLogAnalytics } from '../monitor/log-analytics.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import { deadLettersIn } from './dead-letter-container.ts';
import { type Before, type Ground, portOffsets, prepareGround } from './ground.ts';
import { addPrincipals, assignRoles, type Principals, type RemoveRole } from './principals.ts';
import { seededRandom } from './random.ts';
import { type Role, roles, type Where } from './roles.ts';
import { hasForeignIssuers, isUsedOn, resourceGroupOf, type SeededEstate, zoneOf } from './scenarios.ts';
import { mountStorageFronts, type StorageEndpoints } from './storage-fronts.ts';
import { mountVaults } from './vaults.ts';

export interface CloudOptions {
  readonly estate: SeededEstate;
  readonly seed: number;
  readonly basePort: number;
  readonly directory: string;
  readonly clock: StandClock;
  readonly log: (message: string) => void;
  /** Starts the storage; absent: Azurite, in memory. */
  readonly startStorage?: () => Promise<Azurite>;
  /** What stands before the emulators. */
  readonly before?: Before;
  /** Passing faults of a seed. */
  readonly background?: Background;
  /** Of access tokens; an hour by default. */
  readonly tokenLifeSeconds?: number;
  /** The app's roles; absent: those that are deployed. */
  readonly roles?: readonly Role[];
}

/** The empty cloud: identity, vaults, Event Grid and storage, without anything in them. */
export interface Cloud extends Ground {
  readonly clock: StandClock;
  readonly identity: Identity;
  readonly principals: Principals;
  readonly events: EventGrid;
  /** What Resource Manager was asked for so far. */
  readonly traffic: ArmTraffic;
  readonly azurite: Promise<Azurite>;
  /** Where the app reaches the storage by its identity. */
  readonly storage: StorageEndpoints;
  /** Where the things are that roles are about. */
  readonly where: Where;
  /** The audit log of all vaults. */
  readonly audit: AuditTable;
  /** GUID by which the workspace of that log is queried. */
  readonly workspaceId: string;
  /** ARM id of the resource group that everything is in. */
  readonly group: string;
  readonly vaults: readonly VaultEmulator[];
  /** Holds what the app shows to issuers. */
  readonly credentialVault: VaultEmulator;
  /** ARM id of the DNS zone of the estate's names. */
  readonly dnsZone: string;
  vault(name: string): VaultEmulator;
  readonly removeRole: RemoveRole;
}

export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const { estate, clock } = options;
  const ground = await prepareGround(options);
  const azurite = startStorage(ground, options);
  const identity = createIdentity({
    tenantId: estate.subscription,
    ...(options.tokenLifeSeconds !== undefined && { tokenLifeSeconds: options.tokenLifeSeconds }),
  });
  const principals = addPrincipals(identity);
  const group = resourceGroupOf(estate);
  const audit = createAuditTable(clock);
  const { events, mountDoor } = startEvents(ground, options, azurite);
  try {
    await ground.mount(identity, { offset: portOffsets.identity, name: 'identity', family: 'identity' });
    const vaults = await mountVaults(ground, {
      ...{ names: [...estate.vaultNames, estate.caVaultName], group, identity, clock },
      events: (event) => events.publish(event),
      audit: audit.add,
    });
    const [credentialVault] = await mountVaults(ground, {
      ...{ names: [estate.credentialVaultName], offset: portOffsets.credentialVault, group, identity, clock },
      audit: audit.add,
    });
    if (credentialVault === undefined) throw new TypeError('stand: the vault of credentials was not mounted');
    await mountDoor(vaults);
    const traffic = createArmTraffic();
    await ground.mount(createTrafficDoor(traffic), { offset: portOffsets.traffic, name: 'traffic' });
    const { workspace, workspaceId } = await mountWorkspace(ground, { group, identity, clock, audit });
    const vault = finder(vaults);
    const storageAccount = `${group}/providers/Microsoft.Storage/storageAccounts/${azuriteAccount.name}`;
    const storage = await mountStorageFronts(ground, { identity, azurite, resourceId: storageAccount });
    const where: Where = {
      vaults: estate.vaultNames.map((name) => vault(name).resourceId),
      caVault: vault(estate.caVaultName).resourceId,
      ...placesOf(estate, { group, credentialVault: credentialVault.resourceId }),
      ...{ siteGroup: group, storageAccount, workspace },
      usageSubscriptions: [`/subscriptions/${estate.subscription}`],
    };
    const removeRole = assignRoles(identity, principals, { roles: options.roles ?? roles, where });
    const parts = {
      clock,
      identity,
      principals,
      events,
      traffic,
      azurite,
      storage,
      where,
      group,
      vaults,
      dnsZone: zoneOf(estate),
      credentialVault,
      vault,
    };
    return { ...ground, ...parts, audit, workspaceId, removeRole };
  } catch (error) {
    await ground.stop();
    throw error;
  }
}

/** Places that only some estates have: where there are none, nobody has a role for them. */
function placesOf(
  estate: SeededEstate,
  { group, credentialVault }: { readonly group: string; readonly credentialVault: string },
): Partial<Where> {
  const hasFleet = estate.certificates.some(({ machines }) => machines !== undefined);
  const isForeign = hasForeignIssuers(estate);
  const groups = (isThere: boolean): readonly string[] => (isThere ? [group] : []);
  return {
    credentialVaults: isForeign || isUsedOn(estate, { kind: 'webhook' }) ? [credentialVault] : [],
    dnsZones: isForeign ? [zoneOf(estate)] : [],
    machineGroups: groups(hasFleet || isUsedOn(estate, { kind: 'virtual-machine' })),
    scaleSetGroups: groups(isUsedOn(estate, { kind: 'scale-set' })),
    gatewayGroups: groups(isUsedOn(estate, { kind: 'application-gateway' })),
    clusterGroups: groups(isUsedOn(estate, { kind: 'kubernetes' })),
    commandGroups: groups(isUsedOn(estate, { kind: 'kubernetes', access: 'run-command' })),
  };
}

/** Azurite takes the longest to start: everything else goes on meanwhile. */
function startStorage({ port, onStop }: Ground, options: Pick<CloudOptions, 'startStorage'>): Promise<Azurite> {
  const ports = { blob: port(portOffsets.blob), queue: port(portOffsets.queue), table: port(portOffsets.table) };
  const azurite = (options.startStorage ?? (() => startAzurite({ ports })))();
  onStop(() => azurite.then((started) => started.stop()).catch(() => undefined));
  return azurite;
}

function startEvents(ground: Ground, { clock, seed, log }: CloudOptions, azurite: Promise<Azurite>) {
  const deliveries = createDeliveryLog(clock);
  const events = createEventGrid({
    clock,
    random: seededRandom(seed),
    send: deliveries.send,
    deadLetter: deadLettersIn(async () => (await azurite).connectionString),
    log: (_level, message) => log(message),
  });
  ground.onStop(() => events.stop());
  const mountDoor = (vaults: readonly VaultEmulator[]) =>
    ground.mount(createEventGridDoor({ grid: events, deliveries, clock, vaults }), {
      offset: portOffsets.events,
      name: 'events',
    });
  return { events, mountDoor };
}

/** The workspace that the vaults' audit logs are sent to. */
async function mountWorkspace(
  ground: Ground,
  { group, identity, clock, audit }: Pick<Cloud, 'group' | 'identity' | 'clock' | 'audit'>,
) {
  const workspace = `${group}/providers/Microsoft.OperationalInsights/workspaces/stand-logs`;
  const workspaceId = randomUUID();
  const logs = createLogAnalytics({
    ...{ access: identity, clock, customerId: workspaceId, resourceId: workspace },
    rows: { AZKVAuditLogs: audit.rows },
  });
  await ground.mount(logs, { offset: portOffsets.logs, name: 'logs' });
  return { workspace, workspaceId };
}

function finder(vaults: readonly VaultEmulator[]): Cloud['vault'] {
  return (name) => {
    const found = vaults.find((vault) => vault.name === name);
    if (found === undefined) throw new TypeError(`stand: no vault ${name}`);
    return found;
  };
}
