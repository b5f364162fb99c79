import { constants, createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createKeyPool, type KeyKind, type KeyPool, kindOf, makeKey } from '../../../../local/vault/keys.ts';
import { signDigest } from '../../../../local/vault/sign.ts';
import { verifyDigest } from '../../../../local/vault/verify.ts';

const message = Buffer.from('to be signed');
const digestOf = (hash: string): Buffer => createHash(hash).update(message).digest();
const keys = new Map<KeyKind, KeyObject>();

beforeAll(async () => {
  for (const kind of ['RSA-2048', 'P-256', 'P-384', 'P-521', 'P-256K'] as const) keys.set(kind, await makeKey(kind));
});

const keyOf = (kind: KeyKind): KeyObject => keys.get(kind) ?? expect.unreachable(kind);

describe('signing a digest', () => {
  it.each([
    ['RS256', 'sha256', 'RSA-2048'],
    ['RS384', 'sha384', 'RSA-2048'],
    ['RS512', 'sha512', 'RSA-2048'],
    ['PS256', 'sha256', 'RSA-2048'],
    ['PS384', 'sha384', 'RSA-2048'],
    ['PS512', 'sha512', 'RSA-2048'],
    ['ES256', 'sha256', 'P-256'],
    ['ES384', 'sha384', 'P-384'],
    ['ES512', 'sha512', 'P-521'],
    ['ES256K', 'sha256', 'P-256K'],
  ] as const)('gives a %s signature that OpenSSL verifies', (algorithm, hash, kind) => {
    const signed = signDigest(algorithm, digestOf(hash), keyOf(kind));
    const key = createPublicKey(keyOf(kind));
    const options = algorithm.startsWith('PS')
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key, dsaEncoding: 'ieee-p1363' as const };
    expect(signed.state === 'signed' && verify(hash, message, options, signed.signature)).toBe(true);
  });

  it.each([
    ['an unknown algorithm', 'HS256', 'sha256', 'RSA-2048', 'unknown-algorithm'],
    ['an EC algorithm with an RSA key', 'ES256', 'sha256', 'RSA-2048', 'wrong-key'],
    ['an RSA algorithm with an EC key', 'RS256', 'sha256', 'P-256', 'wrong-key'],
    ['a key on another curve', 'ES384', 'sha384', 'P-256', 'wrong-key'],
    ['a digest of another length', 'RS256', 'sha384', 'RSA-2048', 'wrong-digest'],
  ] as const)('refuses %s', (_title, algorithm, hash, kind, state) => {
    expect(signDigest(algorithm, digestOf(hash), keyOf(kind)).state).toBe(state);
  });
});

describe('verifying a digest', () => {
  const algorithms = [
    ['RS256', 'sha256', 'RSA-2048'],
    ['RS512', 'sha512', 'RSA-2048'],
    ['PS256', 'sha256', 'RSA-2048'],
    ['PS512', 'sha512', 'RSA-2048'],
    ['ES256', 'sha256', 'P-256'],
    ['ES384', 'sha384', 'P-384'],
    ['ES512', 'sha512', 'P-521'],
    ['ES256K', 'sha256', 'P-256K'],
  ] as const;
  const opensslSign = (algorithm: string, hash: string, key: KeyObject): Buffer =>
    algorithm.startsWith('PS')
      ? sign(hash, message, {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        })
      : sign(hash, message, { key, dsaEncoding: 'ieee-p1363' });

  it.each(algorithms)('accepts the %s signature that OpenSSL makes', (algorithm, hash, kind) => {
    const key = keyOf(kind);
    const signed = { digest: digestOf(hash), signature: opensslSign(algorithm, hash, key) };
    expect(verifyDigest(algorithm, signed, key)).toEqual({ state: 'verified', isValid: true });
  });

  it.each(algorithms)(
    'does not accept a %s signature with a bit changed, nor of other content',
    (algorithm, hash, kind) => {
      const key = keyOf(kind);
      const signature = opensslSign(algorithm, hash, key);
      const other = createHash(hash).update('other').digest();
      expect(verifyDigest(algorithm, { digest: other, signature }, key)).toEqual({ state: 'verified', isValid: false });
      for (const at of [1, Math.floor(signature.length / 2), signature.length - 1]) {
        const changed = Buffer.from(signature);
        changed[at] = (changed[at] ?? 0) ^ 1;
        const verified = verifyDigest(algorithm, { digest: digestOf(hash), signature: changed }, key);
        expect(verified).toEqual({ state: 'verified', isValid: false });
      }
    },
  );

  it.each([
    ['nothing', 0],
    ['a signature of another length', 63],
    ['zeros', 64],
  ])('does not accept %s', (_title, length) => {
    const signed = { digest: digestOf('sha256'), signature: Buffer.alloc(length) };
    expect(verifyDigest('ES256', signed, keyOf('P-256'))).toEqual({ state: 'verified', isValid: false });
    expect(verifyDigest('RS256', signed, keyOf('RSA-2048'))).toEqual({ state: 'verified', isValid: false });
  });
});

describe('the key pool', () => {
  it('gives each key away once', async () => {
    const pool: KeyPool = await createKeyPool({ 'P-256': 2 });
    const [first, second] = [pool.take('P-256'), pool.take('P-256')];
    expect(first && kindOf(first)).toBe('P-256');
    expect(first && second?.equals(first)).toBe(false);
    expect([pool.take('P-256'), pool.take('RSA-2048')]).toEqual([undefined, undefined]);
  });
});
