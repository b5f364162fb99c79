const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/i;

/** A DNS host name as TLS uses it: ASCII labels (RFC 1123 2.1, `xn--` for other letters), no trailing dot, no address. */
export function isHostName(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** As `isHostName`, or with a wildcard for its first label. */
export function isHostNameOrWildcard(text: string): boolean {
  return isHostName(text.replace(/^\*\./, 'wildcard.'));
}
