import { malformed } from './problem.ts';

/** base64url of RFC 7515: no padding, no other alphabet. */
export function fromBase64url(value: unknown, what: string): Buffer {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]*$/.test(value)) throw malformed(`${what} is not base64url`);
  return Buffer.from(value, 'base64url');
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A JSON object; anything else is malformed. */
export function readObject(bytes: Uint8Array, what: string): JsonObject {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isObject(value)) return value;
  } catch {
    // Told below, with all else that is no object.
  }
  throw malformed(`${what} is not a JSON object`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that may be absent. */
export function optionalText(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  if (value !== undefined && typeof value !== 'string') throw malformed(`"${name}" is not a string`);
  return value;
}

/** A member that may be absent: a list of texts. */
export function optionalTexts(object: JsonObject, name: string): readonly string[] | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw malformed(`"${name}" is not a list of strings`);
  }
  return value;
}
