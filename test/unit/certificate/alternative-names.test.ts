import { expect, test } from 'vitest';
import {
  compareNames,
  encodeAlternativeNames,
  looksLikeDnsName,
  namesToCertify,
  noNames,
  normaliseDnsName,
  readAlternativeNames,
} from '../../../src/certificate/alternative-names.ts';
import type { AlternativeNames } from '../../../src/certificate/types.ts';

const every: AlternativeNames = {
  dns: ['www.contoso.example', '*.contoso.example'],
  ip: ['10.0.0.1', '2001:db8::1', '::', '::1', 'fe80::1:0:0:2'],
  email: ['ops@contoso.example'],
  uri: ['https://contoso.example/Path'],
  upn: ['user@contoso.example'],
  other: ['a40f300d310b3009060355040a0c025858', '88032a0304'],
};

test('keeps names of every form through DER', () => {
  expect(readAlternativeNames(encodeAlternativeNames(every))).toEqual(every);
});

const dnsNames: readonly (readonly [string, string])[] = [
  ['WWW.Contoso.Example', 'www.contoso.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['BÜCHER.example', 'xn--bcher-kva.example'],
  ['*.bücher.example', '*.xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['0x7f.1', '0x7f.1'],
  ['a\u0000.example', 'a\u0000.example'],
];

test.each(dnsNames)('writes the DNS name %j as %j', (name, expected) => {
  expect(normaliseDnsName(name)).toBe(expected);
});

const sets: readonly (readonly [string, Partial<AlternativeNames>, Partial<AlternativeNames>, string[], string[]])[] = [
  ['the same in another order', { dns: ['a.example', 'b.example'] }, { dns: ['b.example', 'a.example'] }, [], []],
  ['twice the same', { dns: ['a.example', 'A.example'] }, { dns: ['a.example'] }, [], []],
  ['U-label and A-label', { dns: ['bücher.example'] }, { dns: ['xn--bcher-kva.example'] }, [], []],
  ['another form', { dns: ['10.0.0.1'] }, { ip: ['10.0.0.1'] }, ['dns:10.0.0.1'], ['ip:10.0.0.1']],
  ['case of mail', { email: ['Ops@a.example'] }, { email: ['ops@A.example'] }, [], []],
  ['case of a path', { uri: ['https://a/X'] }, { uri: ['https://a/x'] }, ['uri:https://a/X'], ['uri:https://a/x']],
  ['a form unknown', {}, { other: ['88032a0304'] }, [], ['other:88032a0304']],
];

test.each(sets)('compares sets of names: %s', (_, a, b, missing, extra) => {
  expect(compareNames({ ...noNames, ...a }, { ...noNames, ...b })).toEqual({ missing, extra });
});

test.each([
  ['www.contoso.example', true],
  ['*.contoso.example', true],
  ['bücher.example', true],
  ['localhost', false],
  ['Contoso Web', false],
  ['10.0.0.1', false],
  ['a..b', false],
  ['user@contoso.example', false],
])('tells whether the common name %s is a DNS name', (name, expected) => {
  expect(looksLikeDnsName(name)).toBe(expected);
});

test('puts a common name that is a DNS name among the names, once', () => {
  const subject = [[{ type: '2.5.4.3', value: 'WWW.contoso.example' }]];
  const named = namesToCertify({ subject, names: { ...noNames, dns: ['api.contoso.example', 'www.contoso.example'] } });
  expect(named.dns).toEqual(['api.contoso.example', 'www.contoso.example']);
  expect(namesToCertify({ subject, names: noNames }).dns).toEqual(['www.contoso.example']);
});
