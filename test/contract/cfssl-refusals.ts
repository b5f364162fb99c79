import { createCsr, type Keys } from '../../local/pki.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { authenticated } from '../../src/issuers/cfssl-client.ts';
import { AUTH_KEY } from './cfssl-bench.ts';

/** A mistake that somebody could make, and what cfssl says of it: the emulator and the real program alike. */
export interface CfsslMistake {
  readonly mistake: string;
  readonly endpoint: string;
  readonly body: (keys: Keys, other: Keys) => object | string;
  /** Status, code and words; those that the two put differently are left out. */
  readonly verdict: readonly unknown[];
}

const csrOf = (keys: Keys, name = 'shop.contoso.example', forger?: Keys): string =>
  derToPem(
    createCsr({ subject: `CN=${name}`, names: { dns: [name] }, keys, ...(forger && { forger }) }),
    'CERTIFICATE REQUEST',
  );

const signed = (request: object, key = AUTH_KEY): object => authenticated({ profile: 'tls', ...request }, key);
const bad = 'Request does not match policy whitelist';

export const mistakes: readonly CfsslMistake[] = [
  {
    mistake: 'another key',
    endpoint: 'authsign',
    body: (keys) => signed({ certificate_request: csrOf(keys) }, 'ff'),
    verdict: [400, 400, 'invalid token'],
  },
  {
    mistake: 'a token that is none',
    endpoint: 'authsign',
    body: (keys) => ({ ...signed({ certificate_request: csrOf(keys) }), token: 'AAAA' }),
    verdict: [400, 400, 'invalid token'],
  },
  {
    mistake: 'no token where one is wanted',
    endpoint: 'sign',
    body: (keys) => ({ certificate_request: csrOf(keys), profile: 'tls' }),
    verdict: [400, 400, 'authentication required'],
  },
  {
    mistake: 'an unknown profile, which is the default one',
    endpoint: 'sign',
    body: (keys) => ({ certificate_request: csrOf(keys), profile: 'unknown' }),
    verdict: [400, 400, 'authentication required'],
  },
  {
    mistake: 'a token where none is wanted',
    endpoint: 'authsign',
    body: (keys) => signed({ certificate_request: csrOf(keys), profile: 'open' }),
    verdict: [400, 400, 'no authentication provider'],
  },
  {
    mistake: 'a name that the profile does not allow',
    endpoint: 'authsign',
    body: (keys) => signed({ certificate_request: csrOf(keys, 'shop.not-allowed.example') }),
    verdict: [400, 5500, bad],
  },
  {
    mistake: 'a host that the profile does not allow',
    endpoint: 'authsign',
    body: (keys) => signed({ certificate_request: csrOf(keys), hosts: ['shop.not-allowed.example'] }),
    verdict: [400, 5500, bad],
  },
  {
    mistake: 'no request',
    endpoint: 'authsign',
    body: () => signed({}),
    verdict: [400, 400, "missing parameter 'certificate_request'"],
  },
  {
    mistake: 'a request that is no PEM',
    endpoint: 'authsign',
    body: () => signed({ certificate_request: 'no PEM' }),
    verdict: [400, 9002, 'CSR Decode failed'],
  },
  {
    mistake: 'a request that is no PKCS#10',
    endpoint: 'authsign',
    body: () =>
      signed({ certificate_request: derToPem(Buffer.from('300702010002010102', 'hex'), 'CERTIFICATE REQUEST') }),
    verdict: [400, 9003],
  },
  {
    mistake: 'a request that another key has signed',
    endpoint: 'authsign',
    body: (keys, other) => signed({ certificate_request: csrOf(keys, 'shop.contoso.example', other) }),
    verdict: [400, 9300],
  },
  {
    mistake: 'half of JSON',
    endpoint: 'authsign',
    body: () => '{',
    verdict: [400, 400, 'unexpected end of JSON input'],
  },
  { mistake: 'an unknown endpoint', endpoint: 'unknown', body: () => ({}), verdict: [404] },
  {
    mistake: 'a serial number that nobody knows',
    endpoint: 'revoke',
    body: () => ({ serial: '123', authority_key_id: '', reason: 'superseded' }),
    verdict: [400, 11_200, 'failed to revoke the certificate: certificate not found'],
  },
  {
    mistake: 'no serial number',
    endpoint: 'revoke',
    body: () => ({ authority_key_id: '', reason: 'superseded' }),
    verdict: [400, 400, 'serial number is required but not provided'],
  },
  {
    mistake: 'a reason that there is not',
    endpoint: 'revoke',
    body: () => ({ serial: '123', authority_key_id: '', reason: 'boredom' }),
    verdict: [400, 400, 'Invalid reason code'],
  },
];

/** What was said. */
export async function verdictAt(
  post: (endpoint: string, body: string) => Promise<{ readonly status: number; readonly text: string }>,
  { endpoint, body, verdict }: CfsslMistake,
  [keys, other]: readonly [Keys, Keys],
): Promise<readonly unknown[]> {
  const wanted = body(keys, other);
  const { status, text } = await post(endpoint, typeof wanted === 'string' ? wanted : JSON.stringify(wanted));
  if (status === 404) return [status];
  const { errors } = JSON.parse(text) as { errors: readonly { code: number; message: string }[] };
  return [status, errors[0]?.code, errors[0]?.message].slice(0, verdict.length);
}
