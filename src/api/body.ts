import type { z } from 'zod';
import { explain } from '../plan/explain.ts';
import { pathText } from '../plan/problem.ts';
import { callProblem, type FieldProblem, type ProblemDocument } from './problems.ts';

export const BODY_LIMIT_BYTES = 16 * 1024;

/** Either what was asked for, or the problem to answer with. */
export type Read<T> =
  | { readonly state: 'read'; readonly value: T }
  | { readonly state: 'wrong'; readonly problem: ProblemDocument };

/** A body as it came. */
export interface SentBody {
  readonly contentType: string | null;
  readonly body: string;
}

/** Reads a JSON body by its schema; names every wrong field at once. */
export function readBody<T>(
  shape: z.ZodType<T>,
  { contentType, body }: SentBody,
  maximumBytes = BODY_LIMIT_BYTES,
): Read<T> {
  if (!isJson(contentType)) {
    return wrong(callProblem('content-type-unsupported', 'Send the header content-type: application/json.'));
  }
  if (Buffer.byteLength(body) > maximumBytes) {
    return wrong(callProblem('body-too-large', `Send at most ${maximumBytes} bytes.`));
  }
  const json = parseJson(body);
  if (json === undefined) return wrong(callProblem('body-malformed', 'Send one JSON object.'));
  const request = shape.safeParse(json.value);
  if (request.success) return { state: 'read', value: request.data };
  const errors = request.error.issues.flatMap((issue) => explain(issue, json.value)).map(fieldProblemOf);
  return wrong(callProblem('request-invalid', `${errors.length} of the fields are wrong.`, errors));
}

function isJson(contentType: string | null): boolean {
  return /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(contentType?.trim() ?? '');
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fieldProblemOf({ path, problem, fix }: ReturnType<typeof explain>[number]): FieldProblem {
  return { field: pathText(path) || 'body', problem, fix };
}

export function wrong(problem: ProblemDocument): { readonly state: 'wrong'; readonly problem: ProblemDocument } {
  return { state: 'wrong', problem };
}
