import { beforeAll, describe, expect, it } from 'vitest';
import type { EmulatorRequest } from '../../local/emulator.ts';
import { createKeys, type Keys } from '../../local/pki.ts';
import { createTransportCa, type TransportCa } from '../../local/transport/ca.ts';
import { encode, integer, oid, sequence, set } from '../../local/transport/der.ts';
import type { Delivery, Rule } from '../../local/transport/line.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import { CLIENT, DOMAIN, PASSWORD, pemOf, startEst, transport } from './est-bench.ts';
import { leafOf, orderFor, placed, using } from './one-order.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await createKeys('P-256');
});

const requestOf = (dns: readonly string[] = [`shop.${DOMAIN}`]): OrderRequest => orderFor(keys, dns);

const isEnrolment = ({ method }: EmulatorRequest): boolean => method === 'POST';

/** What is wrong with the next answer to a request for a certificate, and with no other one. */
function onceAtEnrolment(change: (delivery: Delivery) => Delivery): Rule {
  let left = 1;
  return async (request, next) => {
    const delivery = await next();
    if (!isEnrolment(request) || left === 0) return delivery;
    left -= 1;
    return change(delivery);
  };
}

const answering = (status: number, body: string, headers: Record<string, string> = {}): Rule =>
  onceAtEnrolment(() => ({ state: 'whole', response: { status, headers, body } }));

describe('an EST order', () => {
  it.each([false, true])('reads base64 with line breaks: %s', (lineBreaks) =>
    using(startEst({ lineBreaks }), async ({ issuer, est }) => {
      const status = await issuer.poll(await placed(issuer, requestOf()));
      expect(leafOf(status).names.dns).toEqual([`shop.${DOMAIN}`]);
      // The leaf, the issuing CA, the one above it: of what cacerts tells, the path and not the root.
      expect(status).toMatchObject({ chain: { length: 3 } });
      expect(est.certificates()).toHaveLength(1);
    }),
  );

  it('asks a server with a label at that label', () =>
    using(startEst({ label: 'servers' }, { label: 'servers' }), async ({ issuer, restarted }) => {
      expect((await issuer.poll(await placed(issuer, requestOf()))).state).toBe('issued');
      const lost = restarted({ label: 'clients', csrAttributes: 'ignore' });
      await expect(placed(lost, requestOf()).then((order) => lost.poll(order))).resolves.toMatchObject({
        state: 'issued',
      });
      const other = placed(lost, { ...requestOf(), renewalId: 'renewal-2' });
      await expect(other.then((order) => lost.poll(order))).rejects.toMatchObject({ code: 'issuer-misconfigured' });
    }));

  it('waits for a person for a month, sends the same request again, and holds nothing', () =>
    using(startEst({ pendingSeconds: 30 * 86_400 }), async ({ restarted, est, clock, asked }) => {
      const request = requestOf();
      const order = await placed(restarted(), request);
      expect(asked.get('simpleenroll')).toBeUndefined();
      for (let day = 0; day < 30; day++) {
        expect(await restarted().poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 30 });
        clock.advance(86_400_000);
      }
      const status = await restarted().poll(order);
      expect(leafOf(status).spkiSha256).toBe(order.reference.slice(0, 64));
      expect(await restarted().poll(order)).toEqual(status);
      expect([est.certificates().length, asked.get('simpleenroll')]).toEqual([1, 31]);
    }));

  it('is rejected in the words of whoever looked at it', () =>
    using(startEst(), async ({ issuer, est }) => {
      const order = await placed(issuer, requestOf());
      const away = est.faults.add({ kind: 'held' });
      expect((await issuer.poll(order)).state).toBe('pending');
      away();
      est.faults.add({ kind: 'rejected' });
      expect(await issuer.poll(order)).toEqual({
        state: 'rejected',
        reason: 'The request was denied by the registration authority. (403)',
      });
    }));

  it.each([
    ['line\u0000breaks\r\nand  more\u202e', 'line breaks and more (400)'],
    ['x'.repeat(2000), `${'x'.repeat(500)} (400)`],
    ['', 'status 400'],
  ])('shows a reason in one line, and not all of it', (body, reason) =>
    using(startEst(), async ({ issuer, line }) => {
      line.add(answering(400, body));
      expect(await issuer.poll(await placed(issuer, requestOf()))).toEqual({ state: 'rejected', reason });
    }),
  );

  it('takes no page of a browser for a reason', () =>
    using(startEst(), async ({ issuer, line }) => {
      line.add(answering(403, '<html>forbidden</html>', { 'content-type': 'text/html' }));
      const status = await issuer.poll(await placed(issuer, requestOf()));
      expect(status).toEqual({ state: 'rejected', reason: 'status 403' });
    }));

  it('costs one more certificate when an answer is lost, and counts it', () =>
    using(startEst(), async ({ issuer, est, line }) => {
      const order = await placed(issuer, requestOf());
      line.add(onceAtEnrolment(() => ({ state: 'none' })));
      await expect(issuer.poll(order)).rejects.toMatchObject({ code: 'issuer-unreachable' });
      const status = await issuer.poll(order);
      expect(status).toMatchObject({ state: 'issued', unheard: 1 });
      expect(await issuer.poll(order)).toEqual(status);
      expect(est.certificates()).toHaveLength(2);
    }));

  it.each([
    ['half an answer', (body: string) => body.slice(0, body.length >> 1)],
    ['nothing', () => ''],
    ['something else', () => 'Not base64 at all!'],
    ['a page', () => '<html><body>Sign in</body></html>'],
    ['DER that is no PKCS#7', () => Buffer.from('300302010f', 'hex').toString('base64')],
    ['a certificate that is none', () => Buffer.from('3003300102', 'hex').toString('base64')],
  ])('cannot tell when it gets %s in place of a certificate', (_, change) =>
    using(startEst(), async ({ issuer, line }) => {
      const order = await placed(issuer, requestOf());
      line.add(
        onceAtEnrolment((delivery) => {
          if (delivery.state === 'none') return delivery;
          const body = change(String(delivery.response.body));
          return { state: 'whole', response: { status: 200, headers: {}, body } };
        }),
      );
      await expect(issuer.poll(order)).rejects.toMatchObject({ code: 'issuer-unreachable' });
      expect((await issuer.poll(order)).state).toBe('issued');
    }),
  );

  it('gives everything there is when no path leads to a pinned root, for acceptance to tell', () =>
    using(startEst(), async ({ issuer, est }) => {
      est.faults.add({ kind: 'missing-chain' });
      const order = await placed(issuer, requestOf());
      const status = await issuer.poll(order);
      expect(leafOf(status).spkiSha256).toBe(order.reference.slice(0, 64));
    }));
});

const clientOf = (ca: TransportCa, life: 'valid' | 'expired' = 'valid'): string =>
  pemOf(ca.issueClient('renewer', life));

describe('the credentials of an EST server', () => {
  it('may be a TLS client certificate', () =>
    using(startEst({ users: {} }, { credentials: { clientCertificate: CLIENT } }), async ({ issuer }) => {
      expect((await issuer.poll(await placed(issuer, requestOf()))).state).toBe('issued');
    }));

  it.each([
    ['wrong password', { password: PASSWORD }, (): string => 'renewer:wrong'],
    ['client certificate of another CA', { clientCertificate: CLIENT }, (): string => clientOf(createTransportCa())],
    [
      'client certificate that has expired',
      { clientCertificate: CLIENT },
      (): string => clientOf(transport, 'expired'),
    ],
  ] as const)('are told to be refused, and not shown: %s', (_, credentials, value) =>
    using(startEst({}, { credentials }), async ({ issuer, secrets }) => {
      for (const id of Object.values(credentials)) secrets.set(id, value());
      const order = await placed(issuer, requestOf());
      const error = await issuer.poll(order).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'issuer-misconfigured', message: expect.stringContaining('401') });
      expect(String(error)).not.toContain('wrong');
    }),
  );

  it('are looked up again once when they are refused, so that a rotated password is found at once', () =>
    using(startEst(), async ({ issuer, est, secrets, asked, restarted }) => {
      secrets.set(PASSWORD, 'renewer:old');
      const order = await placed(issuer, requestOf());
      await expect(issuer.poll(order)).rejects.toMatchObject({ code: 'issuer-misconfigured' });
      expect(asked.get('simpleenroll')).toBe(1);
      const rotating = ['renewer:old', 'renewer:right\n'];
      const rotated = restarted({}, { secret: async () => rotating.shift() ?? 'renewer:right' });
      expect((await rotated.poll(order)).state).toBe('issued');
      expect([asked.get('simpleenroll'), est.certificates().length]).toEqual([3, 1]);
    }));

  it('are shown with a CSR, and elsewhere only where they are wanted', () =>
    using(startEst(), async ({ issuer, line }) => {
      const seen: string[] = [];
      line.add((request, next) => {
        if (request.headers.authorization !== undefined) seen.push(request.url.pathname);
        return next();
      });
      await issuer.poll(await placed(issuer, requestOf()));
      expect(seen).toEqual(['/.well-known/est/simpleenroll']);
      line.add(async (request, next) =>
        request.headers.authorization === undefined
          ? { state: 'whole', response: { status: 401, headers: {} } }
          : next(),
      );
      const other = await placed(issuer, { ...requestOf(), renewalId: 'renewal-2' });
      expect((await issuer.poll(other)).state).toBe('issued');
      expect(new Set(seen.map((path) => path.split('/').at(-1)))).toEqual(
        new Set(['csrattrs', 'cacerts', 'simpleenroll']),
      );
    }));

  it('of another kind than ours are told', () =>
    using(startEst(), async ({ issuer, line }) => {
      line.add(answering(401, '', { 'www-authenticate': 'Digest realm="est", nonce="x"' }));
      await expect(placed(issuer, requestOf()).then((order) => issuer.poll(order))).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: expect.stringContaining('it wants Digest'),
      });
    }));
});

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';

describe('what an EST server wants in a CSR', () => {
  const wanting = (...wishes: Parameters<typeof sequence>) => startEst({ attributes: encode(sequence(...wishes)) });

  it.each([
    ['a challenge password', oid('1.2.840.113549.1.9.7'), 'a challenge password'],
    ['an RSA key', sequence(oid('1.2.840.113549.1.1.1'), set(integer(3072))), 'RSA-3072, in place of P-256'],
    ['another curve', oid('1.3.132.0.34'), 'P-384, in place of P-256'],
  ])('is %s: the CSR is not sent without it', (_, wish, words) =>
    using(wanting(wish), async ({ issuer, est, restarted }) => {
      const request = requestOf();
      expect(await issuer.submit(request)).toEqual({
        state: 'rejected',
        reason: expect.stringContaining(words),
      });
      const careless = restarted({ csrAttributes: 'ignore' });
      expect((await careless.poll(await placed(careless, request))).state).toBe('issued');
      expect(est.certificates()).toHaveLength(1);
    }),
  );

  it('is passed over where it is there, or is nothing that this client knows', () =>
    using(
      wanting(
        oid('1.2.840.10045.4.3.3'),
        sequence(oid('1.2.840.10045.2.1'), set(oid('1.3.132.0.34'), oid('1.2.840.10045.3.1.7'))),
        sequence(oid(EXTENSION_REQUEST), set(oid('1.3.6.1.1.1.1.22'), oid('2.5.29.17'))),
      ),
      async ({ issuer }) => {
        expect(await issuer.submit(requestOf())).toMatchObject({ reference: expect.any(String) });
      },
    ));

  it.each([
    [200, 'rubbish', 'issuer-unreachable'],
    [403, 'no', 'issuer-misconfigured'],
    [501, '', undefined],
    [404, '', undefined],
  ])('cannot be told from %i %j, which ends as %s', (status, body, code) =>
    using(startEst(), async ({ issuer, line }) => {
      line.add(async (request, next) =>
        request.url.pathname.endsWith('csrattrs')
          ? { state: 'whole', response: { status, headers: {}, body } }
          : next(),
      );
      const submitted = issuer.submit(requestOf());
      if (code === undefined) expect(await submitted).toMatchObject({ reference: expect.any(String) });
      else await expect(submitted).rejects.toMatchObject({ code });
    }),
  );
});
