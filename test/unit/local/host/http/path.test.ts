import { expect, test } from 'vitest';
import { below, decodePath } from '../../../../../local/host/http/path.ts';

test.each([
  ['/a%20b', '/a b'],
  ['/a%2Fb/c', '/a%2Fb/c'],
  ['/a%2fb', '/a%2fb'],
  ['/100%', '/100%'],
  ['/%zz', '/%zz'],
  ['/%C3%A9', '/é'],
  ['/a%00b', undefined],
])('decodes %s', (encoded, expected) => {
  expect(decodePath(encoded)).toBe(expected);
});

test.each([
  ['/admin', '/admin', ''],
  ['/Admin/host/status', '/admin', 'host/status'],
  ['/administrator', '/admin', undefined],
  ['/api', '/admin', undefined],
])('%s below %s', (path, prefix, expected) => {
  expect(below(path, prefix)).toBe(expected);
});
