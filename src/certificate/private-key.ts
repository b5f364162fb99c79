/** As long as a SEQUENCE and its length can be in front of what is looked at. */
const LONGEST_HEADER = 6;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Whether a private key is in what somebody sent as certificates: a PEM block that says so, or DER (bare, or in base64)
 * that begins as PKCS#8, PKCS#1, SEC 1 and PKCS#12 do, with a number, and as no certificate and no PKCS#7 does.
 */
export function holdsPrivateKey(bytes: Uint8Array): boolean {
  if (beginsWithNumber(bytes)) return true;
  const text = textOf(bytes);
  if (/BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key/i.test(text)) return true;
  return bodiesOf(text).some((body) => beginsWithNumber(Buffer.from(body, 'base64')));
}

/** A SEQUENCE whose first element is an INTEGER. */
function beginsWithNumber(der: Uint8Array): boolean {
  if (der[0] !== SEQUENCE) return false;
  const [, length = 0] = der;
  const header = length < 0x80 ? 2 : 2 + (length & 0x7f);
  return header <= LONGEST_HEADER && der[header] === INTEGER;
}

/** Every way in which a file may have been written, the zeros of UTF-16 left out. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1').replaceAll('\0', '');
}

/** What stands between frames, or the whole of a text that has none: of each only the beginning counts. */
function bodiesOf(text: string): readonly string[] {
  return text.split(/-----[A-Z0-9 ]{1,60}-----/).map((part) => part.replace(/[^A-Za-z0-9+/]/g, '').slice(0, 16));
}
