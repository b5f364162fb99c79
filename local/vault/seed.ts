import { createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import type { VaultEvent } from '../events/types.ts';
import { seconds, type VaultContext } from './call.ts';
import { readChain } from './chain.ts';
import { importedPolicy, newVersion } from './import.ts';
import { raise, watchExpiry } from './issuance.ts';
import { assertCanCreate, openPending } from './pending.ts';
import { completePolicy, type PolicyInput } from './policy.ts';
import type { CertificateRecord, Tags } from './records.ts';
import { currentVersion } from './state.ts';

export interface Seed {
  readonly name: string;
  /** DERs, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** A key object, or PKCS#8 as PEM or DER. */
  readonly privateKey: KeyObject | string | Uint8Array;
  /** What the certificate itself does not tell; in the names of the wire. */
  readonly policy?: PolicyInput;
  readonly tags?: Tags;
  readonly enabled?: boolean;
  /** Now by default. */
  readonly createdAt?: Date;
}

export interface VaultSnapshot {
  readonly name: string;
  readonly versions: readonly {
    readonly version: string;
    readonly sha256: string;
    readonly createdAt: Date;
    readonly notAfter: Date;
    readonly enabled: boolean;
    readonly tags: Tags;
  }[];
  readonly pending?: { readonly status: string; readonly csrSha256: string; readonly requestId: string };
}

/** The door apart from the protocol: no token, no role, no event of its own. */
export interface SeedDoor {
  /** Puts a finished version in, and watches its expiry like any other's. Answers with the version's id. */
  seed(seed: Seed): string;
  /** Somebody opens an operation with issuer `Unknown`. Answers with the CSR (base64). */
  foreignPending(name: string, options?: { policy?: PolicyInput; tags?: Tags }): Promise<string>;
  /** Raises an event for the current version now, whatever the clock says. */
  announce(name: string, type: VaultEvent['type']): VaultEvent | undefined;
  snapshot(): readonly VaultSnapshot[];
}

export function createSeedDoor(vault: VaultContext): SeedDoor {
  return {
    seed: (seed) => putVersion(vault, seed),
    foreignPending: (name, options = {}) => openForeign(vault, name, options),
    announce(name, type) {
      const record = vault.state.require(name);
      const version = currentVersion(record);
      return version && raise(vault, record, { version, type });
    },
    snapshot() {
      vault.state.settle(vault.now());
      return vault.state.all().map(snapshotOf);
    },
  };
}

/** The seed is not what a vault could hold. */
export class SeedError extends Error {
  override readonly name = 'SeedError';
}

function putVersion(vault: VaultContext, seed: Seed): string {
  const key = keyOf(seed.privateKey);
  const received = readChain(seed.chain, key);
  if (received === undefined)
    throw new SeedError(`${seed.name}: the private key belongs to no certificate of the chain.`);
  const created = seed.createdAt ?? vault.now();
  const policy = importedPolicy({
    received,
    key,
    contentType: 'application/x-pkcs12',
    given: seed.policy ?? {},
    now: seconds(created),
  });
  const record: CertificateRecord = vault.state.find(seed.name) ?? { name: seed.name, policy, versions: [] };
  record.policy = policy;
  vault.state.add(record);
  const version = {
    ...newVersion(vault, { received, key, policy, created }),
    tags: seed.tags,
    enabled: seed.enabled ?? true,
  };
  record.versions.push(version);
  watchExpiry(vault, record, version);
  vault.watchLifetime(record);
  return version.id;
}

function keyOf(key: Seed['privateKey']): KeyObject {
  if (typeof key === 'string') return createPrivateKey(key);
  if (key instanceof Uint8Array) return createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' });
  return key;
}

async function openForeign(
  vault: VaultContext,
  name: string,
  { policy, tags }: { policy?: PolicyInput; tags?: Tags },
): Promise<string> {
  assertCanCreate(vault, name);
  const base = vault.state.find(name)?.policy;
  const wanted = { x509_props: { subject: `CN=${name}` }, ...(base && { x509_props: {} }), ...policy };
  const complete = completePolicy({ ...wanted, issuer: { name: 'Unknown' } }, { base, now: seconds(vault.now()) });
  const options = { policy: complete, tags, enabled: true, preserveCertOrder: false };
  const { pending } = await openPending(vault, name, options);
  return pending.csr.toString('base64');
}

function snapshotOf({ name, versions, pending }: CertificateRecord): VaultSnapshot {
  const operation = pending && {
    status: pending.status,
    csrSha256: sha256(pending.csr),
    requestId: pending.requestId,
  };
  return {
    name,
    versions: versions.map(({ id, leaf, created, enabled, tags }) => ({
      version: id,
      sha256: sha256(leaf.raw),
      createdAt: created,
      notAfter: new Date(leaf.validTo),
      enabled,
      tags: tags ?? {},
    })),
    ...(operation && { pending: operation }),
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
