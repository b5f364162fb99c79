import { z } from 'zod';
import { keyTypes } from '../certificate/types.ts';
import { isHostName } from './host-names.ts';

// Every message of this file, and of the schemas made of it, is the end of "write …": `explain.ts` makes problem and fix of it.

/** The beginning of an ARM id, up to its provider. */
export const RESOURCE =
  '/subscriptions/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/resourceGroups/[\\w.()-]{1,90}/providers/';

export const planName = word(/^[0-9A-Za-z][0-9A-Za-z-]{0,62}$/, 'a name: 1 to 63 letters, digits and hyphens');
export const hostName = checked(isHostName, 'a DNS host name in ASCII (xn-- for other letters)').toLowerCase();
export const keys = listOf(choice(keyTypes), { min: 1, what: `a list of key types (${keyTypes.join(', ')})` });

export function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, { error: `a group of the keys ${Object.keys(shape).join(', ')}` });
}

export function union<const T extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]]>(
  kinds: T,
) {
  return z.discriminatedUnion('kind', kinds, { error: 'a group whose key kind is one that is known' });
}

export function named<T extends z.ZodType>(value: T, what: string) {
  return z.record(planName, value, { error: what });
}

export function listOf<T extends z.ZodType>(
  item: T,
  { min = 0, max = 100_000, what }: { min?: number; max?: number; what: string },
) {
  return z.array(item, { error: what }).min(min, { error: what }).max(max, { error: what });
}

export function word(pattern: RegExp, what: string) {
  return z.string({ error: what }).regex(pattern, { error: what });
}

export function checked(test: (text: string) => boolean, what: string) {
  return z.string({ error: what }).refine(test, { error: what });
}

export function choice<const T extends readonly string[]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(', ')}` });
}

export function whole(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

export function httpsUrl(text: string): URL | undefined {
  if (!/^https:\/\/[^/@\s]+(\/|$)/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}
