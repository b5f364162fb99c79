import { describe, expect, it } from 'vitest';
import { isHostName, isHostNameOrWildcard } from '../../../src/plan/host-names.ts';

const label = 'a'.repeat(63);

describe('isHostName', () => {
  const good = ['localhost', 'shop.contoso.example', '3com.example', 'xn--bcher-kva.example', `${label}.example`];
  it.each(good)('takes %s', (text) => {
    expect([isHostName(text), isHostNameOrWildcard(text)]).toEqual([true, true]);
  });

  const bad = [
    '',
    '.',
    'a..b',
    'a.example.',
    '-a.example',
    'a-.example',
    'a_b.example',
    'bücher.example',
    '127.0.0.1',
    '::1',
    'a b.example',
    'a.example\n',
    `a${label}.example`,
    `${`${label}.`.repeat(4)}a`,
  ];
  it.each(bad)('refuses %j', (text) => {
    expect([isHostName(text), isHostNameOrWildcard(text)]).toEqual([false, false]);
  });
});

describe('isHostNameOrWildcard', () => {
  it.each([
    ['*.contoso.example', true],
    ['*.*.contoso.example', false],
    ['a.*.contoso.example', false],
    ['*', false],
    ['a*.contoso.example', false],
  ])('answers %s with %s', (text, expected) => {
    expect(isHostNameOrWildcard(text)).toBe(expected);
  });
});
