import { expect, test } from 'vitest';
import { parseDer } from '../../../src/certificate/der.ts';
import {
  encodeName,
  isSameName,
  isSameSubject,
  readName,
  readSubject,
  subjectText,
} from '../../../src/certificate/names.ts';
import type { RelativeName } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';

const cn = (value: string): RelativeName => [{ type: '2.5.4.3', value }];
const o = (value: string): RelativeName => [{ type: '2.5.4.10', value }];

const comparisons: readonly (readonly [string, RelativeName[], RelativeName[], boolean, boolean])[] = [
  ['the same', [cn('a'), o('b')], [cn('a'), o('b')], true, true],
  ['case and spaces', [cn(' Web   Server ')], [cn('web server')], true, true],
  ['composed and decomposed letters', [cn('Z\u00fcrich')], [cn('Zu\u0308rich')], true, true],
  ['another order of RDNs', [cn('a'), o('b')], [o('b'), cn('a')], false, true],
  ['another order within an RDN', [[...cn('a'), ...o('b')]], [[...o('b'), ...cn('a')]], true, true],
  ['one RDN of two and two RDNs', [[...cn('a'), ...o('b')]], [cn('a'), o('b')], false, false],
  ['another value', [cn('a')], [cn('b')], false, false],
  ['another type', [cn('a')], [o('a')], false, false],
  ['one more', [cn('a')], [cn('a'), cn('a')], false, false],
  ['a value that looks like two', [cn('a,O=b')], [cn('a'), o('b')], false, false],
];

test.each(comparisons)('compares names: %s', (_, a, b, sameName, sameSubject) => {
  expect(isSameName(a, b)).toBe(sameName);
  expect(isSameSubject(a, b)).toBe(sameSubject);
});

const subjects: readonly (readonly [string, string, readonly RelativeName[]])[] = [
  ['one RDN', 'CN=www.contoso.example', [cn('www.contoso.example')]],
  ['the reverse of DER', 'CN=www, O=Contoso', [o('Contoso'), cn('www')]],
  ['quotes', 'CN=www, O="Contoso, Ltd."', [o('Contoso, Ltd.'), cn('www')]],
  ['doubled quotes', 'O="The ""Firm"""', [o('The "Firm"')]],
  ['escapes', 'O=Contoso\\, Ltd., CN=a\\+b', [cn('a+b'), o('Contoso, Ltd.')]],
  ['several values', 'CN=a + O=b', [[...cn('a'), ...o('b')]]],
  ['semicolons and lower case', 'cn=a;o=b', [o('b'), cn('a')]],
  ['Windows’ word for the state', 'S=Washington', [[{ type: '2.5.4.8', value: 'Washington' }]]],
  ['an OID', '1.2.3=x', [[{ type: '1.2.3', value: 'x' }]]],
  ['nothing', '', []],
];

test.each(subjects)('reads a subject string with %s', (_, text, expected) => {
  expect(readSubject(text)).toEqual(expected);
});

test.each(['www', 'CN', 'CN=a+', 'XX=a', 'CN="a', 'CN=a, ,O=b', '=a'])('refuses the subject string %s', (text) => {
  expect(() => readSubject(text)).toThrow(RenewalError);
});

test('writes a subject so that it reads back, and that it stays on one line', () => {
  const name = [o('Contoso, "Ltd." + #1; <x>'), [...cn(' a\\b '), ...o('two\nlines')]];
  const text = subjectText(name);
  expect(readSubject(text)).toEqual(name);
  expect(text).not.toContain('\n');
  expect(text).toContain('two\\0alines');
});

test('keeps names through DER, letters outside ASCII included', () => {
  const name = [
    [{ type: '2.5.4.6', value: 'GB' }],
    o('Ünited'),
    [{ type: '0.9.2342.19200300.100.1.25', value: 'contoso' }],
    cn('www'),
  ];
  expect(readName(parseDer(encodeName(name), 'the name'), 'the name')).toEqual(name);
});

test('reads old string types', () => {
  const value = (tag: number, hex: string) => {
    const attribute = Buffer.from(
      `0603550403${tag.toString(16).padStart(2, '0')}${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`,
      'hex',
    );
    const wrapped = Buffer.concat([Buffer.from([0x30, attribute.length]), attribute]);
    const set = Buffer.concat([Buffer.from([0x31, wrapped.length]), wrapped]);
    const name = readName(parseDer(Buffer.concat([Buffer.from([0x30, set.length]), set]), 'the name'), 'the name');
    return name[0]?.[0]?.value;
  };
  expect(value(30, '005a00fc')).toBe('Zü');
  expect(value(28, '0000005a0001f600')).toBe('Z😀');
  expect(value(20, '5afc')).toBe('Zü');
  expect(value(4, '00ff')).toBe('#00ff');
  expect(() => value(30, '005a00')).toThrow(RenewalError);
});
