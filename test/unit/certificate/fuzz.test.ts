import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accept } from '../../../src/certificate/acceptance.ts';
import { readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import { childrenOf, parseDer, rawOf } from '../../../src/certificate/der.ts';
import { readSubject, subjectText } from '../../../src/certificate/names.ts';
import { findCertificates } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { RenewalError } from '../../../src/errors.ts';
import { aWorld, base64 } from '../../builders/certificates.ts';

const world = await aWorld();
const leaf = world.leaf().der;
const { intermediate, csr, request } = world;

/** Honest bytes with a few octets changed, a piece cut out or one put in; or noise altogether. */
function mutated(...sources: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    source: fc.constantFrom(...sources),
    octets: fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 6 }),
    cut: fc.option(fc.tuple(fc.nat(2000), fc.nat(40)), { freq: 4 }),
    put: fc.option(fc.tuple(fc.nat(2000), fc.uint8Array({ maxLength: 12 })), { freq: 4 }),
  });
  const changed = change.map(({ source, octets, cut, put }) => {
    const bytes = [...source];
    for (const [at, octet] of octets) bytes[at % source.length] = octet;
    if (cut !== null) bytes.splice(cut[0] % source.length, cut[1]);
    if (put !== null) bytes.splice(put[0] % source.length, 0, ...put[1]);
    return Uint8Array.from(bytes);
  });
  return fc.oneof({ weight: 9, arbitrary: changed }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) });
}

/** The bytes that the signature is about. What stands around them can be written in more than one way. */
function signedPart(der: Uint8Array): Buffer {
  return Buffer.from(rawOf(childrenOf(parseDer(der, 'the bytes'), 'the bytes')[0], 'the body'));
}

/** Runs it and lets nothing out but the one known error. */
function survives(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof RenewalError)) throw error;
    expect(error.code).toBe('certificate-unreadable');
  }
}

test('reads or refuses 2,000 broken certificates and requests, and never fails otherwise', () => {
  fc.assert(
    fc.property(mutated(leaf, intermediate.der, csr.der), (bytes) => {
      survives(() => readCertificate(bytes));
      survives(() => readCsr(bytes));
    }),
    { numRuns: 2000 },
  );
}, 30_000);

test('verifies or refuses 200 broken requests', async () => {
  await fc.assert(
    fc.asyncProperty(mutated(csr.der), async (bytes) => {
      const verdict = await verifyCsr(bytes).catch((error: unknown) => error);
      if (verdict === true) expect(Buffer.from(bytes).includes(signedPart(csr.der))).toBe(true);
      if (typeof verdict !== 'boolean') expect(verdict).toBeInstanceOf(RenewalError);
    }),
    { numRuns: 200 },
  );
});

test('accepts none of 300 leaves that were changed in what is signed', () => {
  fc.assert(
    fc.property(mutated(leaf), (bytes) => {
      const verdict = accept(request({ answer: base64([bytes, intermediate.der]) }));
      if (verdict.state === 'accepted') expect(Buffer.from(bytes).includes(signedPart(leaf))).toBe(true);
    }),
    { numRuns: 300 },
  );
}, 30_000);

test('finds certificates or says why not in 500 texts of any kind', () => {
  const frame = fc.constantFrom('-----BEGIN CERTIFICATE-----', '-----END CERTIFICATE-----', 'TUlJ', '\r\n', ':', '=');
  fc.assert(
    fc.property(fc.array(fc.oneof(frame, fc.string()), { maxLength: 20 }), (parts) => {
      expect(['read', 'unreadable']).toContain(findCertificates(parts.join('')).state);
    }),
    { numRuns: 500 },
  );
});

test('reads every subject back that it writes', () => {
  const attribute = fc.record({
    type: fc.constantFrom('2.5.4.3', '2.5.4.10', '1.2.3.4'),
    value: fc.string({ unit: 'grapheme' }),
  });
  const name = fc.array(fc.array(attribute, { minLength: 1, maxLength: 2 }), { maxLength: 4 });
  fc.assert(
    fc.property(name, (subject) => {
      expect(readSubject(subjectText(subject))).toEqual(subject);
    }),
    { numRuns: 500 },
  );
});

test('reads or refuses any text as a subject', () => {
  fc.assert(
    fc.property(fc.string(), (text) => survives(() => readSubject(text))),
    { numRuns: 500 },
  );
});
