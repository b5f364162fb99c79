import { beingDeleted, beingRecovered, deletedButRecoverable, notFound } from './errors.ts';
import type { CertificateRecord, Contact, DeletedRecord, Issuer, StoredKey, StoredSecret, Version } from './records.ts';

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
