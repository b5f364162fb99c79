import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { purposes } from '../../src/certificate/extensions.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import type { Authorities } from '../issuers/authorities.ts';
import { type Authority, createAuthority, createKeys, issue, type MadeWithKeys } from '../pki.ts';
import { writePfx } from '../vault/pfx-write.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import type { Seeded, SeededEstate } from './scenarios.ts';
import { callVault } from './vault-call.ts';

const DAY = 86_400_000;

/** An authority in three tiers: with two of them below the root, a chain in a wrong order does not look right. */
export interface InternalCa {
  readonly root: Authority;
  readonly policy: Authority;
  readonly issuing: Authority;
}

/** The internal CA: a root and a policy CA that are nowhere but here, and an issuing CA whose key is moved into a vault. */
export async function createInternalCa(company: string, now: Date): Promise<InternalCa> {
  const years = (count: number) => new Date(now.getTime() + count * 365 * DAY);
  const since = new Date(now.getTime() - 365 * DAY);
  const [rootKeys, policyKeys, issuingKeys] = await Promise.all([
    createKeys('P-384'),
    createKeys('P-384'),
    createKeys('P-256'),
  ]);
  const root = await createAuthority({
    subject: `CN=${company} root CA, O=${company}`,
    notBefore: since,
    notAfter: years(15),
    keys: rootKeys,
  });
  const policy = await createAuthority({
    subject: `CN=${company} policy CA, O=${company}`,
    notBefore: since,
    notAfter: years(10),
    keys: policyKeys,
    parent: root,
    pathLength: 1,
  });
  const issuing = await createAuthority({
    subject: `CN=${company} issuing CA, O=${company}`,
    notBefore: since,
    notAfter: years(5),
    keys: issuingKeys,
    parent: policy,
    pathLength: 0,
  });
  return { root, policy, issuing };
}

/** Name of the certificate that the internal CA signs with. */
export const ISSUING_CA = 'issuing-ca';

/** Puts an issuing CA's certificate and key into its vault, from where the key never comes out again. */
export function seedCa(vault: VaultEmulator, issuing: Authority, name = ISSUING_CA): string {
  vault.seed({
    name,
    chain: issuing.chain,
    privateKey: issuing.keys.privateKey,
    policy: {
      key_props: { exportable: false },
      x509_props: { key_usage: ['keyCertSign', 'cRLSign', 'digitalSignature'] },
    },
  });
  return `${vault.uri}/certificates/${name}`;
}

/** The current version of a seeded certificate, as the vault holds it before anything happens. */
export async function makeCurrent(
  seeded: Seeded,
  ca: Authority,
  about: { now: Date; domain: string },
): Promise<MadeWithKeys> {
  const { now, domain } = about;
  const names = seeded.hostNames.length > 0 ? seeded.hostNames : [`${seeded.name}.${domain}`];
  return issue(ca, {
    subject: `CN=${names[0]}, O=${domain.split('.')[0]}`,
    names: { dns: names },
    notBefore: new Date(now.getTime() - seeded.ageDays * DAY),
    notAfter: new Date(now.getTime() + seeded.leftDays * DAY),
    keyType: seeded.keyType,
    extendedKeyUsage: usesOf(seeded),
    keyUsage: seeded.keyType.startsWith('RSA') ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'],
  });
}

/** The two that Key Vault's default policy asks for, and of a fleet's certificate the one that it has. */
function usesOf({ machines }: Seeded): readonly string[] {
  return machines === undefined ? [purposes.serverAuth, purposes.clientAuth] : [purposes.clientAuth];
}

/** The same from a CA of others: it gives the common name alone, and certifies servers. */
async function makeForeign(
  seeded: Seeded,
  authorities: Authorities,
  { now, domain }: { now: Date; domain: string },
): Promise<MadeWithKeys> {
  const names = seeded.hostNames.length > 0 ? seeded.hostNames : [`${seeded.name}.${domain}`];
  const keys = await createKeys(seeded.keyType);
  const { der } = authorities.issue({
    ...{ names, commonName: names[0], spki: keys.spki },
    // step-ca certifies clients too, whatever it is asked for.
    ...(seeded.issuer === 'step-ca' && { purposes: [purposes.serverAuth, purposes.clientAuth] }),
    notBefore: new Date(now.getTime() - seeded.ageDays * DAY),
    notAfter: new Date(now.getTime() + seeded.leftDays * DAY),
  });
  const chain = [der, ...(authorities.chains()[0] ?? [])];
  const chainPem = chain.map((one) => derToPem(one)).join('');
  return { keys, der, chain, chainPem, pem: derToPem(der), details: readCertificate(der) };
}

export async function seedCertificate(
  seeded: Seeded,
  current: MadeWithKeys,
  to: { vault: VaultEmulator; token: string },
): Promise<void> {
  const { vault, token } = to;
  if (seeded.key === 'imported') return importPfx(seeded, current, { vault, token });
  const { vaultName, name, ageDays } = seeded;
  const ekus = seeded.machines === undefined ? {} : { ekus: [...usesOf(seeded)] };
  const policy = { issuer: { name: 'Unknown' }, x509_props: { validity_months: 3, ...ekus } };
  const tags = { owner: `team-${name}`, vault: vaultName };
  vault.seed({
    name,
    chain: current.chain,
    privateKey: current.keys.privateKey,
    policy,
    tags,
    createdAt: new Date(Date.now() - ageDays * DAY),
  });
}

/** The way a person brings a PFX in: by the protocol, with a token. */
async function importPfx(
  seeded: Seeded,
  current: MadeWithKeys,
  { vault, token }: { vault: VaultEmulator; token: string },
): Promise<void> {
  const pfx = writePfx(
    { certificates: current.chain.map((der) => Buffer.from(der)), key: current.keys.privateKey },
    Buffer.from(current.der),
  );
  const { status, body } = await callVault(vault, {
    ...{ method: 'POST', path: `/certificates/${seeded.name}/import`, token },
    body: { value: pfx.toString('base64'), tags: { owner: 'team-legacy' } },
  });
  if (status !== 200) throw new SeedingError(`import of ${seeded.name}: ${status} ${JSON.stringify(body)}`);
}

/** The stage could not be set. */
export class SeedingError extends Error {
  override readonly name = 'SeedingError';
}

/** A pending request of somebody else, with a policy of its own. */
export async function seedForeignPending(seeded: Seeded, vault: VaultEmulator): Promise<void> {
  await vault.foreignPending(seeded.name, { policy: { key_props: { reuse_key: false } } });
}

/**
 * What a renewal that died a month ago has left behind: a pending request in the vault, and the order row that says it
 * is ours. The row is written as the app's table shape has it.
 */
export async function seedStalePending(
  seeded: Seeded,
  vault: VaultEmulator,
  storage: () => Promise<string>,
): Promise<void> {
  const csr = Buffer.from(
    await vault.foreignPending(seeded.name, { policy: { key_props: { reuse_key: false } } }),
    'base64',
  );
  const renewalId = `${seeded.name}-left-behind-${randomUUID().slice(0, 8)}`;
  const partition = `${seeded.vaultName}|${seeded.name}`.toLowerCase();
  const orders = TableClient.fromConnectionString(await storage(), 'orders', { allowInsecureConnection: true });
  await orders.createTable();
  await orders.upsertEntity({ partitionKey: `renewal:${renewalId}`, rowKey: 'at', schema: 1, partition });
  await orders.upsertEntity({
    ...{ partitionKey: partition, rowKey: renewalId, schema: 1, renewalId, vault: seeded.vaultName, name: seeded.name },
    ...{ issuer: 'internal', csrSha256: sha256Hex(csr), requestId: 'unknown', state: 'requested' },
    createdAt: new Date(Date.now() - 31 * DAY).toISOString(),
  });
}

/** All current versions, with their keys made side by side: those that take longest begin first. */
export async function makeAll(
  estate: SeededEstate,
  authorityOf: (seeded: Seeded) => Authority | Authorities,
  now: Date,
): Promise<ReadonlyMap<Seeded, MadeWithKeys>> {
  const longestFirst = [...estate.certificates].sort((one, other) => bitsOf(other.keyType) - bitsOf(one.keyType));
  const { domain } = estate;
  const make = (seeded: Seeded): Promise<MadeWithKeys> => {
    const authority = authorityOf(seeded);
    const about = { now, domain };
    return 'issue' in authority ? makeForeign(seeded, authority, about) : makeCurrent(seeded, authority, about);
  };
  const made = await Promise.all(longestFirst.map(async (seeded) => [seeded, await make(seeded)] as const));
  return new Map(made);
}

function bitsOf(keyType: string): number {
  return keyType.startsWith('RSA-') ? Number(keyType.slice(4)) : 0;
}
