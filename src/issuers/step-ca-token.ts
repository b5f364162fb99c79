import { sha256Hex } from '../certificate/fingerprint.ts';
import { pemToDer } from '../certificate/pem.ts';
import type { Clock } from '../clock.ts';
import type { StepCaPlan } from '../plan/issuers/step-ca.ts';
import type { VaultKey } from '../vault/port.ts';
import { thumbprint } from './acme-jws.ts';
import { algorithmOf, encodedPart, signText } from './key-signature.ts';

/** What a one-time token is for. */
export interface TokenWish {
  /** Path of the call that it is for. */
  readonly path: '/1.0/sign' | '/1.0/revoke';
  /** The common name, or the serial number. */
  readonly subject: string;
  /** The names that may be certified, all of them and no others. */
  readonly names?: readonly string[];
}

export interface TokenSource {
  readonly plan: Pick<StepCaPlan, 'url' | 'provisioner' | 'roots'>;
  readonly key: VaultKey;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (size: number) => Uint8Array;
}

/** Clocks that differ by less do no harm; the CA allows for a minute besides. */
const BACKDATED_SECONDS = 60;
const LIFE_SECONDS = 300;
const ID_OCTETS = 16;

/**
 * A one-time token of a JWK provisioner: a JWT (RFC 7519) that the newest version of its key has signed. The CA knows the key
 * by its thumbprint (RFC 7638), and takes each `jti` once.
 */
export async function oneTimeToken(
  { plan, key, clock, random }: TokenSource,
  { path, subject, names }: TokenWish,
): Promise<string> {
  const version = await key.newest();
  const now = Math.floor(clock.now().getTime() / 1000);
  const [root] = plan.roots.flatMap((pem) => pemToDer(pem));
  const header = { alg: algorithmOf(version.jwk), kid: thumbprint(version.jwk), typ: 'JWT' };
  const claims = {
    aud: `${baseUrl(plan.url)}${path}`,
    iss: plan.provisioner,
    sub: subject,
    ...(names && { sans: names }),
    ...(root && { sha: sha256Hex(root) }),
    jti: Buffer.from(random(ID_OCTETS)).toString('hex'),
    iat: now,
    nbf: now - BACKDATED_SECONDS,
    exp: now + LIFE_SECONDS,
  };
  const text = `${encodedPart(header)}.${encodedPart(claims)}`;
  return `${text}.${await signText(version, text)}`;
}

export function baseUrl(url: string): string {
  return url.replace(/\/+$/, '');
}
