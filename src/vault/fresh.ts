import type { Clock } from '../clock.ts';

/** A new version of what was read is noticed after this time. */
const FRESH_MILLISECONDS = 5 * 60_000;

/** Answers with what was read of late, and reads again when that is old. A reading that failed is not kept. */
export function fresh<T>(clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let last: { readonly value: Promise<T>; readonly at: number } | undefined;
  return () => {
    const now = clock.now().getTime();
    if (last !== undefined && now - last.at < FRESH_MILLISECONDS) return last.value;
    const reading = { value: read(), at: now };
    last = reading;
    reading.value.catch(() => {
      if (last === reading) last = undefined;
    });
    return reading.value;
  };
}
