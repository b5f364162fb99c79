import { RenewalError } from '../errors.ts';
import type { Dependencies } from './dependencies.ts';

/** Key Vault counts the keys that it makes in ten seconds. */
export const turnSeconds = 10;
const WINDOW = turnSeconds * 1000;
const TRIES = 20;

/**
 * Takes one of the starts that a vault allows in ten seconds; `undefined` when they are used up, so that what is due has to
 * wait. Whatever starts by itself comes by here, and whatever tries again to have its key made: after a long downtime, or when Event Grid tells all at once, a whole vault
 * is due, and its keys are everybody's. The windows are fixed, so that ten seconds across two of them may see twice as
 * many. Answers with the moment of the start.
 */
export async function takeTurn(
  vault: string,
  { rows, clock, startsPerVault }: Pick<Dependencies, 'rows' | 'clock' | 'startsPerVault'>,
): Promise<Date | undefined> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const now = clock.now();
    const window = new Date(Math.floor(now.getTime() / WINDOW) * WINDOW).toISOString();
    const found = await rows.get('starts', vault);
    const count = found?.row.window === window ? found.row.count : 0;
    if (count >= startsPerVault) return undefined;
    try {
      await rows.save('starts', vault, { window, count: count + 1 }, found?.etag);
      return now;
    } catch (error) {
      if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
    }
  }
  // Others take turns faster than this one can: that is as good as none left.
  return undefined;
}
