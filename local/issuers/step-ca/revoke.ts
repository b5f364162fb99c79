import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { StepCaError } from './errors.ts';
import type { StepCaCall } from './sign.ts';
import type { StepCaServer } from './step-ca.ts';

const HIGHEST_REASON = 10;

/** POST /1.0/revoke (api/revoke.go). A serial number that nobody knows is revoked like any other. */
export async function revoke(
  { tokens, revoked }: StepCaServer,
  { body, audience }: StepCaCall,
): Promise<EmulatorResponse> {
  const { serial, ott, reasonCode = 0, passive } = body;
  if (typeof serial !== 'string' || serial === '') throw new StepCaError(400, 'missing serial.');
  const isReason = typeof reasonCode === 'number' && reasonCode >= 0 && reasonCode <= HIGHEST_REASON;
  if (!isReason) throw new StepCaError(400, 'reasonCode out of bounds.');
  if (passive !== true) throw new StepCaError(501);
  const { sub } = tokens.spend(ott, audience);
  if (sub !== serial) {
    throw new StepCaError(403, `request serial number "${serial}" and token subject "${sub}" do not match.`);
  }
  if (revoked.has(serial)) throw new StepCaError(400, `certificate with serial number '${serial}' is already revoked.`);
  revoked.set(serial, reasonCode);
  return jsonResponse(200, { status: 'ok' });
}
