import { certificateEntries } from './entries/certificates.ts';
import { clusterEntries } from './entries/clusters.ts';
import { placeEntries } from './entries/places.ts';
import { textEntries } from './entries/texts.ts';
import { uploadEntries } from './entries/uploads.ts';
import { wireEntries } from './entries/wires.ts';
import type { Entry } from './entry.ts';

/** Every way in for bytes of others. */
export const entries: readonly Entry[] = [
  ...[...certificateEntries, ...textEntries, ...wireEntries, ...uploadEntries],
  ...[...clusterEntries, ...placeEntries],
];

/** One input of a run, by what it is made from. */
export interface Case {
  readonly entry: Entry;
  readonly index: number;
}

/** The inputs of a run: each entry gets as many as its share is, and never none. */
export function casesOf(inputs: number, only: readonly string[]): readonly Case[] {
  const chosen = entries.filter(({ name }) => only.length === 0 || only.includes(name));
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  return chosen.flatMap((entry) => {
    const count = Math.max(1, Math.ceil((inputs * entry.share) / shares));
    return Array.from({ length: count }, (_, index) => ({ entry, index }));
  });
}
