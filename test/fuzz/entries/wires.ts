import { createCipheriv, createHmac, X509Certificate } from 'node:crypto';
import { createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline';
import { createArm } from '../../../src/azure/arm.ts';
import { chainProblem } from '../../../src/targets/chain-problem.ts';
import { sentCertificates } from '../../../src/targets/sent-chain.ts';
import { eventTraceParent, firstTraceParent } from '../../../src/trace-parent.ts';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import { certificates, intermediate, leaf, now, requests, root } from '../corpus.ts';
import { bytesOf, type Entry, FindError, isForeseen, textOf } from '../entry.ts';
import { type Chance, type Corpus, mutated } from '../mutate.ts';
import { mutatedJson } from '../mutate-json.ts';

const uint = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
};
const sized = (bytes: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint(body.length, bytes), body]);
};
const message = (type: number, body: Buffer): Buffer => Buffer.concat([uint(type, 1), sized(3, body)]);
const record = (type: number, body: Buffer): Buffer => Buffer.concat([uint(type, 1), uint(0x0303, 2), sized(2, body)]);

const hello = message(2, Buffer.alloc(70, 7));
const flight12 = record(22, Buffer.concat([hello, message(11, sized(3, sized(3, leaf), sized(3, intermediate)))]));
const entry13 = (der: Uint8Array): Buffer => Buffer.concat([sized(3, der), uint(0, 2)]);
const certificate13 = message(11, Buffer.concat([uint(0, 1), sized(3, entry13(leaf), entry13(intermediate))]));

const secret = Buffer.alloc(32, 5);
const cipher = 'TLS_AES_128_GCM_SHA256';

/** One record of TLS 1.3 as the server with that secret sends it first. */
function encrypted(body: Uint8Array): Buffer {
  const expand = (label: string, bytes: number): Buffer => {
    const name = Buffer.from(`tls13 ${label}`);
    const info = Buffer.concat([Buffer.from([0, bytes, name.length]), name, Buffer.from([0, 1])]);
    return createHmac('sha256', secret).update(info).digest().subarray(0, bytes);
  };
  const header = Buffer.concat([Buffer.from([23, 3, 3]), uint(Math.min(body.length + 17, 0xffff), 2)]);
  const seal = createCipheriv('aes-128-gcm', expand('key', 16), expand('iv', 12)).setAAD(header);
  const text = Buffer.concat([seal.update(Buffer.concat([body, Buffer.from([22])])), seal.final()]);
  return Buffer.concat([record(22, hello), header, text, seal.getAuthTag()]);
}

const flights: Corpus = [flight12, record(22, hello), encrypted(certificate13)];

const flight: Entry = {
  name: 'flight',
  share: 8,
  make: (chance) => (chance.happens(30) ? encrypted(mutated(chance, [certificate13])) : mutated(chance, flights)),
  run(input) {
    const received = bytesOf(input);
    for (const sealed of [undefined, secret]) sentCertificates({ received, secret: sealed, cipher });
  },
};

/** The chain of a server, whose certificates OpenSSL could read. */
const served: Entry = {
  name: 'served',
  share: 8,
  make: (chance) => mutated(chance, certificates),
  run(input) {
    const changed = opened(bytesOf(input));
    if (changed === undefined) return;
    const roots = [new X509Certificate(root)];
    const honest = [leaf, intermediate].map((der) => new X509Certificate(der));
    for (const sent of [
      [changed],
      [changed, ...honest],
      [...honest, changed],
      [honest[0] ?? changed, changed, changed],
    ]) {
      chainProblem({ sent, roots, host: 'www.contoso.example', now });
    }
  },
};

function opened(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    // The handshake would have ended here.
    return undefined;
  }
}

const site = '/subscriptions/s/resourceGroups/web/providers/Microsoft.Web/sites/shop';
const armBodies: readonly [string, ...string[]] = [
  JSON.stringify({ error: { code: 'Conflict', message: 'The site is busy.', details: [{ code: 'x', message: 'y' }] } }),
  JSON.stringify({
    Code: 'BadRequest',
    Message: 'The thumbprint is unknown.',
    Details: [{ Message: 'y' }],
    Innererror: null,
  }),
  JSON.stringify({ value: [{ id: site, name: 'shop' }], nextLink: `https://arm.example${site}?page=2` }),
  JSON.stringify({ id: `${site}/operations/1`, status: 'Failed', error: { code: 'Gone', message: 'It is gone.' } }),
];

const arm: Entry = {
  name: 'arm',
  share: 8,
  make: (chance) => answerOf(chance, armBodies),
  async run(input) {
    const client = createArm({
      endpoint: 'https://arm.example',
      credential,
      httpClient: answering(input),
      retryMilliseconds: 0,
    });
    await ended([
      () => client.get(site),
      () => client.put(site, {}),
      async () => {
        let pages = 0;
        for await (const _ of client.list(`${site}/hostNameBindings`)) if (++pages > 20) break;
      },
      () => client.operation({ kind: 'status', url: `https://arm.example${site}/operations/1` }),
    ]);
  },
};

const vault = 'https://shop.vault.azure.net';
const bundle = {
  id: `${vault}/certificates/tls/${'a'.repeat(32)}`,
  cer: leaf.toString('base64'),
  attributes: { enabled: true, nbf: 1_700_000_000, exp: 1_800_000_000, created: 1_700_000_600 },
  tags: { owner: 'team' },
  policy: {
    key_props: { exportable: true, kty: 'EC', key_size: 256, crv: 'P-256', reuse_key: false },
    secret_props: { contentType: 'application/x-pkcs12' },
    x509_props: {
      subject: 'CN=a',
      sans: { dns_names: ['a.contoso.example'] },
      ekus: ['1.3.6.1.5.5.7.3.1'],
      validity_months: 3,
    },
    lifetime_actions: [{ trigger: { days_before_expiry: 30 }, action: { action_type: 'EmailContacts' } }],
    issuer: { name: 'Unknown' },
  },
};
const vaultBodies: readonly [string, ...string[]] = [
  JSON.stringify(bundle),
  JSON.stringify({
    ...{ id: `${vault}/certificates/tls/pending`, issuer: { name: 'Unknown' }, status: 'inProgress' },
    ...{ csr: Buffer.from(requests[0]).toString('base64'), request_id: 'r', error: { code: 'x', message: 'y' } },
  }),
  JSON.stringify({ error: { code: 'Forbidden', message: 'no', innererror: { code: 'ForbiddenByRbac' } } }),
  JSON.stringify({
    value: [{ id: `${vault}/certificates/tls`, attributes: bundle.attributes, tags: {} }],
    nextLink: null,
  }),
];

const vaultAnswer: Entry = {
  name: 'vault',
  share: 8,
  make: (chance) => answerOf(chance, vaultBodies),
  async run(input) {
    const retries = { count: 0, firstDelayMilliseconds: 0 };
    const clock = { now: () => now };
    const clientOf = (httpClient: HttpClient) =>
      createKeyVault({ credential, verifyChallenge: false, clock, httpClient, retries, pause: async () => undefined });
    const client = clientOf(answering(input));
    await ended([
      () => client.inspect({ vault, name: 'tls' }),
      () => clientOf(answering(input, { pending: 404 })).inspect({ vault, name: 'tls' }),
      async () => {
        let rows = 0;
        for await (const _ of client.list(vault)) if (++rows > 20) break;
      },
    ]);
  },
};

const HEADER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** A `traceparent` goes into headers, logs and histories for days: only its own 55 characters may. */
const trace: Entry = {
  name: 'trace',
  share: 3,
  make: (chance) => mutated(chance, [Buffer.from(HEADER), Buffer.from(`cc${HEADER.slice(2)}-more`)]),
  run(input) {
    const text = textOf(input);
    const read = firstTraceParent(text, eventTraceParent({ traceparent: text }));
    if (read !== undefined && !/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/.test(read))
      throw new FindError('a traceparent is taken that is none');
  },
};

export const wireEntries: readonly Entry[] = [flight, served, arm, vaultAnswer, trace];

const credential = { getToken: async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) };

/** The first line is the status, what follows the body. */
function answerOf(chance: Chance, bodies: readonly [string, ...string[]]): string {
  return `${chance.pick([200, 200, 200, 202, 400, 403, 404, 409, 412, 429, 500])}\n${mutatedJson(chance, bodies)}`;
}

/** `pending`: with this status instead it is said that nothing is pending, so that what comes after is reached. */
function answering(input: Uint8Array | string, also: { readonly pending?: number } = {}): HttpClient {
  const text = textOf(input);
  const status = Number.parseInt(text, 10);
  const bodyAsText = text.slice(text.indexOf('\n') + 1);
  return {
    async sendRequest(request) {
      const headers = createHttpHeaders({ 'content-type': 'application/json', 'retry-after': '0' });
      const isPending = new URL(request.url).pathname.endsWith('/pending');
      if (isPending && also.pending !== undefined) return { request, status: also.pending, headers, bodyAsText: '{}' };
      return { request, status, headers, bodyAsText };
    },
  };
}

/** Each call ends, whatever the one before it said; the first strange end of all is the answer. */
async function ended(calls: readonly (() => Promise<unknown>)[]): Promise<void> {
  const results = await Promise.allSettled(calls.map(async (call) => await call()));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const strange = failures.find((reason) => !isForeseen(reason));
  if (strange !== undefined || failures.length > 0) throw strange ?? failures[0];
}
