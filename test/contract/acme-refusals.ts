import { createPublicKey } from 'node:crypto';
import { createCsr, createKeys } from '../../local/pki.ts';
import { accountRefusals, names, type Refusal, twoKeys, type Verdict } from './acme-account-refusals.ts';
import {
  type AcmeBench,
  authorize,
  csrFor,
  dnsChallenge,
  issueFor,
  openAccount,
  placeOrder,
  post,
  readAuthorization,
  type Session,
} from './acme-walk.ts';
import { type AccountKey, base64url, makeAccountKey, type WireAnswer } from './acme-wire.ts';

const orderWith = (wrong: object) => async (bench: AcmeBench) => {
  const session = await openAccount(bench);
  return post(session, await bench.wire.place('newOrder'), wrong);
};
const orderFor = (...wrong: string[]) => orderWith({ identifiers: wrong.map((value) => ({ type: 'dns', value })) });

/** RFC 8555 7.4. */
const orders: readonly Refusal[] = [
  { mistake: 'an order for nothing', verdict: [400, 'malformed'], make: orderWith({ identifiers: [] }) },
  {
    mistake: 'an identifier that is no name',
    verdict: [400, 'unsupportedIdentifier'],
    pebble: [400, 'malformed'],
    make: orderWith({ identifiers: [{ type: 'email', value: 'a@contoso.example' }] }),
  },
  { mistake: 'an underscore in a name', verdict: [400, 'malformed'], make: orderFor('a_b.contoso.example') },
  { mistake: 'a wildcard in the middle', verdict: [400, 'malformed'], make: orderFor('a.*.contoso.example') },
  { mistake: 'a name without a dot', verdict: [400, 'malformed'], pebble: [201], make: orderFor('localhost') },
  {
    mistake: 'a name that the CA never certifies',
    verdict: [400, 'rejectedIdentifier'],
    make: orderFor('www.blocked.example', 'www.contoso.example'),
  },
  {
    mistake: 'an end that is no date',
    verdict: [400, 'malformed'],
    pebble: [201],
    make: orderWith({ identifiers: [{ type: 'dns', value: 'www.contoso.example' }], notAfter: 'tomorrow' }),
  },
  {
    mistake: 'an order signed with the key itself',
    verdict: [400, 'malformed'],
    make: async (bench) => {
      const { key } = await openAccount(bench);
      const payload = { identifiers: [{ type: 'dns', value: 'www.contoso.example' }] };
      return bench.wire.post({ url: await bench.wire.place('newOrder'), key, payload });
    },
  },
  {
    mistake: 'an order of somebody else',
    verdict: [403, 'unauthorized'],
    make: async (bench) => {
      const { owner, other } = await twoKeys(bench);
      return post(other, (await placeOrder(owner, names)).url);
    },
  },
  {
    mistake: 'an order that there is not',
    verdict: [404, 'malformed'],
    pebble: [404],
    make: async (bench) => {
      const session = await openAccount(bench);
      return post(session, `${(await placeOrder(session, names)).url}x`);
    },
  },
  {
    mistake: 'an order that is read with a payload',
    verdict: [400, 'malformed'],
    make: async (bench) => {
      const session = await openAccount(bench);
      return post(session, (await placeOrder(session, names)).url, {});
    },
  },
];

async function firstAuthorization(session: Session) {
  const { body } = await placeOrder(session, names);
  const [url = ''] = body.authorizations;
  return { url, challenge: dnsChallenge(await readAuthorization(session, url)) };
}

/** RFC 8555 7.5. */
const authorizations: readonly Refusal[] = [
  {
    mistake: 'an authorization of somebody else',
    verdict: [403, 'unauthorized'],
    make: async (bench) => {
      const { owner, other } = await twoKeys(bench);
      return post(other, (await firstAuthorization(owner)).url);
    },
  },
  {
    mistake: 'a challenge of somebody else',
    verdict: [403, 'unauthorized'],
    make: async (bench) => {
      const { owner, other } = await twoKeys(bench);
      return post(other, (await firstAuthorization(owner)).challenge.url, {});
    },
  },
  {
    mistake: 'an answer that says more than that it is there',
    verdict: [400, 'malformed'],
    make: async (bench) => {
      const session = await openAccount(bench);
      return post(session, (await firstAuthorization(session)).challenge.url, { keyAuthorization: 'x' });
    },
  },
  {
    mistake: 'an answer to a challenge that is decided',
    verdict: [400, 'malformed'],
    make: async (bench) => {
      const session = await openAccount(bench);
      const order = await placeOrder(session, names);
      const [decided] = await authorize(session, order);
      return post(session, decided?.challenges[0]?.url ?? '', {});
    },
  },
];

/** Finalizes an order that is ready with a request that is not what it should be. */
const finalizeWith = (csr: () => Promise<unknown>) => async (bench: AcmeBench) => {
  const session = await openAccount(bench);
  const order = await placeOrder(session, names);
  await authorize(session, order);
  return post(session, order.body.finalize, { csr: await csr() });
};

const finalizations: readonly Refusal[] = [
  {
    mistake: 'a finalization before the order is ready',
    verdict: [403, 'orderNotReady'],
    make: async (bench) => {
      const session = await openAccount(bench);
      return post(session, (await placeOrder(session, names)).body.finalize, { csr: await csrFor(names) });
    },
  },
  {
    mistake: 'a second finalization',
    verdict: [403, 'orderNotReady'],
    make: async (bench) => {
      const session = await openAccount(bench);
      const { order } = await issueFor(session, names);
      return post(session, order.body.finalize, { csr: await csrFor(names) });
    },
  },
  { mistake: 'no request', verdict: [400, 'malformed'], make: finalizeWith(async () => undefined) },
  { mistake: 'a request that is none', verdict: [400, 'malformed'], make: finalizeWith(async () => 'AAAA') },
  { mistake: 'padded base64', verdict: [400, 'malformed'], make: finalizeWith(async () => 'AA==') },
  {
    mistake: 'a request for fewer names',
    verdict: [403, 'unauthorized'],
    make: finalizeWith(() => csrFor(names.slice(1))),
  },
  {
    mistake: 'a request for other names',
    verdict: [403, 'unauthorized'],
    make: finalizeWith(() => csrFor([...names.slice(1), 'other.example'])),
  },
  {
    mistake: 'a request that was signed with another key',
    verdict: [400, 'badCSR'],
    pebble: [200],
    make: finalizeWith(async () => {
      const [keys, forger] = [await createKeys('P-256'), await createKeys('P-256')];
      return base64url(createCsr({ subject: 'CN=www.contoso.example', names: { dns: names }, keys, forger }));
    }),
  },
  {
    mistake: 'a request for an address as well',
    verdict: [400, 'badCSR'],
    pebble: [403, 'unauthorized'],
    make: finalizeWith(async () => {
      const wish = { names: { dns: names, ip: ['192.0.2.1'] }, keys: await createKeys('P-256') };
      return base64url(createCsr({ subject: 'CN=www.contoso.example', ...wish }));
    }),
  },
  {
    mistake: 'a request with a curve that the CA does not take',
    verdict: [400, 'badCSR'],
    pebble: [200],
    make: finalizeWith(async () => csrFor(names, await createKeys('P-521'))),
  },
];

/** Orders, gets, and asks for revocation of what came. */
const revokeWith =
  (payload: (leaf: string) => object, whose: 'own' | 'other' | 'strange key' = 'own') =>
  async (bench: AcmeBench) => {
    const { owner, other } = await twoKeys(bench);
    const { leaf } = await issueFor(owner, names);
    const url = await bench.wire.place('revokeCert');
    if (whose === 'strange key') return bench.wire.post({ url, key: makeAccountKey(), payload: payload(leaf) });
    return post(whose === 'own' ? owner : other, url, payload(leaf));
  };

/** RFC 8555 7.4.2 and 7.6. */
const certificates: readonly Refusal[] = [
  {
    mistake: 'a certificate of somebody else',
    verdict: [403, 'unauthorized'],
    make: async (bench) => {
      const { owner, other } = await twoKeys(bench);
      return post(other, (await issueFor(owner, names)).done.certificate ?? '');
    },
  },
  {
    mistake: 'a revocation by somebody else',
    verdict: [403, 'unauthorized'],
    make: revokeWith((certificate) => ({ certificate }), 'other'),
  },
  {
    mistake: 'a revocation by a key that has nothing to do with it',
    verdict: [403, 'unauthorized'],
    make: revokeWith((certificate) => ({ certificate }), 'strange key'),
  },
  {
    mistake: 'a reason that there is not',
    verdict: [400, 'badRevocationReason'],
    make: revokeWith((certificate) => ({ certificate, reason: 7 })),
  },
  {
    mistake: 'a revocation of something else',
    verdict: [400, 'malformed'],
    make: revokeWith(() => ({ certificate: 'AAAA' })),
  },
  {
    mistake: 'a second revocation',
    verdict: [400, 'alreadyRevoked'],
    make: async (bench) => {
      const session = await openAccount(bench);
      const { leaf, keys } = await issueFor(session, names);
      const url = await bench.wire.place('revokeCert');
      const jwk = createPublicKey(keys.privateKey).export({ format: 'jwk' }) as Record<string, string>;
      const own: AccountKey = { privateKey: keys.privateKey, alg: 'ES256', jwk };
      const first = await bench.wire.post({ url, key: own, payload: { certificate: leaf, reason: 1 } });
      return first.status === 200 ? post(session, url, { certificate: leaf }) : first;
    },
  },
];

export const refusals: readonly Refusal[] = [
  ...accountRefusals,
  ...orders,
  ...authorizations,
  ...finalizations,
  ...certificates,
];

export function verdictOf({ status, headers, json }: WireAnswer): Verdict {
  if (headers['content-type']?.startsWith('application/problem+json') !== true) return [status];
  return [status, String(json?.type).replace('urn:ietf:params:acme:error:', '')];
}
