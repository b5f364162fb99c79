import { RenewalError } from '../../src/errors.ts';
import type { Chance } from './mutate.ts';

/** One way in for bytes of others. */
export interface Entry {
  readonly name: string;
  /** How often it gets an input, against the others. */
  readonly share: number;
  /** Where the code `bug` is a right answer: what only the app itself writes is read. */
  readonly mayBeBug?: boolean;
  make(chance: Chance): Uint8Array | string;
  /** Gives the product an input. May throw a `RenewalError`; whatever else it throws is a find. */
  run(input: Uint8Array | string): unknown;
}

/** What the product should have said of an input and did not. */
export class FindError extends Error {
  override readonly name = 'FindError';
}

export function bytesOf(input: Uint8Array | string): Buffer {
  return Buffer.from(input as Uint8Array);
}

export function textOf(input: Uint8Array | string): string {
  return typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
}

/** Runs one input; answers what is wrong, or how the product took it: `undefined` problem and a word for the count. */
export async function tryInput(
  entry: Entry,
  input: Uint8Array | string,
): Promise<{ readonly problem?: string; readonly end: 'taken' | 'refused' }> {
  try {
    await entry.run(input);
    return { end: 'taken' };
  } catch (error) {
    if (isForeseen(error) || (entry.mayBeBug === true && error instanceof RenewalError)) return { end: 'refused' };
    const text = error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`;
    return { problem: text.split('\n').slice(0, 8).join('\n'), end: 'refused' };
  }
}

/** The code `bug` is our own word for "this cannot happen": an input must not be able to make it happen. */
export function isForeseen(error: unknown): boolean {
  return error instanceof RenewalError && error.code !== 'bug';
}
