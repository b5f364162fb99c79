import { describe, expect, it } from 'vitest';
import type { JournalRecord } from '../../../src/journal/port.ts';
import { canonicalJson, lineOf, linkRecord, readChain } from '../../../src/journal/record.ts';
import { entry } from '../../contract/journal-suite.ts';

const id = 'www-contoso-AAAA';

function chainOf(...keys: string[]): JournalRecord[] {
  const chain: JournalRecord[] = [];
  for (const key of keys) chain.push(linkRecord(id, entry(key), chain.at(-1)));
  return chain;
}

const lines = (chain: readonly JournalRecord[]): string => chain.map(lineOf).join('');

describe('canonicalJson', () => {
  it.each([
    [{ b: 1, a: 2 }, '{"a":2,"b":1}'],
    [{ a: { d: null, c: [3, 'x'] } }, '{"a":{"c":[3,"x"],"d":null}}'],
    [{ '€': 1, '\r': 2, ö: 3, 1: 4, '😀': 5 }, '{"\\r":2,"1":4,"ö":3,"€":1,"😀":5}'],
    [[1e21, 0.000001, -0], '[1e+21,0.000001,0]'],
  ])('writes %j as RFC 8785 does', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

describe('readChain', () => {
  it('refuses a record that is nested deeper than the stack', () => {
    const [line = ''] = chainOf('a').map(lineOf);
    const deep = line.replace(/"facts":\{[^}]*\}/, `"facts":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
    expect(() => readChain(id, deep)).toThrow(expect.objectContaining({ code: 'journal-corrupt' }));
  });

  it('reads an empty text as an empty chain', () => {
    expect(readChain(id, '')).toEqual([]);
  });

  it('reads back what was linked', () => {
    const chain = chainOf('inspect', 'decide', 'request');
    expect(readChain(id, lines(chain))).toEqual(chain);
  });

  const [first, second, third] = chainOf('inspect', 'decide', 'request') as [
    JournalRecord,
    JournalRecord,
    JournalRecord,
  ];
  const forged = linkRecord(id, entry('decide', { serial: '02' }), first);
  it.each([
    ['a changed fact', lines([first, { ...second, facts: { serial: '02' } }, third]), 'hash'],
    ['a record made anew without its successors', lines([first, forged, third]), 'link to the record before'],
    ['a record removed from the middle', lines([first, third]), 'sequence'],
    ['a record removed from the start', lines([second, third]), 'sequence'],
    ['records in another order', lines([second, first]), 'sequence'],
    ['a record of another renewal', lines([linkRecord('other', entry('inspect'), undefined)]), 'renewal id'],
    ['a member added', lines([first]).replace('{', '{"added":1,'), 'cannot be read'],
    ['white space added', lines([first]).replace(',', ', '), 'bytes'],
    ['a last line that is cut off', lines([first, second]).slice(0, -1), 'cut off'],
    ['something that is no JSON', 'hello\n', 'cannot be read'],
  ])('refuses %s', (_, text, why) => {
    expect(() => readChain(id, text)).toThrow(
      expect.objectContaining({ code: 'journal-corrupt', message: expect.stringContaining(why) }),
    );
  });
});
