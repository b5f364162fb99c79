import type { TypedData } from '../types.ts';

/** How the library sends a value out: text, bytes and numbers as such, all else (booleans too) as JSON. */
export function toTypedData(value: unknown): TypedData | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return { string: value };
  if (value instanceof ArrayBuffer) return { bytes: new Uint8Array(value) };
  if (ArrayBuffer.isView(value)) return { bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  if (typeof value === 'number') return Number.isInteger(value) ? { int: value } : { double: value };
  return { json: JSON.stringify(value) };
}

/** How the library takes a value in. Text that happens to be JSON arrives parsed: "123" becomes a number. */
export function fromTypedData(data: TypedData | undefined): unknown {
  if (data === undefined) return undefined;
  if (data.string !== undefined) return parsedOrText(data.string);
  if (data.json !== undefined) return JSON.parse(data.json);
  return data.bytes ?? data.http ?? data.int ?? data.double;
}

/** What the library produced, with only the member that is set: class instances do not cross a process boundary. */
export function plainTypedData(data: unknown): TypedData | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const { string, json, bytes, int, double, http } = data as TypedData;
  if (string !== undefined) return { string };
  if (json !== undefined) return { json };
  if (bytes !== undefined) return { bytes: new Uint8Array(bytes) };
  if (int !== undefined) return { int };
  if (double !== undefined) return { double };
  return http === undefined ? undefined : { http };
}

function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
