import { Readable } from 'node:stream';
import { postCallback } from '../../../src/api/callbacks.ts';
import { postWorkerAnswer } from '../../../src/api/relay.ts';
import { readChainUpload, sentChain } from '../../../src/certificate/chain-upload.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { createMemoryRelay } from '../../../src/estate/relayed-memory.ts';
import type { IssuerPlan } from '../../../src/plan/types.ts';
import { sign, signingKeys } from '../../../src/webhook-signature.ts';
import { estateWith } from '../../builders/estate.ts';
import { csr, intermediate, leaf, now, root, rootPem } from '../corpus.ts';
import { bytesOf, type Entry, FindError, textOf } from '../entry.ts';
import { type Corpus, mutated } from '../mutate.ts';
import { mutatedJson } from '../mutate-json.ts';

const chain = derToPem(leaf) + derToPem(intermediate);
/** The beginning of any PKCS#8: what follows does not matter to whoever refuses it. */
const keyDer = Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex');
const uploads: Corpus = [
  Buffer.from(chain),
  Buffer.from(`\ufeffDear all,\r\n${chain.replaceAll('\n', '\r\n')}`),
  Buffer.from(`\ufeff${chain}`, 'utf16le'),
  Buffer.from(chain + derToPem(keyDer, 'PRIVATE KEY')),
  leaf,
  keyDer,
];
const request = { csr, intermediates: [intermediate], roots: [root], now };

const upload: Entry = {
  name: 'upload',
  share: 10,
  make: (chance) => mutated(chance, uploads),
  run(input) {
    const bytes = bytesOf(input);
    const read = readChainUpload(bytes, request);
    sentChain(textOf(input), csr);
    if (read.state === 'refused') return;
    if (/BEGIN [A-Z ]*PRIVATE KEY/.test(bytes.toString('latin1'))) throw new FindError('a private key is taken');
    expectLeaf(read.chain);
  },
};

const reference = 'ab'.repeat(20);
const nonce = 'cd'.repeat(16);
const keys = signingKeys('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', { who: 'fuzz', code: 'bug' });

/** A signed call with this body to an order that waits; answers with the order after it. */
async function called(post: typeof postCallback, at: string, body: string) {
  const relayed = createMemoryRelay();
  const common = { private: true, pollSeconds: 60, answerDays: 30, chain: [], roots: [rootPem], secret: '' };
  const limits = { maxDays: 398, keys: ['P-256' as const], dnsSuffixes: ['contoso.example'] };
  const webhook: IssuerPlan = { ...common, kind: 'webhook', url: '', trust: [], limits };
  const adCs: IssuerPlan = { ...common, kind: 'ad-cs', ca: 'ca\\CA', template: 'Web', retrieveSeconds: 900, limits };
  const times = { createdAt: now.toISOString(), expiresAt: new Date(now.getTime() + 86_400_000).toISOString() };
  const order = {
    reference,
    issuer: at === reference ? 'webhook' : at,
    renewalId: 'r',
    validityDays: 90,
    nonce,
    ...times,
  };
  await relayed.place({ ...order, csr: Buffer.from(csr.der).toString('base64'), state: 'waiting' }, 'key');
  const headers = sign({ id: 'msg_1', at: now, body }, keys);
  const app = {
    clock: { now: () => now },
    relayed,
    random: (size: number) => Buffer.alloc(size, 7),
    estate: async () => estateWith({ webhook, 'ad-cs': adCs }),
    credential: () => ({ value: async () => 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', forget: () => undefined }),
  };
  const answer = await post({ app, base: 'https://app.example' }, at, {
    contentType: 'application/json',
    header: (name) => headers[name] ?? null,
    body: { length: null, stream: Readable.from([Buffer.from(body)]) },
  });
  if (answer.status >= 500 || answer.status === 401) throw new FindError(`a call is answered with ${answer.status}`);
  const found = await relayed.find(reference);
  if (found?.row.state === 'issued' && answer.status !== 200) throw new FindError('what was refused is kept');
  return found?.row;
}

const callback: Entry = {
  name: 'callback',
  share: 6,
  make: (chance) =>
    mutatedJson(chance, [
      JSON.stringify({ reference, state: 'issued', chain }),
      JSON.stringify({ reference, state: 'rejected', reason: 'The owner said no' }),
    ]),
  async run(input) {
    const order = await called(postCallback, reference, textOf(input));
    if (order?.state === 'issued') expectLeaf(order.chain ?? []);
  },
};

const ran = { issuer: 'ad-cs', reference, nonce, outcome: 'ran', exitCode: 0 };

const worker: Entry = {
  name: 'worker',
  share: 4,
  make: (chance) =>
    mutatedJson(chance, [
      JSON.stringify({ ...ran, output: 'RequestId: 7\r\nCertificate retrieved(Issued) Issued', certificates: chain }),
      JSON.stringify({ ...ran, output: 'RequestId: "7"\r\nTaken Under Submission', certificates: '' }),
    ]),
  async run(input) {
    const order = await called((call, at, sent) => postWorkerAnswer(call, at ?? '', sent), 'ad-cs', textOf(input));
    if (order?.requestId !== undefined && !/^\d{1,10}$/.test(order.requestId)) throw new FindError('a number is none');
  },
};

export const uploadEntries: readonly Entry[] = [upload, callback, worker];

/** Nothing but the one certificate that was really issued for this key. */
function expectLeaf([first = '']: readonly string[]): void {
  const { spkiSha256 } = readCertificate(Buffer.from(first, 'base64'));
  if (spkiSha256 !== csr.spkiSha256) throw new FindError('a chain for another key is taken');
}
