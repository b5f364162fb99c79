import { describe, expect, it } from 'vitest';
import { encode, integer, oid, sequence, set } from '../../../local/transport/der.ts';
import { missingAttributes } from '../../../src/issuers/est-attributes.ts';

const rsa = oid('1.2.840.113549.1.1.1');
const ec = oid('1.2.840.10045.2.1');
const p256 = oid('1.2.840.10045.3.1.7');
const p384 = oid('1.3.132.0.34');
const extensionRequest = oid('1.2.840.113549.1.9.14');
const basicConstraints = oid('2.5.29.19');

const wanted = (...wishes: Parameters<typeof sequence>): string => encode(sequence(...wishes)).toString('base64');
const csr = { keyType: 'P-256', extensions: ['2.5.29.17'] } as const;

describe('attributes that a CSR lacks', () => {
  it.each([
    ['nothing', [], []],
    ['a challenge password', [oid('1.2.840.113549.1.9.7')], ['a challenge password that is linked to the TLS session']],
    ['any RSA key', [rsa], ['a key of the type RSA, in place of P-256']],
    [
      'RSA keys of two sizes',
      [sequence(rsa, set(integer(2048), integer(4096)))],
      ['a key of the type RSA-2048 or RSA-4096, in place of P-256'],
    ],
    ['any EC key', [ec], []],
    ['one of two curves', [sequence(ec, set(p384, p256))], []],
    ['another curve', [sequence(ec, set(p384))], ['a key of the type P-384, in place of P-256']],
    [
      'a curve that nobody here knows',
      [sequence(ec, set(oid('1.3.132.0.10')))],
      ['a key of the type another curve, in place of P-256'],
    ],
    ['RSA or a curve by itself', [rsa, p256], []],
    [
      'an extension by its id (RFC 7030)',
      [sequence(extensionRequest, set(basicConstraints))],
      ['the extension basicConstraints'],
    ],
    [
      'an extension with its value (RFC 9908)',
      [sequence(extensionRequest, set(sequence(sequence(basicConstraints))))],
      ['the extension basicConstraints'],
    ],
    [
      'extensions that are there, or that a CA sets itself',
      [sequence(extensionRequest, set(oid('2.5.29.17'), oid('2.5.29.14')))],
      [],
    ],
    [
      'what this client does not know',
      [oid('1.3.6.1.1.1.1.22'), oid('2.16.840.1.101.3.4.2.2'), oid('1.2.840.10045.4.3.3')],
      [],
    ],
  ])('are told: %s', (_, wishes, words) => {
    expect(missingAttributes(wanted(...wishes), csr)).toEqual(words);
  });

  it('match an RSA key by its size', () => {
    const wish = wanted(sequence(rsa, set(integer(3072))));
    expect(missingAttributes(wish, { ...csr, keyType: 'RSA-3072' })).toEqual([]);
    expect(missingAttributes(wish, { ...csr, keyType: 'RSA-2048' })).toHaveLength(1);
  });

  // RFC 7030 4.5.2.
  it('are found in the example of RFC 7030', () => {
    const example = wanted(
      oid('1.2.840.113549.1.9.7'),
      sequence(ec, set(p384)),
      sequence(extensionRequest, set(oid('1.3.6.1.1.1.1.22'))),
      oid('1.2.840.10045.4.3.3'),
    );
    expect(missingAttributes(example, csr)).toEqual([
      'a challenge password that is linked to the TLS session',
      'a key of the type P-384, in place of P-256',
    ]);
  });

  it.each(['', 'AAAA', 'MAIxAA==', Buffer.from('3003020101', 'hex').toString('base64')])(
    'cannot be read from %j, and that is no bug',
    (text) => {
      expect(() => missingAttributes(text, csr)).toThrow(expect.objectContaining({ code: 'certificate-unreadable' }));
    },
  );
});
