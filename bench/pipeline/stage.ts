import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAzurite } from '../../local/azurite.ts';
import type { Scenario, Seeded } from '../../local/stand/scenarios.ts';
import { byConnection } from '../../local/stand/settings-file.ts';
import { type Stand, startStand } from '../../local/stand/stand.ts';

/** The stand with an estate of equal certificates: EC keys, one site each, storage on disk. */
export interface Stage {
  readonly stand: Stand;
  readonly certificates: readonly Seeded[];
  readonly folder: string;
  close(): Promise<void>;
}

const scenario: Scenario = {
  key: 'near-expiry',
  story: 'one of many',
  vault: 0,
  keyType: 'P-256',
  ageDays: 70,
  leftDays: 20,
  trigger: 'force',
  sites: [{ environment: 'ase-v3', lagSeconds: 0 }],
  expected: { outcome: 'renewed', reason: 'served' },
};

/** The certificates are shared out over both vaults of the estate. */
export async function openStage(count: number, changes: Partial<Scenario> = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'perennial-bench-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const vaultOf = (index: number): 0 | 1 => (index % 2 === 0 ? 0 : 1);
  const scenarios = Array.from({ length: count }, (_, index) => ({ ...scenario, ...changes, vault: vaultOf(index) }));
  try {
    const directory = join(folder, 'stand');
    const startStorage = () => startAzurite({ directory: join(folder, 'storage') });
    const whole = await startStand({ seed: 1, basePort: 0, directory, startStorage, scenarios });
    // The stand's front before the storage would be measured with the app.
    const stand = { ...whole, settings: { ...whole.settings, ...byConnection(whole.connectionString) } };
    const certificates = stand.estate.certificates;
    return { stand, certificates, folder, close: () => stand.stop().finally(close) };
  } catch (error) {
    await close();
    throw error;
  }
}
