import { expect, test } from 'vitest';
import { fromTypedData, plainTypedData, toTypedData } from '../../../../../local/host/worker/typed-data.ts';

test.each([
  ['text', 'abc', { string: 'abc' }],
  ['an integer', 3, { int: 3 }],
  ['a fraction', 1.5, { double: 1.5 }],
  ['a boolean', true, { json: 'true' }],
  ['an array', [1, 'a'], { json: '[1,"a"]' }],
  ['an object', { a: null }, { json: '{"a":null}' }],
  ['bytes', new Uint8Array([1, 2]), { bytes: new Uint8Array([1, 2]) }],
  ['a buffer of bytes', new Uint8Array([7]).buffer, { bytes: new Uint8Array([7]) }],
  ['nothing', undefined, undefined],
  ['null', null, undefined],
])('sends %s out', (_, value, expected) => {
  expect(toTypedData(value)).toEqual(expected);
});

test.each([
  ['plain text', { string: 'abc' }, 'abc'],
  ['text that is JSON', { string: '{"a":1}' }, { a: 1 }],
  ['text of a number', { string: '123' }, 123],
  ['JSON', { json: '[true]' }, [true]],
  ['an integer', { int: 0 }, 0],
  ['a fraction', { double: 0.5 }, 0.5],
  ['nothing', {}, undefined],
])('takes %s in', (_, data, expected) => {
  expect(fromTypedData(data)).toEqual(expected);
});

test('keeps only the member that is set', () => {
  expect(plainTypedData({ string: undefined, int: 4, http: undefined })).toEqual({ int: 4 });
  expect(plainTypedData({ http: { statusCode: '200' } })).toEqual({ http: { statusCode: '200' } });
  expect(plainTypedData(null)).toBeUndefined();
});
