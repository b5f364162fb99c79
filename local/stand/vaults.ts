import type { StandClock } from '../clock.ts';
import type { Emulator } from '../emulator.ts';
import type { VaultEvent } from '../events/types.ts';
import type { Identity } from '../identity/identity.ts';
import type { AuditRecord } from '../vault/audit.ts';
import { createVault, type VaultEmulator } from '../vault/vault.ts';
import { type Ground, portOffsets } from './ground.ts';

export interface VaultPlaces {
  readonly names: readonly string[];
  /** Of the port of the first one; `vaults` by default. */
  readonly offset?: number;
  /** ARM id of the resource group that the vaults are in. */
  readonly group: string;
  readonly identity: Identity;
  readonly clock: StandClock;
  readonly events?: (event: VaultEvent) => void;
  readonly audit?: (record: AuditRecord) => void;
}

/** Mounts vaults side by side, each on a port of its own. */
export async function mountVaults(ground: Ground, places: VaultPlaces): Promise<readonly VaultEmulator[]> {
  const { names, offset = portOffsets.vaults, group, identity, clock, events, audit } = places;
  const vaults: VaultEmulator[] = [];
  for (const [index, name] of names.entries()) {
    const mounted = (uri: string): Emulator => {
      const resourceId = `${group}/providers/Microsoft.KeyVault/vaults/${name}`;
      const vault = createVault({
        ...{ name, uri, resourceId, clock, access: identity, tenantId: identity.tenantId },
        ...(events && { events }),
        ...(audit && { audit }),
      });
      ground.onStop(() => vault.stop());
      vaults.push(vault);
      return vault;
    };
    await ground.mount(mounted, { offset: offset + index, name, family: 'vault' });
  }
  return vaults;
}
