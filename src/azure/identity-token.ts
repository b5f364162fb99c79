import type { TokenCredential } from '@azure/identity';
import { RenewalError } from '../errors.ts';

/** A token of the app's identity for an audience, e.g. `api://perennial-pki`. Throws `RenewalError` with an `issuer-*` code. */
export type IdentityToken = (audience: string) => Promise<string>;

/** Entra ID answers 400 for an audience that it does not know, and nothing but a change there helps. */
const UNKNOWN_AUDIENCE = 400;

export function createIdentityToken(credential: TokenCredential): IdentityToken {
  return async (audience) => {
    const at = `identity: no token for ${audience.slice(0, 200)}`;
    const got = await credential.getToken(`${audience}/.default`).catch((error: unknown) => {
      const { name = 'unknown', statusCode } = error as { name?: string; statusCode?: number };
      const code = statusCode === UNKNOWN_AUDIENCE ? 'issuer-misconfigured' : 'issuer-unreachable';
      throw new RenewalError(code, `${at}: ${statusCode ?? ''} ${name}`.replace('  ', ' '), { cause: error });
    });
    if (got === null) throw new RenewalError('issuer-unreachable', at);
    return got.token;
  };
}
