import { systemClock } from '../clock.ts';
import { createBackground } from '../faults/background.ts';
import { createIdentity, managedIdentityPath } from '../identity/identity.ts';
import { vaultAudience } from '../vault/challenge.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import { placeOf, tokenFor, type Who } from './addresses.ts';
import { type Ground, portOffsets, prepareGround } from './ground.ts';
import type { Alone } from './options.ts';
import { addPrincipals, assignVaultRoles } from './principals.ts';
import { resourceGroupOf, type SeededEstate, seedEstate } from './scenarios.ts';
import { mountVaults } from './vaults.ts';

export interface AloneOptions {
  readonly only: Alone;
  readonly seed: number;
  /** Seed of passing faults. */
  readonly faults?: number;
  readonly basePort: number;
  readonly directory: string;
  readonly log: (message: string) => void;
}

/** One emulator, with as few others as it cannot do without. */
export interface StartedAlone {
  /** Everything that a foreign client needs: where, whom to trust, how to get a token. One JSON document. */
  readonly addresses: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** Starts one emulator for a foreign client. What it does not need is not even loaded. */
export async function startAlone(options: AloneOptions): Promise<StartedAlone> {
  const { faults } = options;
  const background = faults === undefined ? undefined : createBackground(faults);
  const ground = await prepareGround({ ...options, ...(background && { background }) });
  try {
    const addresses = await starts[options.only](ground, options);
    return { addresses: { only: options.only, urls: ground.urls, ...addresses }, stop: () => ground.stop() };
  } catch (error) {
    await ground.stop();
    throw error;
  }
}

const ARM_AUDIENCE = 'https://management.azure.com';

type Start = (ground: Ground, options: AloneOptions) => Promise<Record<string, unknown>>;

const starts: Readonly<Record<Alone, Start>> = {
  async identity(ground, { seed }) {
    const who = await startIdentity(ground, seedEstate(seed));
    const { tenantId } = who.identity;
    const openId = `${ground.urls.identity}/${tenantId}/.well-known/openid-configuration`;
    return { tenantId, openId, ...access(ground, who, '<audience>') };
  },

  async vault(ground, { seed }) {
    const estate = seedEstate(seed);
    const who = await startIdentity(ground, estate);
    const vault = await startVault(ground, who, estate);
    return { vaults: [placeOf(vault)], ...access(ground, who, vaultAudience) };
  },

  async arm(ground, { seed, log }) {
    const estate = seedEstate(seed);
    const who = await startIdentity(ground, estate);
    const vault = await startVault(ground, who, estate);
    const { startAppService } = await import('./alone-app-service.ts');
    const sites = await startAppService(ground, { ...who, vault, estate, log });
    const vaultToken = tokenFor(ground, who, vaultAudience);
    return { ...sites, vaults: [placeOf(vault)], ...access(ground, who, ARM_AUDIENCE), vaultToken };
  },

  async storage(ground) {
    const { startAzurite } = await import('../azurite.ts');
    const { blob, queue, table } = portOffsets;
    const azurite = await startAzurite({
      ports: { blob: ground.port(blob), queue: ground.port(queue), table: ground.port(table) },
    });
    ground.onStop(() => azurite.stop());
    return { urls: azurite.urls, connectionString: azurite.connectionString };
  },

  async events(ground, { seed, log }) {
    const { startEventGrid } = await import('./alone-event-grid.ts');
    return startEventGrid(ground, { seed, log });
  },
};

async function startIdentity(ground: Ground, estate: SeededEstate): Promise<Who> {
  const identity = createIdentity({ tenantId: estate.subscription });
  const principals = addPrincipals(identity);
  await ground.mount(identity, { offset: portOffsets.identity, name: 'identity', family: 'identity' });
  return { identity, principals };
}

async function startVault(ground: Ground, { identity, principals }: Who, estate: SeededEstate): Promise<VaultEmulator> {
  const places = { names: [estate.vaultNames[0]], group: resourceGroupOf(estate), identity, clock: systemClock };
  const [vault] = await mountVaults(ground, places);
  if (vault === undefined) throw new TypeError('stand: no vault was mounted');
  assignVaultRoles(identity, principals, [vault.resourceId]);
  return vault;
}

/** How to get a token, by hand and by an SDK that finds managed identities in its environment. */
function access(ground: Ground, who: Who, audience: string): Record<string, unknown> {
  const { identity, principals } = who;
  return {
    caFile: ground.caFile,
    token: tokenFor(ground, who, audience),
    environment: {
      IDENTITY_ENDPOINT: `${ground.urls.identity}${managedIdentityPath}`,
      IDENTITY_HEADER: identity.secret,
      AZURE_CLIENT_ID: principals.operator.clientId,
      NODE_EXTRA_CA_CERTS: ground.caFile,
    },
  };
}
