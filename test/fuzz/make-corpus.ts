import { certify, createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { derContext, tags, wrap } from '../../src/certificate/der.ts';
import { extensionOids } from '../../src/certificate/extensions.ts';
import { anAuthority, aWorld, days, type World } from '../builders/certificates.ts';
import type { CorpusFile } from './corpus.ts';

/**
 * The honest certificates and requests that inputs are made from. They stand in a file, because keys and signatures are
 * never the same twice, and a seed must give the same input again: `npm run fuzz -- --make-corpus > test/fuzz/corpus.json`.
 */
export async function makeCorpus(): Promise<CorpusFile> {
  const world = await aWorld();
  const rsa = await createKeys('RSA-2048');
  return {
    root: base64(world.root.der),
    intermediate: base64(world.intermediate.der),
    leaf: base64(world.leaf().der),
    old: base64(world.old.der),
    csr: base64(world.csr.der),
    certificates: (await certificatesOf(world, rsa)).map(base64),
    requests: requestsOf(world, rsa).map(base64),
  };
}

/** RFC 5280 4.2.1.10: names below one domain and addresses of one network, but for one domain. */
const constraints = wrap(
  tags.sequence,
  wrap(
    tags.context(0),
    wrap(tags.sequence, derContext(2, Buffer.from('contoso.example'))),
    wrap(tags.sequence, derContext(7, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0]))),
  ),
  wrap(tags.context(1), wrap(tags.sequence, derContext(2, Buffer.from('secret.contoso.example')))),
);

/** Every kind of name, key and extension that the readers know, and authorities that are constrained. */
async function certificatesOf({ root, intermediate, leaf }: World, rsa: Keys): Promise<Uint8Array[]> {
  const constrained = await anAuthority('CN=Constrained, O=Contoso', {
    parent: root,
    pathLength: 0,
    extraExtensions: [{ oid: extensionOids.nameConstraints, critical: true, value: constraints }],
  });
  const validity = { notBefore: days(0), notAfter: days(90) };
  const many = Array.from({ length: 60 }, (_, at) => `host-${at}.contoso.example`);
  return [
    constrained.der,
    leaf({ authority: constrained, names: { dns: ['www.contoso.example'], ip: ['10.0.0.1'] } }).der,
    leaf({ spki: rsa.spki, names: { dns: many } }).der,
    certify(intermediate, {
      subject: 'CN=Ünïcode, O="Contoso, Ltd.", OU=a\\+b, DC=contoso, E=a@contoso.example, C=GB',
      names: {
        dns: ['*.contoso.example', 'xn--bcher-kva.example'],
        ip: ['10.0.0.1', '2001:db8::1'],
        email: ['team@contoso.example'],
        uri: ['https://contoso.example/a'],
        upn: ['user@contoso.example'],
      },
      ...validity,
      spki: rsa.spki,
    }).der,
    leaf({ isCa: true, keyUsage: ['keyCertSign'], notAfter: new Date('2055-01-01T00:00:00Z') }).der,
  ];
}

function requestsOf({ keys }: World, rsa: Keys): Uint8Array[] {
  return [
    createCsr({ subject: 'CN=rsa.contoso.example', names: { dns: ['rsa.contoso.example'] }, keys: rsa }),
    createCsr({ subject: '', names: { dns: ['a.contoso.example'], ip: ['10.0.0.1'], upn: ['a@b'] }, keys }),
    createCsr({ subject: 'CN=plain, O=Contoso, O=Again', keys }),
  ];
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
