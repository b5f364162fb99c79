import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import type { Delivery, Next } from '../transport/line.ts';

/** What can become of one request. */
export type Mishap = (next: Next) => Promise<Delivery>;

/** An error in place of an answer: nothing was done. Vault and ARM word theirs alike. */
export function says(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Mishap {
  return async () => ({ state: 'whole', response: refusal(status, code, headers) });
}

/** It was done, and an error says that it was not. */
export function deniesIt(status: number, code: string): Mishap {
  return async (next) => {
    await next();
    return { state: 'whole', response: refusal(status, code, {}) };
  };
}

/** The connection ends before the request has arrived. */
export const cut: Mishap = async () => ({ state: 'none' });

/** It was done, and the connection ends before the answer. */
export const loseAnswer: Mishap = async (next) => {
  await next();
  return { state: 'none' };
};

/** It was done, and the connection ends in the middle of the answer. */
export const truncate: Mishap = async (next) => {
  const delivery = await next();
  return delivery.state === 'none' ? delivery : { ...delivery, state: 'half' };
};

/** The request takes its time; real time, whatever the stand's clock says. */
export function comesLate(milliseconds: number): Mishap {
  return async (next) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return next();
  };
}

function refusal(status: number, code: string, headers: Readonly<Record<string, string>>): EmulatorResponse {
  return jsonResponse(status, { error: { code, message: `The stand was told to answer with ${status}.` } }, headers);
}
