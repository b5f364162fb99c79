import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { RelativeName } from '../../src/certificate/types.ts';
import { extensions, signCertificate } from './x509.ts';

/** What one side of TLS needs, as PEM. */
export interface ServerIdentity {
  readonly key: string;
  /** Its certificate. */
  readonly cert: string;
}

/** The CA that the stand's own listeners are trusted by. It lives in memory, in real time, for one run. */
export interface TransportCa {
  readonly caPem: string;
  /** A new key and certificate for these DNS names and IP addresses; by default the loopback ones. */
  issue(hosts?: readonly string[]): ServerIdentity;
  /** The same, but its life ended an hour ago. */
  issueExpired(hosts?: readonly string[]): ServerIdentity;
  /** For a TLS client of that name; its life may have ended an hour ago. */
  issueClient(name: string, life?: 'valid' | 'expired'): ServerIdentity;
}

const loopback = ['localhost', '127.0.0.1', '::1'];
const commonName = '2.5.4.3';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const HOUR = 3_600_000;
const LIFE = 30 * 24 * HOUR;

export function createTransportCa(): TransportCa {
  const key = ellipticKey();
  const name = nameOf('Perennial stand transport CA');
  const ca = signCertificate({
    subject: name,
    issuer: name,
    ...validity(),
    publicKey: createPublicKey(key),
    extensions: [
      extensions.basicConstraints(true),
      extensions.keyUsage(['keyCertSign', 'cRLSign']),
      extensions.subjectKeyId(createPublicKey(key)),
    ],
    signer: key,
  });
  return {
    caPem: pem(ca),
    issue: (hosts = loopback) => issueServer({ name, key }, { hosts, ...validity() }),
    issueExpired: (hosts = loopback) => issueServer({ name, key }, { hosts, ...validity(-LIFE - HOUR) }),
    issueClient: (client, life = 'valid') =>
      issue({ name, key }, { ...validity(life === 'valid' ? 0 : -LIFE - HOUR), ...clientNamed(client) }),
  };
}

function issueServer(
  issuer: { readonly name: readonly RelativeName[]; readonly key: KeyObject },
  { hosts, ...dates }: { readonly hosts: readonly string[]; readonly notBefore: Date; readonly notAfter: Date },
): ServerIdentity {
  const names = extensions.alternativeNames({
    dns: hosts.filter((host) => isIP(host) === 0),
    ip: hosts.filter((host) => isIP(host) !== 0),
  });
  const subject = nameOf(hosts[0] ?? 'localhost');
  return issue(issuer, { ...dates, subject, extensions: [extensions.extendedKeyUsage([SERVER_AUTH]), names] });
}

const clientNamed = (name: string) => ({
  subject: nameOf(name),
  extensions: [extensions.extendedKeyUsage([CLIENT_AUTH])],
});

interface TransportWish {
  readonly subject: readonly RelativeName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly ReturnType<typeof extensions.extendedKeyUsage>[];
}

function issue(
  issuer: { readonly name: readonly RelativeName[]; readonly key: KeyObject },
  wish: TransportWish,
): ServerIdentity {
  const key = ellipticKey();
  const publicKey = createPublicKey(key);
  const certificate = signCertificate({
    ...wish,
    issuer: issuer.name,
    publicKey,
    extensions: [
      extensions.basicConstraints(false),
      extensions.keyUsage(['digitalSignature']),
      ...wish.extensions,
      extensions.subjectKeyId(publicKey),
      extensions.authorityKeyId(createPublicKey(issuer.key)),
    ],
    signer: issuer.key,
  });
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(certificate) };
}

/** Real time on purpose: TLS stacks check it, whatever the stand's clock says. */
function validity(later = 0): { notBefore: Date; notAfter: Date } {
  const now = Date.now() + later;
  return { notBefore: new Date(now - HOUR), notAfter: new Date(now + LIFE) };
}

const nameOf = (value: string): readonly RelativeName[] => [[{ type: commonName, value }]];
const ellipticKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const pem = (der: Buffer): string => new X509Certificate(der).toString();
