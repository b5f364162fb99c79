import type { AsnType } from 'asn1js';
import { childrenOf, isContext, maximumDerBytes, oidOf, parseDer, rawOf, reading, unreadable } from './der.ts';

/** No honest answer of an issuer is larger. */
export const maximumAnswerBytes = 1024 * 1024;
/** A leaf, its intermediates, the root and some cross-signs still fit. */
export const maximumCertificates = 10;

const signedDataOid = '1.2.840.113549.1.7.2';
const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE'];
const bundleLabels = ['PKCS7', 'CMS'];

/** What a file or an answer held; "too much" is another mistake than "something else". */
export type CertificatesFound =
  | { readonly state: 'read'; readonly ders: readonly Uint8Array[] }
  | { readonly state: 'too-large'; readonly detail: string }
  | { readonly state: 'unreadable'; readonly detail: string };

/**
 * Finds certificates in whatever issuers send: PEM with CRLF, a byte order mark or text between its blocks, PKCS#7 in PEM or
 * DER, one bare DER, or base64 without any frame. Other PEM blocks are passed over. It only cuts: `readCertificate` reads.
 */
export function findCertificates(input: Uint8Array | string): CertificatesFound {
  const bytes = typeof input === 'string' ? Buffer.from(input) : input;
  if (bytes.length > maximumAnswerBytes) {
    return { state: 'too-large', detail: `${bytes.length} bytes, and ${maximumAnswerBytes} are allowed` };
  }
  try {
    return limited(reading('the certificates', () => cut(bytes)));
  } catch (error) {
    return { state: 'unreadable', detail: error instanceof Error ? error.message : String(error) };
  }
}

function limited(ders: readonly Uint8Array[]): CertificatesFound {
  if (ders.length === 0) return { state: 'unreadable', detail: 'there is no certificate in it' };
  if (ders.length > maximumCertificates) {
    return { state: 'too-large', detail: `${ders.length} certificates, and ${maximumCertificates} are allowed` };
  }
  const large = ders.find((der) => der.length > maximumDerBytes);
  if (large !== undefined) {
    return { state: 'too-large', detail: `a certificate of ${large.length} bytes, and ${maximumDerBytes} are allowed` };
  }
  return { state: 'read', ders };
}

/** As `findCertificates`, for callers to whom anything but certificates is an error. */
export function pemToDer(input: Uint8Array | string): readonly Uint8Array[] {
  const found = findCertificates(input);
  if (found.state !== 'read') throw unreadable(`the certificates cannot be read: ${found.detail}`);
  return found.ders;
}

/** One PEM block (RFC 7468): lines of 64 characters, a line feed at the end. */
export function derToPem(der: Uint8Array, label = 'CERTIFICATE'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function cut(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes[0] === 0x30) return cutDer(bytes);
  const text = decodeText(bytes);
  const blocks = blocksOf(text);
  if (blocks.length === 0) return cutDer(decodeBase64(text));
  return blocks.flatMap(({ label, body }) => {
    if (certificateLabels.includes(label)) return cutDer(decodeBase64(body));
    return bundleLabels.includes(label) ? cutDer(decodeBase64(body)) : [];
  });
}

/** A certificate starts with a SEQUENCE, PKCS#7 with an object identifier. */
function cutDer(der: Uint8Array): readonly Uint8Array[] {
  const parts = childrenOf(parseDer(der, 'the answer', maximumAnswerBytes), 'the answer');
  if (parts[0]?.idBlock.tagNumber !== 6) return [der];
  if (oidOf(parts[0], 'PKCS#7') !== signedDataOid) throw unreadable('PKCS#7 without certificates');
  const signedData = childrenOf(childrenOf(parts[1], 'PKCS#7', 0)[0], 'PKCS#7');
  const certificates = signedData.find((block: AsnType) => isContext(block, 0));
  return certificates === undefined ? [] : childrenOf(certificates, 'PKCS#7', 0).map((block) => rawOf(block, 'PKCS#7'));
}

function decodeText(bytes: Uint8Array): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

/** Goes through the text once: a regular expression would search to the end for each frame that is never closed. */
function blocksOf(text: string): readonly { readonly label: string; readonly body: string }[] {
  const blocks: { label: string; body: string }[] = [];
  const begin = /-----BEGIN ([A-Z0-9 ]{1,40})-----/g;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const label = match[1] ?? '';
    const end = text.indexOf(`-----END ${label}-----`, begin.lastIndex);
    if (end === -1) throw unreadable(`the PEM block ${label} has no end`);
    blocks.push({ label, body: text.slice(begin.lastIndex, end) });
    begin.lastIndex = end;
  }
  return blocks;
}

/** Strict: Buffer would drop what it does not know and answer with other bytes. Header lines (RFC 1421) are passed over. */
function decodeBase64(text: string): Uint8Array {
  const joined = text.replace(/^[A-Za-z-]+:.*$/gm, '').replace(/\s+/g, '');
  if (joined === '' || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) throw unreadable('the text is not base64');
  return Uint8Array.from(Buffer.from(joined, 'base64'));
}
