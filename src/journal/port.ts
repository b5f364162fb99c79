/** What a step records. `key` is step + attempt: a second append of the same key changes nothing. */
export interface JournalEntry {
  readonly key: string;
  /** ISO 8601 at the app's clock. */
  readonly at: string;
  /** `intent` before an irreversible act, `result` after it, `decision` and `fact` in between. */
  readonly kind: 'intent' | 'result' | 'decision' | 'fact';
  readonly step: string;
  /** Ids, hashes, counts and reasons: never a key, a token, a body. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** An entry in its chain: `hash` = SHA-256 over the canonical JSON of everything else, `previous` included. */
export interface JournalRecord extends JournalEntry {
  readonly renewalId: string;
  /** 0, 1, 2, … without gaps. */
  readonly sequence: number;
  readonly previous: string;
  readonly hash: string;
}

/** The append-only, hash-linked record: one chain a renewal. Throws `storage-*` or `journal-corrupt`. */
export interface Journal {
  append(renewalId: string, entry: JournalEntry): Promise<JournalRecord>;
  /** The whole chain, verified; empty when nothing was recorded. */
  read(renewalId: string): Promise<readonly JournalRecord[]>;
}
