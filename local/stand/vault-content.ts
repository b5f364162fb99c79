import { readCertificate } from '../../src/certificate/read.ts';
import type { MadeWithKeys } from '../pki.ts';
import { vaultAudience } from '../vault/challenge.ts';
import type { Cloud } from './cloud.ts';
import type { Seeded } from './scenarios.ts';
import { seedCertificate, seedForeignPending, seedStalePending } from './seeding.ts';
import { callVault } from './vault-call.ts';

/** A certificate as people tell it from others. */
export interface Shown {
  readonly sha256: string;
  readonly serial: string;
}

/** The version that is in use before anything happens, of every certificate. */
export async function fillVaults(cloud: Cloud, made: ReadonlyMap<Seeded, MadeWithKeys>): Promise<void> {
  const token = cloud.identity.issueToken(cloud.principals.operator, vaultAudience);
  for (const [seeded, current] of made)
    await seedCertificate(seeded, current, { vault: cloud.vault(seeded.vaultName), token });
}

/** Requests that were left pending: by somebody else, and by ourselves long ago. */
export async function openPending(cloud: Cloud, made: ReadonlyMap<Seeded, MadeWithKeys>): Promise<void> {
  const storage = async () => (await cloud.azurite).connectionString;
  for (const seeded of made.keys()) {
    if (seeded.key === 'foreign-pending') await seedForeignPending(seeded, cloud.vault(seeded.vaultName));
    if (seeded.key === 'stale-pending') await seedStalePending(seeded, cloud.vault(seeded.vaultName), storage);
  }
}

/** What the vault holds as current now. */
export async function currentOf(cloud: Cloud, { vaultName, name }: Seeded): Promise<Shown> {
  const vault = cloud.vault(vaultName);
  const token = cloud.identity.issueToken(cloud.principals.operator, vaultAudience);
  const { body } = await callVault(vault, { method: 'GET', path: `/certificates/${name}/`, token });
  const { sha256, serial } = readCertificate(Buffer.from(String(body.cer), 'base64'));
  return { sha256, serial };
}
