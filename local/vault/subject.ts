import type { RelativeName } from '../../src/certificate/types.ts';

/** The attribute names of Windows, which Key Vault reads and writes subjects with. */
const attributes: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SERIALNUMBER: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  S: '2.5.4.8',
  STREET: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  T: '2.5.4.12',
  POSTALCODE: '2.5.4.17',
  G: '2.5.4.42',
  I: '2.5.4.43',
  SN: '2.5.4.4',
  DNQ: '2.5.4.46',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  E: '1.2.840.113549.1.9.1',
};

const otherSpellings: Readonly<Record<string, string>> = {
  ST: 'S',
  TITLE: 'T',
  GIVENNAME: 'G',
  GN: 'G',
  SURNAME: 'SN',
  INITIALS: 'I',
  EMAIL: 'E',
  EMAILADDRESS: 'E',
};

const names: ReadonlyMap<string, string> = new Map(Object.entries(attributes).map(([name, oid]) => [oid, name]));

/** `type=value` and what follows it. A quoted value doubles its quotes. */
const part = /\s*([A-Za-z][A-Za-z0-9-]*|(?:OID\.)?\d+(?:\.\d+)+)\s*=\s*("(?:[^"]|"")*"|[^,;+"=]*?)\s*([,;+\r\n]|$)/iy;

/**
 * Reads a subject such as `CN=a, O="b, c"` into RDNs **in the order of the DER**, which is the reverse of the text's.
 * `undefined`: not an X.500 name.
 */
export function parseSubject(text: string): readonly RelativeName[] | undefined {
  const rdns: { type: string; value: string }[][] = [];
  let joined = false;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const [, name = '', quoted = '', separator] = part.exec(text) ?? [];
    const type = oidOf(name);
    const value = quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
    if (type === undefined || value === '' || (type === attributes.C && !/^[A-Za-z]{2}$/.test(value))) return undefined;
    if (joined) rdns.at(-1)?.push({ type, value });
    else rdns.push([{ type, value }]);
    joined = separator === '+';
    // A separator with nothing behind it.
    if (separator !== '' && part.lastIndex === text.length) return undefined;
  }
  return rdns.reverse();
}

function oidOf(name: string): string | undefined {
  if (name === '') return undefined;
  const upper = name.toUpperCase();
  if (/^(OID\.)?\d/.test(upper)) return upper.replace('OID.', '');
  return attributes[otherSpellings[upper] ?? upper];
}

/** Writes RDNs in the order of the DER as Windows does: last one first, `S=` for the state. */
export function renderSubject(rdns: readonly RelativeName[]): string {
  return [...rdns]
    .reverse()
    .map((rdn) => rdn.map(({ type, value }) => `${names.get(type) ?? `OID.${type}`}=${quote(value)}`).join(' + '))
    .join(', ');
}

const quote = (value: string): string =>
  /[,;+"=<>#\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
