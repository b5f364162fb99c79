import type { StandClock } from '../../clock.ts';
import { isObject } from '../acme/json.ts';
import { isSignedWith, type PublicKey } from '../acme/public-key.ts';
import { StepCaError } from './errors.ts';

export interface Provisioner {
  readonly name: string;
  readonly key: PublicKey;
}

export interface TokenClaims {
  readonly sub: string;
  /** Names that may be certified; empty: that of `sub`. */
  readonly sans: readonly string[];
}

/** Judges one-time tokens: of everything that is wrong with them the client learns nothing but 401. */
export interface Tokens {
  /** Throws a `StepCaError`; a token that was good is good no more. */
  spend(token: unknown, audience: string): TokenClaims;
}

const LEEWAY_SECONDS = 60;

export function createTokens(clock: Pick<StandClock, 'now'>, provisioner: Provisioner): Tokens {
  const spent = new Set<string>();
  return {
    spend(token, audience) {
      if (token === undefined || token === '') throw new StepCaError(400, 'missing ott.');
      const claims = signedClaims(String(token), provisioner);
      const now = clock.now().getTime() / 1000;
      const isNow = within(claims.nbf, now, LEEWAY_SECONDS) && within(now, claims.exp, LEEWAY_SECONDS);
      const isFor = claims.iss === provisioner.name && [claims.aud].flat().includes(audience);
      const { sub, sans, jti } = claims;
      const id = typeof jti === 'string' ? jti : String(token);
      if (!isNow || !isFor || typeof sub !== 'string' || sub === '' || spent.has(id)) throw new StepCaError(401);
      spent.add(id);
      return { sub, sans: Array.isArray(sans) && sans.length > 0 ? sans.map(String) : [sub] };
    },
  };
}

/** A missing end is no end, a missing beginning no beginning, as in go-jose. */
function within(earlier: unknown, later: unknown, leeway: number): boolean {
  return typeof earlier !== 'number' || typeof later !== 'number' || earlier <= later + leeway;
}

function signedClaims(token: string, { key }: Provisioner): Readonly<Record<string, unknown>> {
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  const header = parsed(head);
  const isOurs = header?.alg === key.algorithm && header.kid === key.thumbprint && rest.length === 0;
  const isSigned = isOurs && isSignedWith(key, Buffer.from(`${head}.${body}`), Buffer.from(signature, 'base64url'));
  const claims = parsed(body);
  if (!isSigned || claims === undefined) throw new StepCaError(401);
  return claims;
}

function parsed(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
