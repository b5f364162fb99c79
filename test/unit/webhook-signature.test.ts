import { describe, expect, it } from 'vitest';
import { sign, signingKeys, verify } from '../../src/webhook-signature.ts';

/** A vector that the libraries of Standard Webhooks are tested with. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const AT = new Date(1_614_265_330_000);
const BODY = '{"test": 2432232314}';
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

const told = { who: 'webhook', code: 'issuer-misconfigured' } as const;
const keys = signingKeys(SECRET, told);
const right = { 'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': SIGNATURE };
const verdict = (headers: Readonly<Record<string, string>> = {}, now = AT, body = BODY) => {
  const all: Readonly<Record<string, string>> = { ...right, ...headers };
  return verify({ header: (name) => all[name], body: Buffer.from(body) }, keys, now).state;
};
const later = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);

describe('a signature', () => {
  it('is made as Standard Webhooks says', () => {
    expect(sign({ id: ID, at: AT, body: BODY }, keys)).toEqual(right);
  });

  it('is taken for five minutes, either way', () => {
    expect([-301, -300, 0, 300, 301].map((seconds) => verdict({}, later(seconds)))).toEqual([
      'stale',
      'authentic',
      'authentic',
      'authentic',
      'stale',
    ]);
  });

  it.each([
    ['webhook-id', 'msg_another', 'forged'],
    ['webhook-timestamp', '1614265331', 'forged'],
    ['webhook-signature', 'v1,AAAA', 'forged'],
    ['webhook-signature', SIGNATURE.replace('v1', 'v2'), 'forged'],
    ['webhook-signature', 'v1,', 'forged'],
    ['webhook-signature', `${'v1,AAAA '.repeat(10)}${SIGNATURE}`, 'forged'],
    ['webhook-signature', `v1a,AAAA v1,AAAA ${SIGNATURE}`, 'authentic'],
    ['webhook-id', '', 'unsigned'],
    ['webhook-id', 'two words', 'unsigned'],
    ['webhook-timestamp', 'yesterday', 'unsigned'],
    ['webhook-timestamp', '-1614265330', 'unsigned'],
    ['webhook-signature', '', 'unsigned'],
  ])('with %s %j is %s', (name, value, state) => {
    expect(verdict({ [name]: value })).toBe(state);
  });

  it('is of the body as it was sent', () => {
    expect(verdict({}, AT, `${BODY} `)).toBe('forged');
  });
});

describe('a secret', () => {
  const next = 'a-text-of-more-than-twenty-four-bytes';

  it('may hold the next key beside the present one: the first signs, both verify', () => {
    const two = signingKeys(`${next}\n ${SECRET}\n`, told);
    expect(verify({ header: (name) => ({ ...right })[name], body: Buffer.from(BODY) }, two, AT).state).toBe(
      'authentic',
    );
    expect(sign({ id: ID, at: AT, body: BODY }, two)).toEqual(
      sign({ id: ID, at: AT, body: BODY }, signingKeys(next, told)),
    );
  });

  it.each(['', ' ', 'short', 'whsec_AAAA', `${SECRET} short`])('%j is refused, and not repeated', (secret) => {
    expect(() => signingKeys(secret, told)).toThrow(
      expect.objectContaining({ code: 'issuer-misconfigured', message: expect.not.stringContaining('short') }),
    );
  });
});
