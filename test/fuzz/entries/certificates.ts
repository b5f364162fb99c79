import { accept } from '../../../src/certificate/acceptance.ts';
import type { AcceptanceRequest } from '../../../src/certificate/acceptance-rules.ts';
import { readAlternativeNames } from '../../../src/certificate/alternative-names.ts';
import { buildChain } from '../../../src/certificate/chain.ts';
import { constraintViolation, pathLengthOf, strangeCriticalExtensions } from '../../../src/certificate/constraints.ts';
import { csrSubject, readCsr, verifyCsr } from '../../../src/certificate/csr.ts';
import { childrenOf, parseDer, rawOf, reading } from '../../../src/certificate/der.ts';
import { readSubject, subjectText } from '../../../src/certificate/names.ts';
import { derToPem, findCertificates, pemToDer } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { refusal } from '../../../src/issuers/vault-ca-rules.ts';
import { certificates, csr, intermediate, leaf, now, old, requests, root } from '../corpus.ts';
import { bytesOf, type Entry, FindError, textOf } from '../entry.ts';
import { type Chance, type Corpus, mutated } from '../mutate.ts';
import { oddText } from '../mutate-json.ts';

const certificate: Entry = {
  name: 'certificate',
  share: 16,
  make: (chance) => mutated(chance, certificates),
  run(input) {
    const read = readCertificate(bytesOf(input));
    strangeCriticalExtensions(read);
    pathLengthOf(read);
    constraintViolation(read, read);
  },
};

/** Authorities that were changed stand between an honest leaf and an honest root. */
const chain: Entry = {
  name: 'chain',
  share: 8,
  make: (chance) => mutated(chance, certificates),
  run(input) {
    const [changed, honest] = [readCertificate(bytesOf(input)), readCertificate(intermediate)];
    const roots = [readCertificate(root)];
    buildChain({ leaf: readCertificate(leaf), candidates: [changed], roots, now });
    buildChain({ leaf: changed, candidates: [honest, changed], roots, now });
  },
};

const request: Entry = {
  name: 'request',
  share: 10,
  make: (chance) => mutated(chance, requests),
  async run(input) {
    const bytes = bytesOf(input);
    const read = readCsr(bytes);
    csrSubject(bytes);
    if ((await verifyCsr(bytes)) && !includesSigned(bytes, requests)) throw new FindError('a changed request verifies');
    const limits = { maxDays: 90, keys: ['P-256' as const], dnsSuffixes: ['contoso.example'], clientAuth: true };
    const ca = readCertificate(intermediate);
    await refusal({ csr: read, validityDays: 90, limits, ca, now, notAfter: now });
  },
};

const answer: Entry = {
  name: 'answer',
  share: 10,
  make: (chance) => (chance.happens(60) ? base64Of(mutated(chance, [leaf])) : mutated(chance, bundles)),
  run(input) {
    const verdict = accept(acceptanceRequest(input));
    if (verdict.state === 'accepted' && !includesSigned(verdict.leaf.der, [leaf])) {
      throw new FindError('a changed leaf is accepted');
    }
  },
};

const bundle: Entry = {
  name: 'bundle',
  share: 14,
  make: (chance) => mutated(chance, bundles),
  run(input) {
    findCertificates(bytesOf(input));
    findCertificates(textOf(input));
    pemToDer(bytesOf(input));
  },
};

const names: Entry = {
  name: 'names',
  share: 6,
  make: (chance) => mutated(chance, nameBlocks),
  // As its callers do: what they read is a certificate or a request as a whole.
  run: (input) => void reading('the names', () => readAlternativeNames(bytesOf(input))),
};

const subject: Entry = {
  name: 'subject',
  share: 6,
  make: (chance) => (chance.happens(50) ? mutated(chance, subjects).toString() : subjectOf(chance)),
  run: (input) => void subjectText(readSubject(textOf(input))),
};

export const certificateEntries: readonly Entry[] = [certificate, chain, request, answer, bundle, names, subject];

function acceptanceRequest(input: Uint8Array | string): AcceptanceRequest {
  return {
    answer: typeof input === 'string' ? [input, intermediate.toString('base64')] : [textOf(input)],
    csr,
    old,
    profile: { validityDays: 90, minimumDays: 30, maximumDays: 90, keys: ['P-256'] },
    roots: [root],
    intermediates: [intermediate],
    now,
    knownSerials: [],
    startReason: 'sweep',
  };
}

/** What stands around the signed part can be written in more than one way, and means the same. */
function includesSigned(bytes: Uint8Array, honest: readonly Uint8Array[]): boolean {
  return honest.some((one) => {
    const signed = rawOf(childrenOf(parseDer(one, 'an honest one'), 'an honest one')[0], 'the body');
    return Buffer.from(bytes).includes(Buffer.from(signed));
  });
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** PKCS#7 SignedData without signers, as issuers send a chain (RFC 5652). */
function pkcs7(...ders: readonly Uint8Array[]): Buffer {
  const sized = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
  };
  const signedData = Buffer.from('06092a864886f70d010702', 'hex');
  const version = Buffer.from('020101', 'hex');
  const data = Buffer.from('300b06092a864886f70d010701', 'hex');
  const inner = sized(0x30, version, sized(0x31), data, sized(0xa0, ...ders), sized(0x31));
  return sized(0x30, signedData, sized(0xa0, inner));
}

const text = (lines: string): Buffer => Buffer.from(lines);
const bundles: Corpus = [
  text(`${derToPem(leaf)}${derToPem(intermediate)}`),
  text(`\ufeffBag Attributes\r\n  friendlyName: shop\r\n${derToPem(leaf).replaceAll('\n', '\r\n')}`),
  pkcs7(leaf, intermediate),
  text(derToPem(pkcs7(leaf, intermediate), 'PKCS7')),
  text(base64Of(leaf)),
  leaf,
];

const nameBlocks: Corpus = [
  Buffer.from('3019820f7777772e636f6e746f736f2e6578616d706c658706c0a80001ffff', 'hex'),
  Buffer.from(
    '303282047465737487040a000001a018060a2b060104018237140203a00a0c08757365724078 2e79'.replace(' ', ''),
    'hex',
  ),
  Buffer.from('301e8710200 10db8000000000000000000000001810a61406578616d706c6531'.replaceAll(' ', ''), 'hex'),
];

const subjects: Corpus = [
  text('CN=www.contoso.example, O="Contoso, Ltd.", C=GB'),
  text('CN=a\\2c b+OU="x""y", 1.2.840.113549.1.9.1=team@contoso.example ; DC=contoso'),
];

function subjectOf(chance: Chance): string {
  const pieces = Array.from({ length: chance.below(8) }, () =>
    chance.pick([oddText(chance), 'CN=', 'O="', '\\', '+', ', ', '\\c3', '1.2.3=']),
  );
  return pieces.join('');
}
