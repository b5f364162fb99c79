import { expect, test } from 'vitest';
import { createKeys } from '../../../local/pki.ts';
import { type DiffClass, type DiffContext, type DiffSubject, diff } from '../../../src/certificate/diff.ts';
import { anAuthority, aWorld, days, type World } from '../../builders/certificates.ts';
import { spkiOf } from '../../builders/public-keys.ts';

const { leaf, keys, intermediate, root } = await aWorld();
const oldKeys = await createKeys('P-256');
const rsa2048 = { spki: spkiOf('RSA-2048') };
const rsa3072 = { spki: spkiOf('RSA-3072') };
const rsa1024 = { spki: spkiOf('RSA-1024') };
const otherIssuer = await anAuthority('CN=Other Issuing', { parent: root });

type Wish = Parameters<World['leaf']>[0];
const usual = { old: { spki: oldKeys.spki, notBefore: days(-60), notAfter: days(30) }, next: { spki: keys.spki } };

function compare(old: Wish, next: Wish, context?: DiffContext) {
  return diff(leaf({ ...usual.old, ...old }).details, leaf({ ...usual.next, ...next }).details, context);
}

const dns = ['www.contoso.example', 'api.contoso.example'];
const server = '1.3.6.1.5.5.7.3.1';
const client = '1.3.6.1.5.5.7.3.2';

const rows: readonly (readonly [string, Wish, Wish, DiffSubject, DiffClass])[] = [
  ['nothing but key and dates', {}, {}, 'subject', 'same'],
  ['a new key', {}, {}, 'key', 'allowed'],
  ['the old key again', {}, { spki: oldKeys.spki }, 'key', 'needs-approval'],
  ['a later end', {}, {}, 'not-after', 'allowed'],
  ['an earlier end', { notAfter: days(91) }, {}, 'not-after', 'needs-approval'],
  ['a shorter life', { notBefore: days(-300) }, {}, 'life', 'allowed'],
  ['the same life', {}, {}, 'life', 'same'],
  ['names in another order', {}, { names: { dns: [...dns].reverse() } }, 'names', 'same'],
  ['names in another case', {}, { names: { dns: dns.map((name) => name.toUpperCase()) } }, 'names', 'same'],
  ['a name less', {}, { names: { dns: ['www.contoso.example'] } }, 'names', 'needs-approval'],
  ['a name more', {}, { names: { dns: [...dns, 'x.example'] } }, 'names', 'needs-approval'],
  ['the common name among the names', { names: { dns: ['api.contoso.example'] } }, {}, 'names', 'same'],
  ['RDNs in another order', {}, { subject: 'C=GB, CN=www.contoso.example, O=Contoso' }, 'subject', 'same'],
  ['another organisation', {}, { subject: 'CN=www.contoso.example, O=Other, C=GB' }, 'subject', 'needs-approval'],
  ['a subject that is left out', { subject: 'CN=www.contoso.example' }, { subject: '' }, 'subject', 'allowed'],
  ['a common name that is there again', { subject: '' }, { subject: 'CN=www.contoso.example' }, 'subject', 'allowed'],
  ['an organisation that is left out', {}, { subject: '' }, 'subject', 'needs-approval'],
  ['two RDNs joined to one', {}, { subject: 'CN=www.contoso.example+O=Contoso, C=GB' }, 'subject', 'needs-approval'],
  ['client use lost', { extendedKeyUsage: [server, client] }, {}, 'extended-key-usage', 'needs-approval'],
  [
    'purposes in another order',
    { extendedKeyUsage: [server, client] },
    { extendedKeyUsage: [client, server] },
    'extended-key-usage',
    'same',
  ],
  ['server use lost', {}, { extendedKeyUsage: [client] }, 'extended-key-usage', 'blocked'],
  ['any use', {}, { extendedKeyUsage: [server, '2.5.29.37.0'] }, 'extended-key-usage', 'blocked'],
  ['key encipherment lost', {}, { keyUsage: ['digitalSignature'] }, 'key-usage', 'allowed'],
  ['an authority', {}, { isCa: true }, 'authority', 'blocked'],
  ['no authority any more', { isCa: true }, {}, 'authority', 'needs-approval'],
  ['the same key type', {}, {}, 'key-type', 'same'],
  ['a stronger key', rsa2048, rsa3072, 'key-type', 'allowed'],
  ['a longer curve', {}, { spki: spkiOf('P-384') }, 'key-type', 'allowed'],
  ['a weaker key', rsa3072, rsa2048, 'key-type', 'needs-approval'],
  ['RSA to EC', rsa2048, {}, 'key-type', 'needs-approval'],
  ['EC to RSA', {}, rsa2048, 'key-type', 'needs-approval'],
  ['a key nobody should use any more', rsa1024, rsa2048, 'key-type', 'needs-approval'],
  ['a key nobody should use', {}, rsa1024, 'key-type', 'blocked'],
  ['the same issuer', {}, {}, 'issuer', 'same'],
  ['another issuer', { authority: otherIssuer }, { authority: intermediate }, 'issuer', 'allowed'],
  ['another signature algorithm', { hash: 'sha384' }, {}, 'signature', 'allowed'],
];

test.each(rows)('classes %s', (_, old, next, what, expected) => {
  const item = compare(old, next).items.find((one) => one.what === what);
  expect(item?.class).toBe(expected);
  expect(item?.old === undefined).toBe(expected === 'same');
});

test('calls the usual renewal allowed', () => {
  expect(compare({}, {}).overall).toBe('allowed');
});

test('is as bad as its worst item', () => {
  expect(compare({}, { names: { dns }, subject: 'CN=other' }).overall).toBe('needs-approval');
  expect(compare({}, { isCa: true, subject: 'CN=other' }).overall).toBe('blocked');
});

test('blocks the old certificate itself', () => {
  const { details } = leaf();
  expect(diff(details, details)).toMatchObject({
    overall: 'blocked',
    items: [{ what: 'certificate' }, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}],
  });
});

test.each(['revoked', 'compromised', 'validity-policy'])(
  'allows an earlier end when the reason is %s',
  (startReason) => {
    const { items } = compare({ notAfter: days(400) }, {}, { startReason });
    expect(items.find((item) => item.what === 'not-after')?.class).toBe('allowed');
  },
);

test('tells the root when it changes', () => {
  const { items } = compare({}, {}, { oldRoot: 'aa', newRoot: 'bb' });
  expect(items).toContainEqual({ what: 'root', class: 'allowed', old: 'aa', new: 'bb' });
  expect(compare({}, {}, { oldRoot: 'aa', newRoot: 'aa' }).items).toContainEqual({ what: 'root', class: 'same' });
});

test('stays small with a hundred names', () => {
  const many = Array.from({ length: 100 }, (_, index) => `host-${index}.contoso.example`);
  expect(JSON.stringify(compare({}, { names: { dns: many } })).length).toBeLessThan(2000);
});
