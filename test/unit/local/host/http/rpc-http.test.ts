import { expect, test } from 'vitest';
import { cookieHeader, rpcResponse } from '../../../../../local/host/http/rpc-http.ts';

test('gives 204 when the function returned nothing', () => {
  expect(rpcResponse(undefined)).toEqual({ status: 204 });
});

test('maps status, headers, cookies and body', () => {
  const http = {
    statusCode: '201',
    headers: { location: '/x' },
    cookies: [{ name: 'a', value: '1' }],
    body: { bytes: new Uint8Array([1]) },
  };
  expect(rpcResponse(http)).toEqual({
    status: 201,
    headers: { location: '/x', 'set-cookie': ['a=1'] },
    body: new Uint8Array([1]),
  });
});

test('writes every attribute of a cookie', () => {
  const cookie = {
    name: 'n',
    value: 'v 1',
    expires: { value: { seconds: 0 } },
    maxAge: { value: 60 },
    domain: { value: 'd.test' },
    path: { value: '/p' },
    secure: { value: true },
    sameSite: 'strict',
    httpOnly: { value: true },
  } as const;
  expect(cookieHeader(cookie)).toBe(
    'n=v%201; expires=Thu, 01 Jan 1970 00:00:00 GMT; max-age=60; domain=d.test; path=/p; secure; samesite=strict; httponly',
  );
});
