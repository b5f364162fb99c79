import { createHmac } from 'node:crypto';

/** A storage account, as its key opens it. */
export interface AccountKey {
  readonly name: string;
  /** Base64. */
  readonly key: string;
}

export type StorageService = 'blob' | 'table';

interface Signed {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case; with `x-ms-date`, without `date`. */
  readonly headers: Readonly<Record<string, string>>;
}

const signedBlobHeaders = [
  ...['content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date'],
  ...['if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range'],
];

/**
 * The header `authorization` by which an account's key opens one request.
 * See https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
export function sharedKeyAuthorization(service: StorageService, request: Signed, { name, key }: AccountKey): string {
  const text = service === 'blob' ? blobText(request, name) : tableText(request, name);
  return `SharedKey ${name}:${createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64')}`;
}

function blobText({ method, url, headers }: Signed, account: string): string {
  const plain = signedBlobHeaders.map((name) => (isZeroLength(name, headers[name]) ? '' : (headers[name] ?? '')));
  const own = Object.keys(headers)
    .filter((name) => name.startsWith('x-ms-'))
    .sort((a, b) => a.localeCompare(b))
    .map((name) => `${name}:${headers[name]?.trimStart()}`);
  const query = [...url.searchParams]
    .map(([name, value]) => `${name.toLowerCase()}:${value}`)
    .sort((a, b) => (a < b ? -1 : 1));
  return [method, ...plain, ...own, [`/${account}${url.pathname}`, ...query].join('\n')].join('\n');
}

function tableText({ method, url, headers }: Signed, account: string): string {
  const comp = url.searchParams.get('comp');
  const resource = `/${account}${url.pathname}${comp === null ? '' : `?comp=${comp}`}`;
  const md5 = headers['content-md5'] ?? '';
  return [method, md5, headers['content-type'] ?? '', headers['x-ms-date'] ?? '', resource].join('\n');
}

function isZeroLength(name: string, value: string | undefined): boolean {
  return name === 'content-length' && value === '0';
}
