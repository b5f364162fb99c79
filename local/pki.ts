import { generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { noNames } from '../src/certificate/alternative-names.ts';
import { derInteger, derOid, tags, wrap } from '../src/certificate/der.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  type Extension,
  encodeExtension,
  extendedKeyUsage,
  type KeyUsage,
  keyUsage,
  purposes,
  subjectAltName,
  subjectKeyIdentifier,
} from '../src/certificate/extensions.ts';
import { keyIdentifier, newSerial } from '../src/certificate/issue.ts';
import { encodeName, readSubject } from '../src/certificate/names.ts';
import { derToPem } from '../src/certificate/pem.ts';
import { certificateParts, readCertificate } from '../src/certificate/read.ts';
import { encodeBody, encodeSigned } from '../src/certificate/tbs.ts';
import type { AlternativeNames, CertificateDetails, KeyType, RelativeName } from '../src/certificate/types.ts';

/** A key pair of the stand. Unlike those of a vault, its private part may be taken out. */
export interface Keys {
  readonly keyType: KeyType | 'RSA-1024';
  readonly privateKey: KeyObject;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** DER. */
  readonly pkcs8: Uint8Array;
  readonly pkcs8Pem: string;
}

export interface MadeCertificate {
  readonly details: CertificateDetails;
  readonly der: Uint8Array;
  readonly pem: string;
  /** DERs from this certificate to the last one below the root. */
  readonly chain: readonly Uint8Array[];
  readonly chainPem: string;
}

export interface MadeWithKeys extends MadeCertificate {
  readonly keys: Keys;
}

export interface Authority extends MadeWithKeys {
  readonly root: CertificateDetails;
  readonly rootPem: string;
}

/** What is certified. Everything that is optional has an honest default; tests set it to get a dishonest certificate. */
export interface CertificateWish {
  /** As Key Vault takes it: `CN=www.contoso.example, O=Contoso`. */
  readonly subject: string | readonly RelativeName[];
  readonly names?: Partial<AlternativeNames>;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly serial?: string;
  readonly isCa?: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: readonly KeyUsage[];
  /** Dotted OIDs; an empty list leaves the extension out. */
  readonly extendedKeyUsage?: readonly string[];
  readonly hash?: Hash;
  /** Signs in the authority's name with another key: a forgery. */
  readonly forger?: Keys;
  readonly extraExtensions?: readonly Extension[];
}

type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** Makes a key pair in Node's thread pool. RSA takes a tenth of a second and more. */
export async function createKeys(keyType: Keys['keyType']): Promise<Keys> {
  const generate = promisify(generateKeyPair);
  const { privateKey, publicKey } = keyType.startsWith('RSA-')
    ? await generate('rsa', { modulusLength: Number(keyType.slice(4)) })
    : await generate('ec', { namedCurve: keyType });
  return {
    keyType,
    privateKey,
    spki: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' })),
    pkcs8: Uint8Array.from(privateKey.export({ type: 'pkcs8', format: 'der' })),
    pkcs8Pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A root, or with `parent` an intermediate: may sign certificates and CRLs. */
export async function createAuthority(
  wish: CertificateWish & { readonly keyType?: KeyType; readonly keys?: Keys; readonly parent?: Authority },
): Promise<Authority> {
  const keys = wish.keys ?? (await createKeys(wish.keyType ?? 'P-256'));
  const full: CertificateWish = { isCa: true, keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [], ...wish };
  if (wish.parent !== undefined) {
    const made = certify(wish.parent, { ...full, spki: keys.spki });
    return { ...made, keys, root: wish.parent.root, rootPem: wish.parent.rootPem };
  }
  const made = selfSign(full, keys);
  return { ...made, keys, chain: [], chainPem: '', root: made.details, rootPem: made.pem };
}

/** A server certificate with its key, which is made when the wish brings none. */
export async function issue(
  authority: Authority,
  wish: CertificateWish & { readonly keyType?: Keys['keyType']; readonly keys?: Keys },
): Promise<MadeWithKeys> {
  const keys = wish.keys ?? (await createKeys(wish.keyType ?? 'P-256'));
  return { ...certify(authority, { ...wish, spki: keys.spki }), keys };
}

/** A certificate for a public key whose private part is elsewhere, in a vault for instance. */
export function certify(authority: Authority, wish: CertificateWish & { readonly spki: Uint8Array }): MadeCertificate {
  const issuer = {
    name: certificateParts(authority.der).subject,
    keyId: authority.details.subjectKeyId,
    keys: wish.forger ?? authority.keys,
  };
  const made = make(wish, wish.spki, issuer);
  const chain = [made.der, ...authority.chain];
  return { ...made, chain, chainPem: chain.map((der) => derToPem(der)).join('') };
}

/** A certificate that vouches for itself, as Key Vault's issuer `Self` makes them. */
export function selfSign(wish: CertificateWish, keys: Keys): MadeWithKeys {
  const name = encodeName(relativeNames(wish.subject));
  const made = make(wish, keys.spki, { name, keyId: keyIdentifier(keys.spki), keys: wish.forger ?? keys });
  return { ...made, keys, chain: [made.der], chainPem: made.pem };
}

interface Signer {
  readonly name: Uint8Array;
  readonly keyId: string | undefined;
  readonly keys: Keys;
}

function make(
  wish: CertificateWish,
  spki: Uint8Array,
  issuer: Signer,
): Pick<MadeCertificate, 'der' | 'pem' | 'details'> {
  const hash = wish.hash ?? usualHash(issuer.keys);
  const oid = signatureOid(issuer.keys, hash);
  const body = encodeBody({
    serial: wish.serial ?? newSerial(),
    signatureAlgorithm: oid,
    issuer: issuer.name,
    subject: encodeName(relativeNames(wish.subject)),
    notBefore: wish.notBefore,
    notAfter: wish.notAfter,
    spki,
    extensions: extensionsOf(wish, spki, issuer.keyId),
  });
  const der = encodeSigned(body, signDer(body, issuer.keys, hash), oid);
  return { der, pem: derToPem(der), details: readCertificate(der) };
}

function extensionsOf(wish: CertificateWish, spki: Uint8Array, issuerKeyId: string | undefined): readonly Extension[] {
  const names: AlternativeNames = { ...noNames, ...wish.names };
  const eku = wish.extendedKeyUsage ?? [purposes.serverAuth];
  const usage = wish.keyUsage ?? ['digitalSignature', 'keyEncipherment'];
  return [
    basicConstraints(wish.isCa ?? false, wish.pathLength),
    ...(usage.length === 0 ? [] : [keyUsage(usage)]),
    ...(eku.length === 0 ? [] : [extendedKeyUsage(eku)]),
    ...(Object.values(names).flat().length === 0 ? [] : [subjectAltName(names)]),
    ...(issuerKeyId === undefined ? [] : [authorityKeyIdentifier(issuerKeyId)]),
    subjectKeyIdentifier(keyIdentifier(spki)),
    ...(wish.extraExtensions ?? []),
  ];
}

function relativeNames(subject: CertificateWish['subject']): readonly RelativeName[] {
  return typeof subject === 'string' ? readSubject(subject) : subject;
}

export interface CsrWish {
  readonly subject: string | readonly RelativeName[];
  readonly names?: Partial<AlternativeNames>;
  readonly extendedKeyUsage?: readonly string[];
  readonly keys: Keys;
  readonly forger?: Keys;
  readonly hash?: Hash;
}

/** A PKCS#10 request with the extensions that Key Vault asks for, in its order: key usage, EKU, names, basic constraints. */
export function createCsr(wish: CsrWish): Uint8Array {
  const names: AlternativeNames = { ...noNames, ...wish.names };
  const isRsa = wish.keys.keyType.startsWith('RSA-');
  const extensions = [
    keyUsage(isRsa ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature']),
    extendedKeyUsage(wish.extendedKeyUsage ?? [purposes.serverAuth, purposes.clientAuth]),
    ...(Object.values(names).flat().length === 0 ? [] : [subjectAltName(names)]),
    { ...basicConstraints(false), critical: false },
  ];
  const requested = wrap(tags.sequence, ...extensions.map(encodeExtension));
  const attribute = wrap(tags.sequence, derOid('1.2.840.113549.1.9.14'), wrap(tags.set, requested));
  const body = wrap(
    tags.sequence,
    derInteger('00'),
    encodeName(relativeNames(wish.subject)),
    wish.keys.spki,
    wrap(tags.context(0), attribute),
  );
  const signer = wish.forger ?? wish.keys;
  const hash = wish.hash ?? usualHash(signer);
  return encodeSigned(body, signDer(body, signer, hash), signatureOid(signer, hash));
}

function signDer(body: Uint8Array, keys: Keys, hash: Hash): Uint8Array {
  return Uint8Array.from(sign(hash, body, { key: keys.privateKey, dsaEncoding: 'der' }));
}

function usualHash(keys: Keys): Hash {
  if (keys.keyType === 'P-384') return 'sha384';
  return keys.keyType === 'P-521' ? 'sha512' : 'sha256';
}

function signatureOid(keys: Keys, hash: Hash): string {
  const isRsa = keys.keyType.startsWith('RSA-');
  const rsa = { sha1: '5', sha256: '11', sha384: '12', sha512: '13' };
  const ecdsa = { sha1: '1', sha256: '3.2', sha384: '3.3', sha512: '3.4' };
  return isRsa ? `1.2.840.113549.1.1.${rsa[hash]}` : `1.2.840.10045.4.${ecdsa[hash]}`;
}
