/** What a PKCS#10 request asks for besides its names. */
export interface RequestFacts {
  readonly keyUsage: readonly string[];
  readonly hash: string;
}

/** OBJECT IDENTIFIER 2.5.29.15 (keyUsage), and 1.2.840.10045.4.3 (ecdsa-with-SHA2) without its last number, both in DER. */
const KEY_USAGE = Buffer.from('0603551d0f', 'hex');
const ECDSA = Buffer.from('06082a8648ce3d0403', 'hex');
const TRUE = Buffer.from('0101ff', 'hex');

const bits = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
];
const hashes: Readonly<Record<number, string>> = { 2: 'SHA-256', 3: 'SHA-384', 4: 'SHA-512' };

/** Reads a request with an EC key. Object identifiers are found by their bytes: a request holds each of these once. */
export function readRequest(der: Buffer): RequestFacts {
  const number = der.subarray(der.lastIndexOf(ECDSA) + ECDSA.length)[0] ?? 0;
  return {
    keyUsage: keyUsageIn(der),
    hash: der.includes(ECDSA) ? (hashes[number] ?? 'another hash') : 'another algorithm',
  };
}

/** OCTET STRING { BIT STRING { unused bits, octets } }, with or without the flag that makes it critical. */
function keyUsageIn(der: Buffer): readonly string[] {
  const found = der.indexOf(KEY_USAGE);
  if (found < 0) return [];
  const rest = der.subarray(found + KEY_USAGE.length);
  const octets = rest.subarray(0, TRUE.length).equals(TRUE) ? rest.subarray(TRUE.length) : rest;
  const usage = octets[5] ?? 0;
  return bits.filter((_, index) => (usage & (0x80 >> index)) !== 0);
}
