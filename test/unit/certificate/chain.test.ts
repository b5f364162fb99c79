import { expect, test } from 'vitest';
import { type Authority, createKeys } from '../../../local/pki.ts';
import { buildChain } from '../../../src/certificate/chain.ts';
import { derContext, tags, wrap } from '../../../src/certificate/der.ts';
import { type Extension, purposes } from '../../../src/certificate/extensions.ts';
import { anAuthority, aWorld, days, now, type World } from '../../builders/certificates.ts';

const world = await aWorld();
const { root, intermediate, leaf } = world;
const oldRoot = await anAuthority('CN=Old Root');
/** The new root, vouched for by the old one, as authorities do when they change roots. */
const crossSigned = await anAuthority('CN=Contoso Root, O=Contoso', { keys: root.keys, parent: oldRoot });

function detailsOf(...made: readonly { readonly details: Authority['details'] }[]) {
  return made.map(({ details }) => details);
}

function build(parts: {
  readonly leaf?: ReturnType<World['leaf']>;
  readonly candidates: readonly Authority[];
  readonly roots: readonly Authority[];
}) {
  const { details } = parts.leaf ?? leaf();
  const chain = buildChain({
    leaf: details,
    candidates: detailsOf(...parts.candidates),
    roots: detailsOf(...parts.roots),
    now,
  });
  if (chain.state === 'broken') return chain.detail;
  return [...chain.certificates.slice(1), chain.root].map(
    ({ subjectText, issuerText }) => `${subjectText} < ${issuerText}`,
  );
}

test('goes from the leaf to a pinned root, in whatever order the candidates come', () => {
  const expected = [
    'CN=Contoso Issuing, O=Contoso < CN=Contoso Root, O=Contoso',
    'CN=Contoso Root, O=Contoso < CN=Contoso Root, O=Contoso',
  ];
  expect(build({ candidates: [intermediate], roots: [root] })).toEqual(expected);
  expect(build({ candidates: [root, oldRoot, intermediate], roots: [oldRoot, root] })).toEqual(expected);
});

test('takes the cross-sign when only the old root is pinned, and the shorter way when both are', () => {
  expect(build({ candidates: [crossSigned, intermediate, root], roots: [oldRoot] })).toEqual([
    'CN=Contoso Issuing, O=Contoso < CN=Contoso Root, O=Contoso',
    'CN=Contoso Root, O=Contoso < CN=Old Root',
    'CN=Old Root < CN=Old Root',
  ]);
  expect(build({ candidates: [crossSigned, intermediate], roots: [oldRoot, root] })).toHaveLength(2);
});

test('tries the other path when one of two cross-signs has expired', async () => {
  const expired = await anAuthority('CN=Contoso Issuing, O=Contoso', {
    keys: intermediate.keys,
    parent: root,
    notAfter: days(-1),
  });
  expect(build({ candidates: [expired, intermediate], roots: [root] })).toHaveLength(2);
  expect(build({ candidates: [expired], roots: [root] })).toMatch(/CN=Contoso Issuing, O=Contoso expired at/);
});

test('ends when authorities vouch for each other in a ring', async () => {
  const keys = await Promise.all(Array.from({ length: 3 }, () => createKeys('P-256')));
  const own = await Promise.all(keys.map((key, index) => anAuthority(`CN=Ring ${index}`, { keys: key })));
  const ring = await Promise.all(
    own.flatMap((parent) =>
      own
        .filter((one) => one !== parent)
        .map((one) => anAuthority(one.details.subjectText, { keys: one.keys, parent })),
    ),
  );
  const [first] = own;
  expect(
    build({ leaf: leaf(first === undefined ? {} : { authority: first }), candidates: ring, roots: [root] }),
  ).toMatch(/no certificate at hand issued/);
});

test('takes a pinned certificate that vouches for itself as its own chain', () => {
  const chain = buildChain({ leaf: root.details, candidates: [], roots: [root.details], now });
  expect(chain).toEqual({ state: 'built', certificates: [root.details], root: root.details });
});

const anyCritical: Extension = { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) };

const unfit: readonly (readonly [string, Partial<Parameters<typeof anAuthority>[1]>, RegExp])[] = [
  ['is no authority', { isCa: false }, /is not an authority/],
  ['may not sign certificates', { keyUsage: ['cRLSign'] }, /may not sign certificates/],
  ['has no key usage', { keyUsage: [] }, /may not sign certificates/],
  ['is for mail only', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] }, /TLS servers/],
  ['has expired', { notAfter: days(-1) }, /expired at/],
  ['is not valid yet', { notBefore: days(1) }, /not valid before/],
  ['has an unknown critical extension', { extraExtensions: [anyCritical] }, /not understood: 1\.2\.3\.4/],
];

test.each(unfit)('refuses an intermediate that %s', async (_, wish, detail) => {
  const bad = await anAuthority('CN=Bad Issuing', { parent: root, ...wish });
  expect(build({ leaf: leaf({ authority: bad }), candidates: [bad], roots: [root] })).toMatch(detail);
});

test('refuses an expired root, and takes an old one that has no key usage', async () => {
  const expired = await anAuthority('CN=Expired Root', { notAfter: days(-1) });
  const plain = await anAuthority('CN=Plain Root', { keyUsage: [] });
  expect(build({ leaf: leaf({ authority: expired }), candidates: [], roots: [expired] })).toMatch(/expired at/);
  expect(build({ leaf: leaf({ authority: plain }), candidates: [], roots: [plain] })).toHaveLength(1);
});

test('takes an intermediate that is limited to TLS servers', async () => {
  const limited = await anAuthority('CN=TLS Issuing', { parent: root, extendedKeyUsage: [purposes.serverAuth] });
  expect(build({ leaf: leaf({ authority: limited }), candidates: [limited], roots: [root] })).toHaveLength(2);
});

test('counts the authorities below one that limits them', async () => {
  const short = await anAuthority('CN=Short Root', { pathLength: 0 });
  const below = await anAuthority('CN=Below', { parent: short });
  expect(build({ leaf: leaf({ authority: short }), candidates: [], roots: [short] })).toHaveLength(1);
  expect(build({ leaf: leaf({ authority: below }), candidates: [below], roots: [short] })).toMatch(/fewer authorities/);
});

/** NameConstraints with one permitted or excluded subtree. */
function nameConstraints(kind: 'permitted' | 'excluded', base: Uint8Array): Extension {
  const subtrees = wrap(tags.context(kind === 'permitted' ? 0 : 1), wrap(tags.sequence, base));
  return { oid: '2.5.29.30', critical: true, value: wrap(tags.sequence, subtrees) };
}

const dns = (name: string) => derContext(2, Buffer.from(name));
const ip = (...octets: number[]) => derContext(7, Uint8Array.from(octets));
const email = (text: string) => derContext(1, Buffer.from(text));
const ten = { names: { dns: ['www.contoso.example'], ip: ['10.1.2.3'] } };
const mail = { names: { dns: ['www.contoso.example'], email: ['ops@contoso.example'] } };
const web = { names: { dns: ['www.contoso.example'], uri: ['https://www.contoso.example/x'] } };
const six = { names: { dns: ['www.contoso.example'], ip: ['2001:db8::1'] } };

const constraints: readonly (readonly [string, Extension, Parameters<World['leaf']>[0], RegExp | undefined])[] = [
  ['the domain', nameConstraints('permitted', dns('contoso.example')), {}, undefined],
  ['the domain with a dot', nameConstraints('permitted', dns('.contoso.example')), {}, undefined],
  ['another domain', nameConstraints('permitted', dns('fabrikam.example')), {}, /forbid/],
  ['a domain that only ends alike', nameConstraints('permitted', dns('toso.example')), {}, /forbid/],
  ['all but the domain', nameConstraints('excluded', dns('contoso.example')), {}, /forbid/],
  ['all but another domain', nameConstraints('excluded', dns('fabrikam.example')), {}, undefined],
  ['the network', nameConstraints('permitted', ip(10, 0, 0, 0, 255, 0, 0, 0)), ten, undefined],
  ['another network', nameConstraints('permitted', ip(10, 2, 0, 0, 255, 255, 0, 0)), ten, /10\.1\.2\.3/],
  ['a network of the other family', nameConstraints('permitted', ip(10, 0, 0, 0, 255, 0, 0, 0)), six, /2001:db8::1/],
  ['no addresses at all', nameConstraints('excluded', ip(0, 0, 0, 0, 0, 0, 0, 0)), ten, /forbid/],
  ['the mailbox', nameConstraints('permitted', email('ops@contoso.example')), mail, undefined],
  ['the mail host', nameConstraints('permitted', email('contoso.example')), mail, undefined],
  ['mail hosts below', nameConstraints('permitted', email('.contoso.example')), mail, /ops@/],
  ['the host of URIs', nameConstraints('permitted', derContext(6, Buffer.from('contoso.example'))), web, undefined],
  ['another host of URIs', nameConstraints('permitted', derContext(6, Buffer.from('a.example'))), web, /https/],
  ['a directory', nameConstraints('permitted', wrap(0xa4, wrap(tags.sequence))), {}, /form 4 is not understood/],
];

test.each(constraints)('keeps an authority to its names when it is allowed %s', async (_, extension, wish, detail) => {
  const limited = await anAuthority('CN=Limited Issuing', { parent: root, extraExtensions: [extension] });
  const built = build({ leaf: leaf({ ...wish, authority: limited }), candidates: [limited], roots: [root] });
  if (detail === undefined) expect(built).toHaveLength(2);
  else expect(built).toMatch(detail);
});
