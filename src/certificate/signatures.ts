import { verify } from 'node:crypto';
import { publicKeyOf } from './keys.ts';

/** JSON Web Algorithm names, as Key Vault's keys/sign takes them. */
export type Jwa = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512';

/** A signature algorithm as the vault, Node and X.509 call it. */
export interface SignatureAlgorithm {
  readonly jwa: Jwa;
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly oid: string;
}

const rsa = '1.2.840.113549.1.1';
const ecdsa = '1.2.840.10045.4.3';

/** The algorithms that Perennial signs with and accepts. RSA-PSS is not among them: too many TLS servers refuse it in chains. */
export const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { jwa: 'RS256', hash: 'sha256', oid: `${rsa}.11` },
  { jwa: 'RS384', hash: 'sha384', oid: `${rsa}.12` },
  { jwa: 'RS512', hash: 'sha512', oid: `${rsa}.13` },
  { jwa: 'ES256', hash: 'sha256', oid: `${ecdsa}.2` },
  { jwa: 'ES384', hash: 'sha384', oid: `${ecdsa}.3` },
  { jwa: 'ES512', hash: 'sha512', oid: `${ecdsa}.4` },
];

export function signatureAlgorithm(oid: string): SignatureAlgorithm | undefined {
  return signatureAlgorithms.find((algorithm) => algorithm.oid === oid);
}

export function isEcdsa(algorithm: SignatureAlgorithm): boolean {
  return algorithm.oid.startsWith(ecdsa);
}

export interface SignedBytes {
  readonly signed: Uint8Array;
  /** As X.509 holds it: ECDSA in DER. */
  readonly signature: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

/** True when the signature is the key's; false for anything else, a key that cannot be read included. */
export function isSignedBy({ signed, signature, algorithm, spki }: SignedBytes): boolean {
  const key = publicKeyOf(spki);
  if (key === undefined || key.asymmetricKeyType !== (isEcdsa(algorithm) ? 'ec' : 'rsa')) return false;
  return verify(algorithm.hash, signed, { key, dsaEncoding: 'der' }, signature);
}
