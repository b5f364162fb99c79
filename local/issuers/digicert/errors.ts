import type { EmulatorResponse } from '../../emulator.ts';

/** `{ errors: [{ code, message }] }`. */
export class DigicertError extends TypeError {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function refused({ status, code, message }: DigicertError): EmulatorResponse {
  return json(status, { errors: [{ code, message }] });
}

export function json(status: number, body: object): EmulatorResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function empty(): EmulatorResponse {
  return { status: 204, headers: {} };
}
