import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Contact } from './contacts.ts';
import { beingDeleted, beingRecovered, deletedButRecoverable, notFound } from './errors.ts';
import type { Issuer } from './issuers.ts';
import type { StoredKey } from './key-store.ts';
import type { Policy } from './policy.ts';
import type { StoredSecret } from './secret-store.ts';

export type Tags = Readonly<Record<string, string>>;

/** A finished version of a certificate, of its key and of its secret. */
export interface Version {
  /** 32 lower-case hex characters. */
  readonly id: string;
  readonly leaf: X509Certificate;
  /** In the order of the secret. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  /** The policy as it was when the version was made: later changes do not reach its key and secret. */
  readonly policy: Policy;
  readonly preserveCertOrder: boolean;
  readonly created: Date;
  updated: Date;
  enabled: boolean;
  tags: Tags | undefined;
  /** The secret's value, once somebody asked for it. */
  secret?: string;
}

/** A certificate operation. */
export interface Pending {
  /** Id of the version that it will become. */
  readonly version: string;
  readonly requestId: string;
  readonly policy: Policy;
  readonly key: KeyObject;
  /** DER. */
  readonly csr: Buffer;
  readonly created: Date;
  readonly tags: Tags | undefined;
  readonly enabled: boolean;
  readonly preserveCertOrder: boolean;
  cancellationRequested: boolean;
  status: 'inProgress' | 'completed' | 'cancelled' | 'failed';
  error?: { readonly code: string; readonly message: string };
}

/** Everything under one name. */
export interface CertificateRecord {
  /** As its first creator spelled it. */
  readonly name: string;
  policy: Policy;
  /** In the order they were made. */
  readonly versions: Version[];
  pending?: Pending | undefined;
  /** What is shown of a name that never had a version: it outlives the pending operation. */
  shell?: Pending | undefined;
  /** Takes back the order that waits for the lifetime action. */
  forgetLifetime?: (() => void) | undefined;
}

export interface DeletedRecord {
  readonly record: CertificateRecord;
  readonly deletedAt: Date;
  /** Deletion is eventually consistent: until then nobody sees it. */
  readonly visibleAt: Date;
  readonly purgeAt: Date;
  /** When the recovery that was asked for is through. */
  recoveredAt?: Date;
}

/** A map whose keys compare without case. */
export class NameMap<T> {
  #entries = new Map<string, T>();

  get(name: string): T | undefined {
    return this.#entries.get(name.toLowerCase());
  }

  set(name: string, entry: T): void {
    this.#entries.set(name.toLowerCase(), entry);
  }

  delete(name: string): void {
    this.#entries.delete(name.toLowerCase());
  }

  all(): readonly T[] {
    return [...this.#entries.values()];
  }
}

/** What a vault holds. Names compare without case. */
export class VaultState {
  #live = new Map<string, CertificateRecord>();
  #deleted = new Map<string, DeletedRecord>();
  /** Names whose key is being made. */
  readonly creating = new Set<string>();
  /** Those who get mail; `undefined` until somebody sets them. */
  contacts: readonly Contact[] | undefined;
  readonly issuers = new NameMap<Issuer>();
  /** Keys and secrets that belong to no certificate. */
  readonly keys = new NameMap<StoredKey>();
  readonly secrets = new NameMap<StoredSecret>();

  find(name: string): CertificateRecord | undefined {
    return this.#live.get(name.toLowerCase());
  }

  /** The record of a name, or Azure's 404. */
  require(name: string): CertificateRecord {
    const record = this.find(name);
    if (record === undefined) throw notFound('certificate', name);
    return record;
  }

  /** By name, in alphabetical order. */
  all(): readonly CertificateRecord[] {
    return sorted(this.#live);
  }

  add(record: CertificateRecord): void {
    this.#live.set(record.name.toLowerCase(), record);
  }

  /** Throws Azure's 409 when the name belongs to a deleted certificate. */
  assertNameIsFree(name: string, now: Date): void {
    const deleted = this.#deleted.get(name.toLowerCase());
    if (deleted === undefined) return;
    if (deleted.recoveredAt !== undefined) throw beingRecovered(name);
    throw now < deleted.visibleAt ? beingDeleted(name) : deletedButRecoverable(name);
  }

  delete(deleted: DeletedRecord): void {
    const key = deleted.record.name.toLowerCase();
    this.#live.delete(key);
    this.#deleted.set(key, deleted);
  }

  deleted(name: string): DeletedRecord | undefined {
    return this.#deleted.get(name.toLowerCase());
  }

  allDeleted(): readonly DeletedRecord[] {
    return sorted(this.#deleted);
  }

  purge(name: string): void {
    this.#deleted.delete(name.toLowerCase());
  }

  /** Lets happen what time alone does to deleted certificates: recovery goes through, retention ends. */
  settle(now: Date): void {
    for (const [key, deleted] of this.#deleted) {
      if (deleted.recoveredAt !== undefined && deleted.recoveredAt <= now) {
        this.#deleted.delete(key);
        this.#live.set(key, deleted.record);
      } else if (deleted.purgeAt <= now) {
        this.#deleted.delete(key);
      }
    }
  }
}

const sorted = <T>(map: ReadonlyMap<string, T>): readonly T[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

/** The newest version by its date of creation; of two of one moment the later one. */
export function currentVersion(record: CertificateRecord): Version | undefined {
  return record.versions.reduce<Version | undefined>(
    (newest, version) => (newest === undefined || version.created >= newest.created ? version : newest),
    undefined,
  );
}
