import { type AcmeBench, askForOrder, openAccount, post, type Session } from './acme-walk.ts';
import {
  type AccountKey,
  base64url,
  makeAccountKey,
  makeJws,
  type SignedRequest,
  type WireAnswer,
} from './acme-wire.ts';

/** Status and type of a problem document; no type: the answer is no problem. */
export type Verdict = readonly [status: number, type?: string];

/** A mistake of a client, and what an ACME server says to it. */
export interface Refusal {
  readonly mistake: string;
  readonly verdict: Verdict;
  /** What pebble 2.4.0 was measured to say where it says something else. */
  readonly pebble?: Verdict;
  make(bench: AcmeBench): Promise<WireAnswer>;
}

export const names = ['www.contoso.example', 'api.contoso.example'];

/** Asks for an account with a broken request: the server has to refuse before it looks at anything. */
async function atNewAccount({ wire }: AcmeBench, broken: Partial<SignedRequest>): Promise<WireAnswer> {
  const url = await wire.place('newAccount');
  return wire.post({ url, key: makeAccountKey(), payload: { termsOfServiceAgreed: true }, once: true, ...broken });
}

async function contact(bench: AcmeBench, address: string): Promise<WireAnswer> {
  return atNewAccount(bench, { payload: { termsOfServiceAgreed: true, contact: [address] }, once: false });
}

const header = (members: Readonly<Record<string, unknown>>) => (bench: AcmeBench) =>
  atNewAccount(bench, { header: members });

/** RFC 8555 6.2 to 6.5. */
const envelope: readonly Refusal[] = [
  {
    mistake: 'another content type',
    verdict: [415, 'malformed'],
    make: (bench) => atNewAccount(bench, { contentType: 'application/json' }),
  },
  { mistake: 'a nonce that the server never gave', verdict: [400, 'badNonce'], make: header({ nonce: 'AAAA' }) },
  { mistake: 'no nonce', verdict: [400, 'badNonce'], make: header({ nonce: undefined }) },
  { mistake: 'another url in the header', verdict: [400, 'malformed'], make: header({ url: 'https://x.example/' }) },
  { mistake: 'no url in the header', verdict: [400, 'malformed'], make: header({ url: undefined }) },
  { mistake: 'both jwk and kid', verdict: [400, 'malformed'], make: header({ kid: 'https://x.example/1' }) },
  { mistake: 'neither jwk nor kid', verdict: [400, 'malformed'], make: header({ jwk: undefined }) },
  {
    mistake: 'a kid where the key itself is wanted',
    verdict: [400, 'malformed'],
    make: (bench) => atNewAccount(bench, { kid: 'https://x.example/1' }),
  },
  {
    mistake: 'algorithm none',
    ...{ verdict: [400, 'badSignatureAlgorithm'], pebble: [400, 'malformed'], make: header({ alg: 'none' }) },
  },
  {
    mistake: 'a MAC as signature',
    ...{ verdict: [400, 'badSignatureAlgorithm'], pebble: [400, 'malformed'], make: header({ alg: 'HS256' }) },
  },
  {
    mistake: 'an algorithm of another kind of key',
    ...{ verdict: [400, 'badSignatureAlgorithm'], pebble: [400, 'malformed'], make: header({ alg: 'RS256' }) },
  },
  {
    mistake: 'a wrong signature',
    verdict: [400, 'malformed'],
    make: (bench) => atNewAccount(bench, { bend: (jws) => ({ ...jws, signature: base64url('x'.repeat(64)) }) }),
  },
  {
    mistake: 'a body that is no JWS',
    verdict: [400, 'malformed'],
    make: (bench) => atNewAccount(bench, { bend: () => 'hello' }),
  },
  {
    mistake: 'an unprotected header',
    verdict: [400, 'malformed'],
    make: (bench) => atNewAccount(bench, { bend: (jws) => ({ ...jws, header: { kid: 'x' } }) }),
  },
  {
    mistake: 'the general serialization',
    verdict: [400, 'malformed'],
    make: (bench) =>
      atNewAccount(bench, {
        bend: ({ payload, ...signature }) => ({ payload, signatures: [signature] }),
      }),
  },
  {
    mistake: 'a GET where a POST is wanted',
    verdict: [405, 'malformed'],
    make: async ({ wire }) => wire.call('GET', await wire.place('newAccount')),
  },
];

export async function twoKeys(bench: AcmeBench): Promise<{ readonly owner: Session; readonly other: Session }> {
  return { owner: await openAccount(bench), other: await openAccount(bench) };
}

/** RFC 8555 7.3. */
const accounts: readonly Refusal[] = [
  {
    mistake: 'only an existing account, and there is none',
    verdict: [400, 'accountDoesNotExist'],
    make: (bench) => atNewAccount(bench, { payload: { onlyReturnExisting: true }, once: false }),
  },
  {
    mistake: 'terms that are not agreed to',
    verdict: [403, 'userActionRequired'],
    pebble: [403, 'agreementRequired'],
    make: (bench) => atNewAccount(bench, { payload: {}, once: false }),
  },
  {
    mistake: 'a contact that is no mail address',
    verdict: [400, 'unsupportedContact'],
    make: (bench) => contact(bench, 'tel:+441234'),
  },
  {
    mistake: 'two addresses in one contact',
    verdict: [400, 'invalidContact'],
    make: (bench) => contact(bench, 'mailto:a@contoso.example,b@contoso.example'),
  },
  {
    mistake: 'an RSA key of 1024 bits',
    verdict: [400, 'badPublicKey'],
    pebble: [201],
    make: (bench) => atNewAccount(bench, { key: makeAccountKey('RS256', 1024), once: false }),
  },
  {
    mistake: 'an account that nobody knows',
    verdict: [400, 'accountDoesNotExist'],
    make: async (bench) => {
      const session = await openAccount(bench);
      return askForOrder({ ...session, kid: `${session.kid}x` }, names);
    },
  },
  {
    mistake: "another key than the account's",
    verdict: [400, 'malformed'],
    make: async (bench) => askForOrder({ ...(await openAccount(bench)), key: makeAccountKey() }, names),
  },
  {
    mistake: 'a deactivated account',
    verdict: [403, 'unauthorized'],
    make: async (bench) => {
      const session = await openAccount(bench);
      await post(session, session.kid, { status: 'deactivated' });
      return askForOrder(session, names);
    },
  },
  {
    mistake: 'a new account for the key of a deactivated one',
    verdict: [403, 'unauthorized'],
    make: async (bench) => {
      const session = await openAccount(bench);
      await post(session, session.kid, { status: 'deactivated' });
      return atNewAccount(bench, { key: session.key, once: false });
    },
  },
];

interface KeyChange {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly account?: string;
  readonly oldKey?: AccountKey;
  readonly newKey?: AccountKey;
}

/** RFC 8555 7.3.5: a new key for the account, any part of which may be wrong. */
export async function changeKey(session: Session, change: KeyChange = {}): Promise<WireAnswer> {
  const url = await session.wire.place('keyChange');
  const key = change.newKey ?? makeAccountKey('ES384');
  const head = { alg: key.alg, jwk: key.jwk, url, ...change.header };
  const payload = { account: change.account ?? session.kid, oldKey: (change.oldKey ?? session.key).jwk };
  return post(session, url, makeJws(head, payload, key));
}

const keyChanges: readonly Refusal[] = [
  {
    mistake: 'a change of key with a nonce inside',
    verdict: [400, 'malformed'],
    pebble: [200],
    make: async (bench) => changeKey(await openAccount(bench), { header: { nonce: 'x' } }),
  },
  {
    mistake: 'a change of key for another url',
    verdict: [400, 'malformed'],
    make: async (bench) => changeKey(await openAccount(bench), { header: { url: 'https://x.example/' } }),
  },
  {
    mistake: 'a change of key of another account',
    verdict: [400, 'malformed'],
    make: async (bench) => changeKey(await openAccount(bench), { account: 'https://x.example/1' }),
  },
  {
    mistake: 'a change of key from another key',
    verdict: [400, 'malformed'],
    make: async (bench) => changeKey(await openAccount(bench), { oldKey: makeAccountKey() }),
  },
  {
    mistake: 'a change to the key of another account',
    verdict: [409, 'malformed'],
    pebble: [500, 'serverInternal'],
    make: async (bench) => {
      const { owner, other } = await twoKeys(bench);
      return changeKey(owner, { newKey: other.key });
    },
  },
];

/** What concerns the envelope, accounts and their keys. */
export const accountRefusals: readonly Refusal[] = [...envelope, ...accounts, ...keyChanges];
