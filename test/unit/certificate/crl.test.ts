import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, createKeys } from '../../../local/pki.ts';
import { signDigest } from '../../../local/vault/sign.ts';
import { type CrlBody, encodeCrl, readCrl } from '../../../src/certificate/crl.ts';
import { assemble, signatureAlgorithmOf } from '../../../src/certificate/issue.ts';

const thisUpdate = new Date('2026-03-01T00:00:00Z');
const nextUpdate = new Date('2026-03-08T00:00:00Z');
const life = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') };

let ca: Authority;
beforeAll(async () => {
  ca = await createAuthority({ subject: 'CN=Unit CA, O=Contoso', ...life });
});

function crl(more: Partial<CrlBody> = {}, signer = ca): Uint8Array {
  const algorithm = signatureAlgorithmOf(signer.details);
  const usual = {
    issuer: ca.details,
    signatureAlgorithm: algorithm.oid,
    thisUpdate,
    nextUpdate,
    number: 7n,
    entries: [],
  };
  const body = encodeCrl({ ...usual, ...more });
  const digest = createHash(algorithm.hash).update(body).digest();
  const signed = signDigest(algorithm.jwa, digest, signer.keys.privateKey);
  if (signed.state !== 'signed') throw new TypeError(signed.state);
  return assemble(body, signed.signature, algorithm);
}

const entry = (serial: string, reason = 'superseded') => ({ serial, reason, revokedAt: thisUpdate });

describe('a CRL', () => {
  it('is read as it was written', () => {
    const entries = [entry('0a'), entry('7f00', 'keyCompromise'), entry('80ff', 'unspecified')];
    const read = readCrl(crl({ entries, number: 2n ** 130n }), ca.details);
    expect(read).toMatchObject({ thisUpdate, nextUpdate, number: 2n ** 130n });
    expect([...(read?.serials ?? [])]).toEqual(['0a', '7f00', '80ff']);
    expect(read?.authorityKeyId).toBe(ca.details.subjectKeyId);
  });

  it('has no list when nothing is revoked', () => {
    const der = Buffer.from(crl());
    expect(readCrl(der, ca.details)?.serials.size).toBe(0);
    // nextUpdate is followed by the extensions at once: RFC 5280 5.1.2.6.
    expect(der.toString('latin1')).toMatch(/260308000000Z\xa0/);
  });

  it('tells each reason by its code, and says nothing of an unspecified one', () => {
    const codes = (reason: string) => Buffer.from(crl({ entries: [entry('0a', reason)] })).toString('hex');
    const reasonCode = (code: string) => `0603551d1504030a01${code}`;
    expect(codes('keyCompromise')).toContain(reasonCode('01'));
    expect(codes('affiliationChanged')).toContain(reasonCode('03'));
    expect(codes('superseded')).toContain(reasonCode('04'));
    expect(codes('cessationOfOperation')).toContain(reasonCode('05'));
    expect(codes('unspecified')).not.toContain('0603551d15');
  });

  it('holds 20,000 entries', () => {
    const entries = Array.from({ length: 20_000 }, (_, index) => entry((0x40_0000_0000 + index).toString(16)));
    expect(readCrl(crl({ entries }), ca.details)?.serials.size).toBe(20_000);
  });

  it.each(['RSA-2048', 'P-384'] as const)('is signed by a %s key', async (keyType) => {
    const other = await createAuthority({ subject: 'CN=Other', ...life, keyType });
    expect(readCrl(crl({ issuer: other.details }, other), other.details)?.number).toBe(7n);
  });

  it('of another key or another name is not one of this CA', async () => {
    const sameName = await createAuthority({ subject: 'CN=Unit CA, O=Contoso', ...life });
    const sameKey = await createAuthority({ subject: 'CN=Other', ...life, keys: ca.keys });
    expect(readCrl(crl({}, sameName), ca.details)).toBeUndefined();
    expect(readCrl(crl({ issuer: sameKey.details }), ca.details)).toBeUndefined();
    expect(readCrl(crl({ issuer: sameKey.details }, sameKey), sameKey.details)?.number).toBe(7n);
  });

  it('with one bit changed is not one of this CA', async () => {
    const der = crl({ entries: [entry('0a')] });
    const at = Buffer.from(der).indexOf(Buffer.from('02010a', 'hex')) + 2;
    const forged = der.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(readCrl(forged, ca.details)).toBeUndefined();
    expect((await createKeys('P-256')).keyType).toBe('P-256');
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('<html>')],
    ['an empty list', Uint8Array.of(0x30, 0)],
    ['a certificate', undefined],
  ])('is not what is %s', (_, bytes) => {
    expect(() => {
      const found = readCrl(bytes ?? ca.der, ca.details);
      if (found === undefined) throw Object.assign(new TypeError('none'), { code: 'certificate-unreadable' });
    }).toThrow(expect.objectContaining({ code: 'certificate-unreadable' }));
  });
});
