import type { Principal } from '../access.ts';
import type { EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import { jsonResponse } from '../emulator.ts';
import type { VaultOptions } from './call.ts';
import { VaultRefusal } from './errors.ts';

export const vaultAudience = 'https://vault.azure.net';

/** Who is calling; or the challenge that tells the client where to get a token, and for what. */
export function authenticate(request: EmulatorRequest, options: VaultOptions): Principal | EmulatorResponse {
  const { authorization } = request.headers;
  const principal = options.access.authenticate(authorization, vaultAudience);
  if (principal !== undefined) return principal;
  const tenant = options.tenantId ?? '00000000-0000-0000-0000-000000000000';
  const challenge = `Bearer authorization="https://login.windows.net/${tenant}", resource="${vaultAudience}"`;
  const hasToken = authorization !== undefined;
  const message = hasToken
    ? '[BearerReadAccessTokenFailed] Error validating token: signature, audience or lifetime is not valid.'
    : 'AKV10000: Request is missing a Bearer or PoP token.';
  return jsonResponse(401, new VaultRefusal(401, 'Unauthorized', message).toBody(), {
    'www-authenticate': hasToken ? `${challenge}, error="invalid_token"` : challenge,
  });
}
