import { expect, test } from 'vitest';
import { parseRoute } from '../../../../../local/host/http/route.ts';

test.each([
  ['renewals', '/renewals', {}],
  ['renewals', '/Renewals/', {}],
  ['renewals', '/renewals/x', undefined],
  ['renewals/{id}', '/renewals/a-1', { id: 'a-1' }],
  ['renewals/{id}', '/renewals', undefined],
  ['renewals/{id}', '/renewals/a/b', undefined],
  ['renewals/{id}', '/renewals/..', { id: '..' }],
  ['renewals/{id?}', '/renewals', {}],
  ['renewals/{id?}', '/renewals/x', { id: 'x' }],
  ['renewals/{id=none}', '/renewals', { id: 'none' }],
  ['files/{*rest}', '/files/a/b.txt', { rest: 'a/b.txt' }],
  ['files/{*rest}', '/files', {}],
  ['files/{name}.{extension}', '/files/a.pem', { name: 'a', extension: 'pem' }],
  ['n/{id:int}', '/n/12', { id: '12' }],
  ['n/{id:int}', '/n/x', undefined],
  ['n/{id:range(1,5)}', '/n/6', undefined],
  ['n/{id:length(2,4):alpha}', '/n/abc', { id: 'abc' }],
  ['n/{id:length(2,4):alpha}', '/n/abcde', undefined],
  ['n/{id:guid}', '/n/0f8fad5b-d9cb-469f-a165-70867728950e', { id: '0f8fad5b-d9cb-469f-a165-70867728950e' }],
  ['n/{id:regex(^[[a-z]]$)}', '/n/x', undefined],
  ['n/{id:regex(^[a-z]{{2}}$)}', '/n/ab', { id: 'ab' }],
  ['n/{id:regex(^(a|b)$)?}', '/n', {}],
  ['n/{id:regex(^(a|b)$)?}', '/n/c', undefined],
  ['', '/', {}],
])('%s against %s', (template, path, expected) => {
  expect(parseRoute(template).match(path)).toEqual(expected);
});

test('ranks literals before constrained parameters before parameters before catch-alls', () => {
  const templates = ['a/{*rest}', 'a/{id}', 'a/{id:int}', 'a/b'];
  const ranked = templates.map(parseRoute).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  expect(ranked.map(({ template }) => template)).toEqual(['a/b', 'a/{id:int}', 'a/{id}', 'a/{*rest}']);
});

test.each([
  ['a/{id', /not closed/],
  ['a/{1d}', /is no parameter/],
  ['a/{id:nope}', /no constraint "nope"/],
  ['a/{id:regex([)}', /no regular expression/],
])('refuses %s', (template, message) => {
  expect(() => parseRoute(template)).toThrow(message);
});
