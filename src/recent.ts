/** What was used of late, by key: never more than `limit` entries, of which the one unused for longest goes first. */
export interface Recent<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  forget(key: string): void;
}

export function createRecent<T>(limit: number): Recent<T> {
  const entries = new Map<string, T>();
  const set = (key: string, value: T): void => {
    // A map keeps the order of insertion: whatever is used goes to its end.
    entries.delete(key);
    entries.set(key, value);
    for (const oldest of entries.keys()) {
      if (entries.size <= limit) break;
      entries.delete(oldest);
    }
  };
  return {
    set,
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    forget: (key) => void entries.delete(key),
  };
}
