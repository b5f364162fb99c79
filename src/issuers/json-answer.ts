import type { z } from 'zod';
import type { IssuerAnswer } from './http.ts';

/** An answer's body, when it is JSON of that shape. */
export function readJson<T>({ text }: Pick<IssuerAnswer, 'text'>, shape: z.ZodType<T>): T | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return shape.safeParse(value).data;
}
