import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { ImportRefusal, SecretRead } from './app-service-types.ts';
import { type Bundle, isSelfIssued, readBundle } from './pfx.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const PKCS12 = 'application/x-pkcs12';
const LEAST_RSA_BITS = 2048;

export type Admission =
  | { readonly state: 'admitted'; readonly bundle: Bundle; readonly version: string }
  | { readonly state: 'refused'; readonly reason: ImportRefusal };

/** May App Service import what it read from the vault? */
export function admit(read: SecretRead): Admission {
  if (read.state === 'forbidden') return refused('vault-forbidden');
  if (read.state !== 'ok') return refused(read.state);
  if (read.contentType !== PKCS12) return refused('not-pkcs12');
  const bundle = readBundle(read.value);
  if (bundle === undefined) return refused('unreadable');
  if (!isKeyAllowed(bundle.leaf)) return refused('key-not-allowed');
  if (!bundle.leaf.keyUsage?.includes(SERVER_AUTH)) return refused('no-server-auth');
  return { state: 'admitted', bundle, version: read.version };
}

function refused(reason: ImportRefusal): Admission {
  return { state: 'refused', reason };
}

function isKeyAllowed({ publicKey }: X509Certificate): boolean {
  if (publicKey.asymmetricKeyType === 'ec') return true;
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  return publicKey.asymmetricKeyType === 'rsa' && bits >= LEAST_RSA_BITS;
}

/** Knows the public CAs' roots. `roots` in PEM; absent: those that Node ships. */
export function createPublicRoots(roots: readonly string[] = rootCertificates): (bundle: Bundle) => boolean {
  let parsed: readonly X509Certificate[] | undefined;
  return ({ path }) => {
    parsed ??= roots.map((pem) => new X509Certificate(pem));
    const last = path.at(-1);
    return last !== undefined && parsed.some((root) => root.raw.equals(last.raw) || isRootOf(root, last));
  };
}

function isRootOf(root: X509Certificate, last: X509Certificate): boolean {
  return !isSelfIssued(last) && last.checkIssued(root) && last.verify(root.publicKey);
}
