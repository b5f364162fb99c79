import { encode, integer, oid, raw, sequence, set, tagged } from '../transport/der.ts';

const SIGNED_DATA = '1.2.840.113549.1.7.2';
const DATA = '1.2.840.113549.1.7.1';

/** Certificates as PKCS#7 that nobody has signed (RFC 5652 5.1, RFC 8551 3.8). Answers with the DER. */
export function certsOnly(certificates: readonly Uint8Array[]): Buffer {
  const signedData = sequence(
    integer(1),
    set(),
    sequence(oid(DATA)),
    tagged(0, ...certificates.map((der) => raw(der))),
    set(),
  );
  return encode(sequence(oid(SIGNED_DATA), tagged(0, signedData)));
}
