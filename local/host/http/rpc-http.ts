import type { HostRequest, HostResponse } from './exchange.ts';

/** The request as the library reads it (functions-host protocol, `RpcHttpData`). */
export function rpcRequest(request: HostRequest, parameters: Readonly<Record<string, string>>): object {
  return {
    method: request.method,
    url: request.url.href,
    nullableHeaders: nullable(request.headers),
    nullableParams: nullable(parameters),
    ...(request.body.length === 0 ? {} : { body: { bytes: request.body } }),
  };
}

function nullable(values: Readonly<Record<string, string>>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

interface RpcResponse {
  readonly statusCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly RpcCookie[];
  readonly body?: { readonly bytes?: Uint8Array; readonly string?: string } | null;
}

export interface RpcCookie {
  readonly name: string;
  readonly value: string;
  readonly domain?: { readonly value: string };
  readonly path?: { readonly value: string };
  readonly expires?: { readonly value: { readonly seconds: number } };
  readonly secure?: { readonly value: boolean };
  readonly httpOnly?: { readonly value: boolean };
  readonly sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
  readonly maxAge?: { readonly value: number };
}

/** The library's answer for the client. A handler that returned nothing gives 204. */
export function rpcResponse(http: unknown): HostResponse {
  if (http === undefined || http === null) return { status: 204 };
  const { statusCode = '200', headers = {}, cookies = [], body } = http as RpcResponse;
  const setCookie = cookies.length === 0 ? {} : { 'set-cookie': cookies.map(cookieHeader) };
  const content = body?.bytes ?? body?.string;
  return {
    status: Number(statusCode),
    headers: { ...headers, ...setCookie },
    ...(content === undefined ? {} : { body: content }),
  };
}

const SAME_SITE = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' } as const;

export function cookieHeader(cookie: RpcCookie): string {
  const { expires, maxAge } = cookie;
  const sameSite = SAME_SITE[cookie.sameSite ?? 'none'];
  return [
    `${encodeURIComponent(cookie.name)}=${encodeURIComponent(cookie.value)}`,
    expires && `expires=${new Date(expires.value.seconds * 1000).toUTCString()}`,
    maxAge && `max-age=${maxAge.value}`,
    cookie.domain && `domain=${cookie.domain.value}`,
    cookie.path && `path=${cookie.path.value}`,
    cookie.secure?.value === true && 'secure',
    sameSite && `samesite=${sameSite.toLowerCase()}`,
    cookie.httpOnly?.value === true && 'httponly',
  ]
    .filter((part) => typeof part === 'string')
    .join('; ');
}
