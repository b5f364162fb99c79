import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificateShape, keyOf, orderShape, pack, unpack } from '../../../src/estate/entity.ts';
import { certificateRow, orderRow } from '../../contract/estate-suite.ts';

describe('keyOf', () => {
  it.each([
    ['www', 'www'],
    ['kv-main|www', 'kv-main|www'],
    ['a/b\\c#d?e', 'a=2fb=5cc=23d=3fe'],
    ['100%=1', '100=25=3d1'],
    ['tab\there', 'tab=09here'],
    ['ü😀', '=c3=bc=f0=9f=98=80'],
  ])('writes %j as %s', (text, key) => {
    expect(keyOf(text)).toBe(key);
  });

  it('gives different texts different keys that tables take', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(keyOf(a) === keyOf(b)).toBe(a === b);
        expect(keyOf(a)).toMatch(/^[\w.:|~=-]{0,500}$/);
      }),
      { numRuns: 30 },
    );
  });
});

describe('pack and unpack', () => {
  it('marks every row with the schema', () => {
    expect(pack(certificateRow('www'))).toMatchObject({ schema: 1, name: 'www', attempt: 0 });
  });

  it('splits what is longer than a table property', () => {
    const row = orderRow('a', { chain: ['A'.repeat(70_000)] });
    const properties = pack(row);
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['chain_0', 'chain_1', 'chain_2']));
    expect(properties).not.toHaveProperty('chain');
    expect(unpack(orderShape, properties)).toEqual(row);
  });

  it('leaves out what is undefined', () => {
    const { dueAt, ...row } = { ...certificateRow('www'), dueAt: undefined };
    expect(unpack(certificateShape, pack({ ...row, dueAt }))).toEqual(row);
  });

  it('reads words of a later app, so that rolling the app back loses nothing', () => {
    const properties = { ...pack(certificateRow('www')), lastReason: 'word-of-tomorrow', added: true };
    expect(unpack(certificateShape, properties)).toEqual({ ...certificateRow('www'), lastReason: 'word-of-tomorrow' });
  });

  it.each([
    ['another schema', { schema: 2 }, 'schema 2'],
    ['no schema', { schema: undefined }, 'schema undefined'],
    ['a wrong type', { attempt: 'one' }, 'attempt'],
    ['an unknown state', { state: 'sleeping' }, 'state'],
  ])('refuses a row with %s', (_, wrong, message) => {
    expect(() => unpack(certificateShape, { ...pack(certificateRow('www')), ...wrong })).toThrow(
      expect.objectContaining({ code: 'bug', message: expect.stringContaining(message) }),
    );
  });
});
