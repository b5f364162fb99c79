import { expect, test } from 'vitest';
import { firstMistake } from '../../../../local/host/json-mistake.ts';

test.each([
  ['{"a": }', 6],
  ['{"a": 1,}', 8],
  ['{"a" 1}', 5],
  ['{a: 1}', 1],
  ['[1 2]', 3],
  ['[true, nul]', 7],
  ['{"a": "\n"}', 6],
  ['{"a": [1, {"b": -}]}', 16],
  ['{"a": 1', 7],
  ['{} x', 3],
  ['// no', 0],
  ['', 0],
])('finds the mistake in %j at %i', (text, position) => {
  expect(firstMistake(text)).toBe(position);
});
