import { createCsr, type Keys } from '../../local/pki.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { encodedPart } from '../../src/issuers/key-signature.ts';
import { oneTimeToken, type TokenWish } from '../../src/issuers/step-ca-token.ts';
import { createMemoryKey } from '../builders/memory-key.ts';
import { FORBIDDEN, PROVISIONER, type StepCaAt } from './step-ca-bench.ts';

/** What a mistake is made of: the CA, two keys, and a token maker. */
export interface Hands {
  readonly at: StepCaAt;
  readonly keys: Keys;
  readonly other: Keys;
}

/** A mistake that somebody could make, and what step-ca says of it: the emulator and the real program alike. */
export interface StepCaMistake {
  readonly mistake: string;
  readonly path?: string;
  readonly body: (hands: Hands) => Promise<object | string>;
  /** Status and words. */
  readonly verdict: readonly [number, (string | RegExp)?];
}

const HOST = 'shop.contoso.example';
const unauthorized = /^The request lacked necessary authorization to be completed\./;
const incomplete = 'The request could not be completed: ';
const forbidden = 'The request was forbidden by the certificate authority: ';
const HOUR_SECONDS = 3600;

const csrOf = (keys: Keys, names: readonly string[] = [HOST], forger?: Keys): string =>
  derToPem(
    createCsr({ subject: `CN=${names[0]}`, names: { dns: names }, keys, ...(forger && { forger }) }),
    'CERTIFICATE REQUEST',
  );

const random = (size: number): Uint8Array => crypto.getRandomValues(new Uint8Array(size));

/** A token like the issuer's own, otherwise where it is told. */
function tokenOf(
  { at }: Hands,
  wish: Partial<TokenWish> = {},
  { plan = {}, later = 0, key = at.key }: { plan?: object; later?: number; key?: StepCaAt['key'] } = {},
): Promise<string> {
  const clock = { now: () => new Date(at.clock.now().getTime() + later * 1000) };
  const source = { plan: { url: at.url, provisioner: PROVISIONER, roots: [at.root], ...plan }, key, clock, random };
  return oneTimeToken(source, { path: '/1.0/sign', subject: HOST, names: [HOST], ...wish });
}

const signing = async (hands: Hands, ott: Promise<string>, more: object = {}): Promise<object> => ({
  csr: csrOf(hands.keys),
  ott: await ott,
  ...more,
});

const tokens: readonly StepCaMistake[] = [
  ['a token that has ended', (hands: Hands) => tokenOf(hands, {}, { later: -HOUR_SECONDS })],
  ['a token of tomorrow', (hands: Hands) => tokenOf(hands, {}, { later: HOUR_SECONDS })],
  ['a token for something else', (hands: Hands) => tokenOf(hands, { path: '/1.0/revoke' })],
  ['a token of another provisioner', (hands: Hands) => tokenOf(hands, {}, { plan: { provisioner: 'nobody' } })],
  ['a token that another key has signed', (hands: Hands) => tokenOf(hands, {}, { key: createMemoryKey() })],
  ['a token without a subject', (hands: Hands) => tokenOf(hands, { subject: '' })],
  ['a token for another CA', (hands: Hands) => tokenOf(hands, {}, { plan: { url: 'https://elsewhere.example' } })],
  ['what is no token', async () => 'no token'],
  ['a token that says it needs no signature', async () => `${encodedPart({ alg: 'none' })}.${encodedPart({})}.`],
  [
    'a token that was changed after it was signed',
    async (hands: Hands) => {
      const [head, , signature] = (await tokenOf(hands)).split('.');
      return `${head}.${encodedPart({ iss: PROVISIONER, sub: HOST, sans: [HOST] })}.${signature}`;
    },
  ],
].map(([mistake, token]) => ({
  mistake: mistake as string,
  body: (hands: Hands) => signing(hands, (token as (hands: Hands) => Promise<string>)(hands)),
  verdict: [401, unauthorized],
}));

const requests: readonly StepCaMistake[] = [
  {
    mistake: 'a name more than in the token',
    body: (hands) => signing(hands, tokenOf(hands), { csr: csrOf(hands.keys, [HOST, `www.${HOST}`]) }),
    verdict: [
      403,
      `${forbidden}certificate request does not contain the valid DNS names - got [${HOST} www.${HOST}], want [${HOST}].`,
    ],
  },
  {
    mistake: 'a name less than in the token',
    body: (hands) => signing(hands, tokenOf(hands, { names: [HOST, `www.${HOST}`] })),
    verdict: [
      403,
      `${forbidden}certificate request does not contain the valid DNS names - got [${HOST}], want [${HOST} www.${HOST}].`,
    ],
  },
  {
    mistake: 'a name that the policy forbids',
    body: (hands) => {
      const names = [`shop.${FORBIDDEN}`];
      const ott = tokenOf(hands, { subject: `shop.${FORBIDDEN}`, names });
      return signing(hands, ott, { csr: csrOf(hands.keys, names) });
    },
    verdict: [403, `${forbidden}dns name "shop.${FORBIDDEN}" not allowed`],
  },
  {
    mistake: 'too long a life',
    body: (hands) => signing(hands, tokenOf(hands), { notAfter: '3000h' }),
    verdict: [
      403,
      `${forbidden}requested duration of 3000h1m0s is more than the authorized maximum certificate duration of 2160h1m0s.`,
    ],
  },
  {
    mistake: 'too short a life',
    body: (hands) => signing(hands, tokenOf(hands), { notAfter: '1m' }),
    verdict: [
      403,
      `${forbidden}requested duration of 2m0s is less than the authorized minimum certificate duration of 5m0s.`,
    ],
  },
  {
    mistake: 'a request that is no PEM',
    body: (hands) => signing(hands, tokenOf(hands), { csr: 'no PEM' }),
    verdict: [400, `${incomplete}error decoding json.`],
  },
  {
    mistake: 'a request that another key has signed',
    body: (hands) => signing(hands, tokenOf(hands), { csr: csrOf(hands.keys, [HOST], hands.other) }),
    verdict: [400, `${incomplete}invalid csr.`],
  },
  {
    mistake: 'no token',
    body: async ({ keys }) => ({ csr: csrOf(keys) }),
    verdict: [400, `${incomplete}missing ott.`],
  },
  {
    mistake: 'no request',
    body: async (hands) => ({ ott: await tokenOf(hands) }),
    verdict: [400, `${incomplete}missing csr.`],
  },
  { mistake: 'half of JSON', body: async () => '{', verdict: [400, `${incomplete}error decoding json.`] },
  { mistake: 'an unknown path', path: '/1.0/unknown', body: async () => ({}), verdict: [404] },
];

const revoking = async (hands: Hands, wish: Partial<TokenWish> = {}, more: object = {}): Promise<object> => ({
  serial: '4711',
  ott: await oneTimeToken(
    {
      plan: { url: hands.at.url, provisioner: PROVISIONER, roots: [] },
      key: hands.at.key,
      clock: hands.at.clock,
      random,
    },
    { path: '/1.0/revoke', subject: '4711', ...wish },
  ),
  ...{ reasonCode: 4, reason: 'superseded', passive: true },
  ...more,
});

const revocations: readonly StepCaMistake[] = [
  {
    mistake: 'a token for another serial number',
    body: (hands: Hands) => revoking(hands, { subject: '1' }),
    verdict: [403, `${forbidden}request serial number "4711" and token subject "1" do not match.`] as const,
  },
  {
    mistake: 'a token that is for signing',
    body: (hands: Hands) => revoking(hands, { path: '/1.0/sign' }),
    verdict: [401, unauthorized] as const,
  },
  {
    mistake: 'a reason that there is not',
    body: (hands: Hands) => revoking(hands, {}, { reasonCode: 99 }),
    verdict: [400, `${incomplete}reasonCode out of bounds.`] as const,
  },
  {
    mistake: 'no serial number',
    body: (hands: Hands) => revoking(hands, {}, { serial: '' }),
    verdict: [400, `${incomplete}missing serial.`] as const,
  },
].map((one) => ({ ...one, path: '/1.0/revoke' }));

export const mistakes: readonly StepCaMistake[] = [...tokens, ...requests, ...revocations];

/** Used once, and once more. */
export async function spentToken(hands: Hands): Promise<object> {
  return signing(hands, tokenOf(hands));
}

/** What was said. */
export async function verdictAt(
  post: (path: string, body: string) => Promise<{ readonly status: number; readonly text: string }>,
  { path = '/1.0/sign', body }: Pick<StepCaMistake, 'path' | 'body'>,
  hands: Hands,
): Promise<readonly [number, string?]> {
  const wanted = await body(hands);
  const { status, text } = await post(path, typeof wanted === 'string' ? wanted : JSON.stringify(wanted));
  if (status === 404) return [status];
  return [status, (JSON.parse(text) as { message?: string }).message ?? ''];
}

/** What the words have to be like; anything where nothing is said. */
export function wordsOf({ verdict: [, words = /(?:)/] }: StepCaMistake): RegExp {
  return words instanceof RegExp ? words : new RegExp(`^${words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
}
