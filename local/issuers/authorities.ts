import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { RelativeName } from '../../src/certificate/types.ts';
import type { Clock } from '../../src/clock.ts';
import { extensions, signCertificate } from '../transport/x509.ts';
import type { Chance } from '../vault/chance.ts';
import type { KeyPool } from '../vault/keys.ts';

/** What is certified. */
export interface LeafWish {
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly names: readonly string[];
  readonly commonName?: string | undefined;
  /** The whole subject, in place of the common name alone. */
  readonly subject?: readonly RelativeName[];
  /** OIDs; a TLS server by default. */
  readonly purposes?: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface Leaf {
  /** DER. */
  readonly der: Buffer;
  /** Content of the DER INTEGER in hex: with its leading zero, where it has one. */
  readonly serial: string;
}

/** The keys of an emulated CA, in memory: two roots, an intermediate that both have signed, an issuing CA below it. */
export interface Authorities {
  /** DERs: the root of the usual chain and that of the alternate one. */
  roots(): readonly [Buffer, Buffer];
  /** DERs from the issuing CA upwards, without root: the usual way, and the alternate one. */
  chains(): readonly (readonly Buffer[])[];
  /** A chain whose upper intermediate ended yesterday. */
  expiredChain(): readonly Buffer[];
  issue(wish: LeafWish): Leaf;
  /** A key that nobody asked for. */
  strangeKey(): KeyObject;
}

interface Authority {
  readonly name: readonly RelativeName[];
  readonly key: KeyObject;
  readonly der: Buffer;
}

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const COMMON_NAME = '2.5.4.3';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const SERIAL_OCTETS = 16;

export interface AuthoritiesOptions {
  /** Begins the name of each of them: `Stand ACME`. */
  readonly called: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly chance: Chance;
  readonly keyPool: KeyPool | undefined;
}

/** Made at the first question, on the clock of that moment. */
export function createAuthorities(options: AuthoritiesOptions): Authorities {
  let made: ReturnType<typeof makeTree> | undefined;
  const tree = (): ReturnType<typeof makeTree> => {
    made ??= makeTree(options);
    return made;
  };
  return {
    roots: () => [tree().root.der, tree().alternateRoot.der],
    chains() {
      const { issuing, upper, crossed } = tree();
      return [
        [issuing.der, upper.der],
        [issuing.der, crossed],
      ];
    },
    expiredChain() {
      const { issuing, upper, root } = tree();
      const now = options.clock.now().getTime();
      const ended = { notBefore: new Date(now - YEAR), notAfter: new Date(now - 24 * HOUR) };
      return [issuing.der, certifyAuthority(upper, root, ended, options.chance)];
    },
    issue: (wish) => issueLeaf(tree().issuing, wish, options.chance),
    strangeKey: () => newKey(options.keyPool),
  };
}

function makeTree({ called, clock, chance, keyPool }: AuthoritiesOptions) {
  const now = clock.now().getTime();
  const lasting = (years: number) => ({ notBefore: new Date(now - YEAR), notAfter: new Date(now + years * YEAR) });
  const bare = (name: string) => ({ name: [[{ type: COMMON_NAME, value: name }]], key: newKey(keyPool) });
  const selfSigned = (name: string): Authority => {
    const authority = bare(name);
    return { ...authority, der: certifyAuthority(authority, authority, lasting(20), chance) };
  };
  const below = (name: string, parent: Authority, years: number): Authority => {
    const authority = bare(name);
    return { ...authority, der: certifyAuthority(authority, parent, lasting(years), chance) };
  };
  const root = selfSigned(`${called} Root`);
  const alternateRoot = selfSigned(`${called} Alternate Root`);
  const upper = below(`${called} Intermediate`, root, 12);
  const crossed = certifyAuthority(upper, alternateRoot, lasting(12), chance);
  return { root, alternateRoot, upper, crossed, issuing: below(`${called} Issuing CA`, upper, 10) };
}

function certifyAuthority(
  subject: Omit<Authority, 'der'>,
  signer: Omit<Authority, 'der'>,
  life: { readonly notBefore: Date; readonly notAfter: Date },
  chance: Chance,
): Buffer {
  const publicKey = createPublicKey(subject.key);
  return signCertificate({
    subject: subject.name,
    issuer: signer.name,
    ...life,
    publicKey,
    extensions: [
      extensions.basicConstraints(true),
      extensions.keyUsage(['keyCertSign', 'cRLSign']),
      extensions.subjectKeyId(publicKey),
      extensions.authorityKeyId(createPublicKey(signer.key)),
    ],
    signer: signer.key,
    sign: chance.sign,
    serial: chance.serial(),
  });
}

function issueLeaf(issuing: Authority, wish: LeafWish, chance: Chance): Leaf {
  const publicKey = createPublicKey({ key: Buffer.from(wish.spki), format: 'der', type: 'spki' });
  const serial = leafSerial(chance);
  const isRsa = publicKey.asymmetricKeyType === 'rsa';
  const der = signCertificate({
    subject: wish.subject ?? (wish.commonName === undefined ? [] : [[{ type: COMMON_NAME, value: wish.commonName }]]),
    issuer: issuing.name,
    notBefore: wish.notBefore,
    notAfter: wish.notAfter,
    publicKey,
    extensions: [
      extensions.basicConstraints(false, true),
      extensions.keyUsage(isRsa ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature']),
      extensions.extendedKeyUsage(wish.purposes ?? [SERVER_AUTH]),
      extensions.alternativeNames({ dns: wish.names }),
      extensions.subjectKeyId(publicKey),
      extensions.authorityKeyId(createPublicKey(issuing.key)),
    ],
    signer: issuing.key,
    sign: chance.sign,
    serial,
  });
  return { der, serial: serial.toString('hex') };
}

/** Half of them begin with a zero in DER, which has to stay in the ARI id (RFC 9773 4.1). */
function leafSerial(chance: Chance): Buffer {
  const bytes = chance.bytes(SERIAL_OCTETS);
  bytes[0] = (bytes[0] ?? 0) | 0x01;
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function newKey(keyPool: KeyPool | undefined): KeyObject {
  return keyPool?.take('P-256') ?? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
}
