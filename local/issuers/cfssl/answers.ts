import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';

/** Why cfssl refuses, by the codes of errors/error.go: 1000 times a category, and 400 for whatever has none. */
export class CfsslError extends Error {
  override readonly name = 'CfsslError';
  readonly code: number;
  readonly status: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function answered(result: object): EmulatorResponse {
  return jsonResponse(200, { success: true, result, errors: [], messages: [] }, { 'content-type': 'application/json' });
}

/** Errors are JSON that calls itself text. */
export function failed({ code, message, status }: CfsslError): EmulatorResponse {
  const body = { success: false, result: null, errors: [{ code, message }], messages: [] };
  return { ...jsonResponse(status, body, { 'content-type': 'text/plain; charset=utf-8' }) };
}

/** A JSON object; anything else is an error in the words of Go. */
export function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    throw new CfsslError(400, 'unexpected end of JSON input');
  }
  throw new CfsslError(400, 'json: cannot unmarshal into Go value');
}
