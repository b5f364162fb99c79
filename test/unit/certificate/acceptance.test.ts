import { expect, test } from 'vitest';
import { createCsr, createKeys, selfSign } from '../../../local/pki.ts';
import { accept } from '../../../src/certificate/acceptance.ts';
import type { AcceptanceRequest } from '../../../src/certificate/acceptance-rules.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { derContext, derInteger, derOid, tags, wrap } from '../../../src/certificate/der.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import { type Reason, reasons } from '../../../src/renewal/outcomes.ts';
import { anAuthority, aWorld, base64, days, now, type World } from '../../builders/certificates.ts';

const world = await aWorld();
const otherKeys = await createKeys('P-256');
const rsa = await createKeys('RSA-2048');
const weakRsa = await createKeys('RSA-1024');
const { root, intermediate, leaf, request } = world;

const expired = await anAuthority('CN=Contoso Issuing, O=Contoso', { parent: root, notAfter: days(-1) });
const future = await anAuthority('CN=Contoso Future', { parent: root, notBefore: days(1) });
const stranger = await anAuthority('CN=Contoso Root, O=Contoso');
const weakRoot = await anAuthority('CN=Weak Root', { keys: weakRsa });
const rsaRoot = await anAuthority('CN=RSA Root', { keys: rsa });

/** The honest answer with another leaf. */
function withLeaf(...wish: Parameters<World['leaf']>): Partial<AcceptanceRequest> {
  return { answer: base64([leaf(...wish).der, (wish[0]?.authority ?? intermediate).der]) };
}

function withCsr(wish: Partial<Parameters<typeof createCsr>[0]>): Partial<AcceptanceRequest> {
  const subject = 'CN=www.contoso.example, O=Contoso, C=GB';
  const names = { dns: ['www.contoso.example', 'api.contoso.example'] };
  return { csr: readCsr(createCsr({ subject, names, keys: world.keys, ...wish })) };
}

const uri = { uri: ['https://contoso.example/'] };
const dns = ['www.contoso.example', 'api.contoso.example'];
const directoryName = { other: ['a40f300d310b3009060355040a0c0258'.concat('58')] };
const poison = { oid: '1.3.6.1.4.1.11129.2.4.3', critical: true, value: Uint8Array.of(0x05, 0x00) };
const profile = request().profile;

const refusals: readonly (readonly [string, Reason, Partial<AcceptanceRequest>, string])[] = [
  ['more than ten parts', 'chain-too-large', { answer: Array<string>(11).fill('AAAA') }, '11 parts'],
  ['more than a megabyte', 'chain-too-large', { answer: ['A'.repeat(1_048_577)] }, '1048577 characters'],
  [
    'ten bundles of certificates',
    'chain-too-large',
    { answer: Array<string>(6).fill(Buffer.from(intermediate.pem + root.pem).toString('utf8')) },
    '12 certificates',
  ],
  ['nothing', 'chain-unreadable', { answer: [] }, 'empty'],
  ['no base64', 'chain-unreadable', { answer: ['<html>'] }, 'base64'],
  [
    'bytes that are no certificate',
    'chain-unreadable',
    { answer: [Buffer.from('3003020101', 'hex').toString('base64')] },
    '',
  ],
  ['a certificate that was cut off', 'chain-unreadable', { answer: base64([leaf().der.subarray(0, 200)]) }, ''],
  ['a certificate for another key', 'wrong-key', withLeaf({ spki: otherKeys.spki }), 'no certificate'],
  [
    'two certificates for the key',
    'wrong-key',
    { answer: base64([leaf().der, leaf().der, intermediate.der]) },
    '2 certificates',
  ],
  ['only authorities', 'wrong-key', { answer: base64([intermediate.der, root.der]) }, 'no certificate'],
  ['no intermediate', 'chain-broken', { answer: base64([leaf().der]) }, 'no certificate at hand issued'],
  ['another intermediate', 'chain-broken', { answer: base64([leaf().der, future.der]) }, 'no certificate at hand'],
  ['an expired intermediate', 'chain-broken', withLeaf({ authority: expired }), 'expired at'],
  ['an intermediate that is not valid yet', 'chain-broken', withLeaf({ authority: future }), 'not valid before'],
  ['a root of the same name', 'chain-broken', withLeaf({ authority: stranger }), 'no certificate at hand'],
  ['a forged signature', 'chain-broken', withLeaf({ forger: otherKeys }), 'the signature on'],
  ['a pre-certificate', 'chain-broken', withLeaf({ extraExtensions: [poison] }), '1.3.6.1.4.1.11129.2.4.3'],
  [
    'a certificate that vouches for itself',
    'chain-broken',
    {
      answer: base64([
        selfSign({ subject: 'CN=www.contoso.example', names: { dns }, notBefore: now, notAfter: days(90) }, world.keys)
          .der,
      ]),
    },
    'no certificate at hand',
  ],
  ['a name too many', 'names-differ', withLeaf({ names: { dns: [...dns, 'evil.example'] } }), 'evil.example'],
  ['a name too few', 'names-differ', withLeaf({ names: { dns: ['www.contoso.example'] } }), 'api.contoso.example'],
  ['a name of another kind', 'names-differ', withLeaf({ names: { dns, ...uri } }), 'uri:https'],
  ['a name of a kind we do not know', 'names-differ', withLeaf({ names: { dns, ...directoryName } }), 'other:a4'],
  [
    'a name in letters outside ASCII',
    'names-differ',
    {
      ...withCsr({ names: { dns: [...dns, 'bücher.example'] } }),
      ...withLeaf({
        names: { dns, other: [Buffer.from(derContext(2, Buffer.from('bücher.example'))).toString('hex')] },
      }),
    },
    'A-labels',
  ],
  ['a wildcard instead of the name', 'names-differ', withLeaf({ names: { dns: ['*.contoso.example'] } }), '*.contoso'],
  [
    'the common name not among the names',
    'names-differ',
    {
      ...withCsr({ subject: 'CN=cn.contoso.example' }),
      ...withLeaf({ subject: 'CN=cn.contoso.example' }),
    },
    '"dns:cn.contoso.example"',
  ],
  ['a key type that the plan does not have', 'key-not-allowed', { profile: { ...profile, keys: ['P-384'] } }, 'P-256'],
  ['RSA-1024', 'key-not-allowed', { ...withCsr({ keys: weakRsa }), ...withLeaf({ spki: weakRsa.spki }) }, 'unknown'],
  [
    'RSA-2048 beyond 2030',
    'key-not-allowed',
    {
      ...withCsr({ keys: rsa }),
      ...withLeaf({ spki: rsa.spki, notAfter: new Date('2031-01-02T00:00:00Z') }),
    },
    '2030',
  ],
  ['SHA-1', 'signature-not-allowed', withLeaf({ hash: 'sha1' }), '1.2.840.10045.4.1'],
  [
    'SHA-1 with RSA',
    'signature-not-allowed',
    { ...withLeaf({ hash: 'sha1', authority: rsaRoot }), roots: [rsaRoot.der] },
    '1.2.840.113549.1.1.5',
  ],
  [
    'an authority with RSA-1024',
    'signature-not-allowed',
    { ...withLeaf({ authority: weakRoot }), roots: [weakRoot.der] },
    'weaker',
  ],
  ['CA:TRUE', 'is-ca', withLeaf({ isCa: true }), 'basic constraints'],
  [
    'a key usage to sign certificates',
    'is-ca',
    withLeaf({ keyUsage: ['digitalSignature', 'keyCertSign'] }),
    'keyCertSign',
  ],
  ['no key usage', 'usage-differs', withLeaf({ keyUsage: [] }), 'digitalSignature'],
  ['key encipherment only', 'usage-differs', withLeaf({ keyUsage: ['keyEncipherment'] }), 'digitalSignature'],
  ['no extended key usage', 'usage-differs', withLeaf({ extendedKeyUsage: [] }), 'serverAuth'],
  ['clients only', 'usage-differs', withLeaf({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] }), 'serverAuth'],
  ['any purpose', 'usage-differs', withLeaf({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '2.5.29.37.0'] }), 'any purpose'],
  [
    'a start in the future',
    'dates-not-accepted',
    withLeaf({ notBefore: new Date(now.getTime() + 16 * 60_000) }),
    'not valid before',
  ],
  ['an end in the past', 'dates-not-accepted', withLeaf({ notBefore: days(-9), notAfter: days(-1) }), 'expired'],
  ['an end too early', 'dates-not-accepted', withLeaf({ notAfter: days(29) }), '30 days'],
  ['a life too long', 'dates-not-accepted', withLeaf({ notAfter: days(91) }), '90 days'],
  [
    'a serial number of before',
    'serial-reused',
    { ...withLeaf({ serial: 'ab'.repeat(16) }), knownSerials: ['00' + 'AB'.repeat(16)] },
    'abab',
  ],
  [
    'the serial number of the old version',
    'serial-reused',
    { ...withLeaf({ serial: world.old.details.serial }), old: world.old.details },
    '',
  ],
  ['a serial number that was counted', 'serial-reused', withLeaf({ serial: '01020304' }), 'counted, not drawn'],
  ['another subject', 'subject-differs', withLeaf({ subject: 'CN=www.contoso.example, O=Other' }), 'O=Other'],
  ['a lost organisation', 'subject-differs', withLeaf({ subject: 'CN=www.contoso.example' }), 'O=Contoso'],
  ['no subject in place of an organisation', 'subject-differs', withLeaf({ subject: '' }), 'it is empty'],
  [
    'an earlier end than the old one',
    'needs-approval',
    { ...withLeaf({ notAfter: days(31) }), old: leaf({ notAfter: days(40), spki: otherKeys.spki }).details },
    'not-after',
  ],
  [
    'another set of names than the old one',
    'needs-approval',
    { old: leaf({ names: { dns: ['www.contoso.example'] }, spki: otherKeys.spki, notAfter: days(3) }).details },
    'api.contoso.example',
  ],
];

test.each(refusals)('refuses %s as %s', (_, reason, changes, detail) => {
  const verdict = accept(request(changes));
  expect(verdict).toMatchObject({ state: 'refused', reason, detail: expect.stringContaining(detail) });
});

test('has a row for every reason of the acceptance function', () => {
  const all = Object.keys(reasons);
  const own = all.slice(all.indexOf('chain-too-large'), all.indexOf('needs-approval') + 1);
  expect([...new Set(refusals.map(([, reason]) => reason))]).toEqual(own);
});

const three = base64([leaf().der, intermediate.der, root.der]);

function pkcs7(ders: readonly Uint8Array[]): Uint8Array {
  const empty = wrap(tags.set);
  const content = wrap(tags.sequence, derOid('1.2.840.113549.1.7.1'));
  const body = wrap(tags.sequence, derInteger('01'), empty, content, wrap(tags.context(0), ...ders), empty);
  return wrap(tags.sequence, derOid('1.2.840.113549.1.7.2'), wrap(tags.context(0), body));
}

const acceptances: readonly (readonly [string, Partial<AcceptanceRequest>])[] = [
  ['leaf and intermediate', {}],
  ['the root included', { answer: three }],
  ['any order', { answer: [...three].reverse() }],
  ['the same certificate twice', { answer: [...three, ...three.slice(1)] }],
  ['PKCS#7', { answer: base64([pkcs7([root.der, leaf().der, intermediate.der])]) }],
  ['PEM text', { answer: [`Bag Attributes\r\n${derToPem(leaf().der)}${intermediate.pem}`] }],
  ['an intermediate that we know', { answer: base64([leaf().der]), intermediates: [intermediate.der] }],
  ['names in other case', withLeaf({ names: { dns: ['API.contoso.example', 'WWW.Contoso.Example'] } })],
  ['the subject in the opposite order', withLeaf({ subject: 'C=GB, O=Contoso, CN=www.contoso.example' })],
  [
    'no subject in place of a common name that is among the names',
    { ...withCsr({ subject: 'CN=WWW.contoso.example' }), ...withLeaf({ subject: '' }) },
  ],
  ['a start a little in the future', withLeaf({ notBefore: new Date(now.getTime() + 14 * 60_000) })],
  ['an hour of backdating', withLeaf({ notBefore: new Date(now.getTime() - 3_600_000) })],
  ['a serial number of 64 random bits that begins with zeros', withLeaf({ serial: '0102030405' })],
  ['the old version', { old: world.old.details, knownSerials: [world.old.details.serial] }],
  [
    'an earlier end when the old one was revoked',
    { old: leaf({ notAfter: days(400), spki: otherKeys.spki }).details, startReason: 'revoked' },
  ],
];

test.each(acceptances)('accepts %s and puts the chain in order without the root', (_, changes) => {
  const verdict = accept(request(changes));
  expect(verdict).toMatchObject({ state: 'accepted' });
  if (verdict.state !== 'accepted') return;
  expect(verdict.chain).toEqual(base64([verdict.leaf.der, intermediate.der]));
  expect(verdict.leaf.spkiSha256).toBe(world.csr.spkiSha256);
});

test('passes over a second leaf for another key and says so', () => {
  const foreign = leaf({ subject: 'CN=other.example', spki: otherKeys.spki });
  const verdict = accept(request({ answer: base64([foreign.der, leaf().der, intermediate.der]) }));
  expect(verdict).toMatchObject({
    state: 'accepted',
    warnings: ['CN=other.example is not part of the chain and was left out'],
  });
});

test('warns when an authority expires before the certificate, and when an intermediate was added', async () => {
  const brief = await anAuthority('CN=Brief Issuing', { parent: root, notAfter: days(50) });
  const short = leaf({ authority: brief });
  const verdict = accept(request({ answer: base64([short.der]), intermediates: [brief.der] }));
  expect(verdict).toMatchObject({
    state: 'accepted',
    warnings: [
      expect.stringContaining('CN=Brief Issuing expires before the certificate'),
      'CN=Brief Issuing was missing in the answer and was added',
    ],
  });
});

test('gives the diff along when only a person can decide', () => {
  const old = leaf({ notAfter: days(400), spki: otherKeys.spki }).details;
  const verdict = accept(request({ old }));
  expect(verdict).toMatchObject({ state: 'refused', reason: 'needs-approval', diff: { overall: 'needs-approval' } });
});

test('keeps text of the issuer on one line of a detail', () => {
  const verdict = accept(request(withLeaf({ names: { dns: [...dns, 'a\nerror: all is well'] } })));
  expect(verdict).toMatchObject({
    state: 'refused',
    reason: 'names-differ',
    detail: expect.not.stringContaining('\n'),
  });
});

test.each(['RSA-2048', 'P-384'] as const)('accepts an answer for a key of %s', async (keyType) => {
  const other = await aWorld(keyType);
  expect(accept(other.request())).toMatchObject({ state: 'accepted', leaf: { keyType } });
});
