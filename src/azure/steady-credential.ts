import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';
import type { Clock } from '../clock.ts';

/** A token is renewed from here on, while it still serves; sooner when whoever issued it says so. */
const RENEWED_BEFORE_MILLISECONDS = 120_000;
/** With less left than this it would expire on its way. */
const LEAST_MILLISECONDS = 1000;
/** Between two tries to renew one. */
const AGAIN_MILLISECONDS = 10_000;

interface Held {
  readonly token: AccessToken;
  readonly lookAt: number;
}

/**
 * A credential that the Azure clients never ask in the background. They renew a token ahead of its end in a promise that
 * nobody awaits (`tokenCycler` of @azure/core-rest-pipeline and of @azure/keyvault-common): when there is no other until it
 * ends, the rejection is nobody's, and Node ends the process. So each token comes with an end that has passed, which has them
 * ask each time and wait for the answer; tokens are held, and renewed ahead of their end, here. Throws as `credential` does.
 */
export function createSteadyCredential(credential: TokenCredential, clock: Clock): TokenCredential {
  const held = new Map<string, Held>();
  const ask = async (key: string, scopes: string | string[], options: GetTokenOptions): Promise<AccessToken | null> => {
    const token = await credential.getToken(scopes, options);
    if (token !== null) held.set(key, { token, lookAt: 0 });
    return token;
  };
  return {
    async getToken(scopes, options = {}) {
      const { tenantId, enableCae, claims } = options;
      const key = JSON.stringify([scopes, tenantId, enableCae]);
      const one = held.get(key);
      const now = clock.now().getTime();
      // Claims come with the word that what is held is refused.
      if (one === undefined || claims !== undefined || hasEnded(one.token, now))
        return ended(await ask(key, scopes, options));
      if (isOld(one.token, now) && now >= one.lookAt) {
        held.set(key, { ...one, lookAt: now + AGAIN_MILLISECONDS });
        const { abortSignal: _callers, ...others } = options;
        // What is held still serves: whoever finds that it has ended is told why there is no other.
        ask(key, scopes, others).catch(() => undefined);
      }
      return ended(one.token);
    },
  };
}

function hasEnded({ expiresOnTimestamp }: AccessToken, now: number): boolean {
  return expiresOnTimestamp - LEAST_MILLISECONDS < now;
}

function isOld({ expiresOnTimestamp, refreshAfterTimestamp = expiresOnTimestamp }: AccessToken, now: number): boolean {
  return Math.min(refreshAfterTimestamp, expiresOnTimestamp - RENEWED_BEFORE_MILLISECONDS) < now;
}

function ended(token: AccessToken | null): AccessToken | null {
  return token && { token: token.token, expiresOnTimestamp: 0 };
}
