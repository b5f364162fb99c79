import { z } from 'zod';
import { plainText } from './plain-text.ts';

const problem = z.object({ detail: z.string().catch(''), title: z.string().catch(''), reason: z.string().catch('') });

/** What a refusal says, of a problem document (RFC 9457) or any other text: one line, 500 characters at most. */
export function wordsOf({ status, text }: { readonly status: number; readonly text: string }, who: string): string {
  const read = problem.safeParse(jsonOf(text)).data;
  const words = read === undefined ? text : read.detail || read.reason || read.title;
  return plainText(words) || `${who} answered ${status}`;
}

/** `undefined` for what is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
