/** What a setting's text means, or what is wrong with it. A problem reads as the end of "NAME …". */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function parseBoolean(text: string): Parsed<boolean> {
  if (text === 'true' || text === 'false') return { value: text === 'true' };
  return { problem: `is "${text}"; write true or false` };
}

export function parseName(text: string): Parsed<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(text)) return { value: text };
  return { problem: `is "${text.slice(0, 100)}"; write up to 100 letters, digits, dots, hyphens and underscores` };
}

/** A whole number of at least 1. */
export function parseCount(text: string): Parsed<number> {
  if (/^[1-9]\d{0,5}$/.test(text)) return { value: Number(text) };
  return { problem: `is "${text.slice(0, 100)}"; write a whole number from 1 to 999999` };
}

/** Whole hours of at most a week; 0 says never. */
export function parseHours(text: string): Parsed<number> {
  if (/^(?:0|[1-9]\d{0,2})$/.test(text) && Number(text) <= 168) return { value: Number(text) };
  return { problem: `is "${text.slice(0, 100)}"; write a whole number of hours from 1 to 168, or 0 for never` };
}

export function parseClientId(text: string): Parsed<string> {
  if (UUID.test(text)) return { value: text.toLowerCase() };
  return { problem: `is "${text}"; write the client id (a UUID) of the user-assigned identity` };
}

export function parseWorkspace(text: string): Parsed<string> {
  if (UUID.test(text)) return { value: text.toLowerCase() };
  return {
    problem: `is "${safe(text)}"; write the workspace ID (a UUID) of the workspace, not its name or resource id`,
  };
}

/** An https address without a path, answered without a trailing slash. */
export function parseOrigin(text: string): Parsed<string> {
  const url = httpsUrl(text);
  if (url !== undefined && url.pathname === '/' && url.search === '') return { value: url.origin };
  return { problem: `is "${safe(text)}"; write https:// and a host name, without a path` };
}

/** As `parseOrigin`; a path is fine, because storage emulators put the account there. */
export function parseEndpoint(text: string): Parsed<string> {
  const url = httpsUrl(text);
  if (url !== undefined && url.search === '') return { value: `${url.origin}${url.pathname.replace(/\/$/, '')}` };
  return { problem: `is "${safe(text)}"; write the endpoint as https://<account>.<service>.core.windows.net` };
}

export function parseQueueName(text: string): Parsed<string> {
  if (/^[a-z0-9](?:-?[a-z0-9]){2,62}$/.test(text) && text.length <= 63) return { value: text };
  return {
    problem: `is "${safe(text)}"; write the name of a queue: 3 to 63 lower-case letters, digits, single hyphens`,
  };
}

/** Where the estate file is. */
export type EstateSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'blob'; readonly url: string };

export function parseEstateSource(text: string): Parsed<EstateSource> {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return { value: { kind: 'file', path: text } };
  const url = httpsUrl(text);
  const isBlob = url?.search === '' && url.pathname.split('/').filter(Boolean).length >= 2;
  if (url !== undefined && isBlob) return { value: { kind: 'blob', url: url.href } };
  return { problem: `is "${safe(text)}"; write a file path, or https://<account>/<container>/<blob> without a query` };
}

/**
 * A storage connection string with an account key, for emulators only: it is a secret, so no problem repeats it.
 * In Azure the app's identity opens the storage; a key there would be one secret more to leak and to rotate.
 */
export function parseEmulatorConnection(text: string): Parsed<string> {
  const parts = new Map(text.split(';').map((part) => [part.split('=', 1)[0]?.trim().toLowerCase() ?? '', part]));
  if (parts.has('usedevelopmentstorage')) return { value: text };
  if (!parts.has('tableendpoint') || !parts.has('blobendpoint')) {
    return { problem: 'lacks TableEndpoint or BlobEndpoint; write UseDevelopmentStorage=true or both endpoints' };
  }
  if (/\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)/i.test(text)) {
    return {
      problem: 'points at Azure; set PERENNIAL_TABLE_ENDPOINT and PERENNIAL_BLOB_ENDPOINT, which use the identity',
    };
  }
  return { value: text };
}

function httpsUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.protocol === 'https:' && url.username === '' && url.password === '' && url.hash === '';
  return isPlain ? url : undefined;
}

/** A query may be a shared access signature, and an authority may hold a password: neither belongs into a message. */
function safe(text: string): string {
  return text
    .replace(/\?.*$/s, '?…')
    .replace(/\/\/[^/]*@/, '//…@')
    .slice(0, 200);
}
