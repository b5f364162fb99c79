import { pause } from '../rest.ts';

/** Looks until there is something to see, or the time is over: then `undefined`. */
export async function until<T>(
  look: () => Promise<T | undefined>,
  {
    seconds,
    everySeconds,
    signal,
  }: { readonly seconds: number; readonly everySeconds: number; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined || Date.now() >= end) return seen;
    await pause(everySeconds * 1000, signal);
  }
}
