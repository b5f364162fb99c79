/** Runs work that belongs to the same key one after the other, and work of different keys side by side. */
export function createTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.then(forget, forget);
    function forget(): void {
      if (last.get(key) === settled) last.delete(key);
    }
    last.set(key, settled);
    return turn;
  };
}
