import { beforeAll, describe, expect, it } from 'vitest';
import { createKeys, type Keys } from '../../local/pki.ts';
import type { Delivery, Rule } from '../../local/transport/line.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import { DOMAIN, SECRET, startGlobalSign } from './globalsign-bench.ts';
import { orderFor, placed, using } from './one-order.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await createKeys('P-256');
});

const requestOf = (dns: readonly string[] = [`shop.${DOMAIN}`], renewalId?: string): OrderRequest =>
  orderFor(keys, dns, renewalId);

/** What is wrong with the next answer of that operation, and with no other one. */
function onceAt(method: string, path: string, change: () => Delivery): Rule {
  let left = 1;
  return async (request, next) => {
    const delivery = await next();
    if (left === 0 || request.method !== method || !request.url.pathname.includes(path)) return delivery;
    left -= 1;
    return change();
  };
}

const answering = (method: string, path: string, answer: { readonly status: number; readonly body: string }): Rule =>
  onceAt(method, path, () => ({ state: 'whole', response: { headers: {}, ...answer } }));

describe('an order at GlobalSign', () => {
  it('is its serial number, says the names again, and asks for the life that the plan wants', () =>
    using(startGlobalSign(), async ({ issuer, clock }) => {
      const order = await placed(issuer, requestOf([`shop.${DOMAIN}`, `www.${DOMAIN}`]));
      expect(order.reference).toMatch(/^[0-9A-F]{2,40}$/);
      expect(await issuer.poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 15 });
      clock.advance(15_000);
      const status = await issuer.poll(order);
      if (status.state !== 'issued') throw new TypeError(JSON.stringify(status));
      const leaf = readCertificate(Buffer.from(status.chain[0] ?? '', 'base64'));
      expect([...leaf.names.dns].sort()).toEqual([`shop.${DOMAIN}`, `www.${DOMAIN}`]);
      expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBe(90 * 86_400_000 - 1000);
      expect(status.chain).toHaveLength(3);
    }));

  it('is found by its key when its answer was lost, after it had the time to be there', () =>
    using(startGlobalSign(), async ({ issuer, globalsign, line, clock, restarted }) => {
      await placed(issuer, requestOf([`www.${DOMAIN}`], 'renewal-0'));
      keys = await createKeys('P-256');
      line.add(onceAt('POST', '/certificates', () => ({ state: 'none' })));
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({ code: 'issuer-unreachable' });
      clock.advance(2000);
      await expect(restarted().submit(requestOf())).rejects.toMatchObject({ retryAfterSeconds: 58 });
      clock.advance(58_000);
      const order = await placed(restarted(), requestOf());
      expect(globalsign.certificates().map(({ serial }) => serial)).toEqual([expect.any(String), order.reference]);
    }));

  it('is placed anew when the first try came to nothing', () =>
    using(startGlobalSign(), async ({ issuer, globalsign, clock }) => {
      globalsign.faults.add({ kind: 'busy', times: 1 });
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({ code: 'issuer-unreachable' });
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({ code: 'issuer-unreachable' });
      clock.advance(60_000);
      await placed(issuer, requestOf());
      expect(globalsign.certificates()).toHaveLength(1);
    }));

  it('is rejected in the words of the policy, field by field', () =>
    using(startGlobalSign({ longestDays: 30 }), async ({ issuer }) => {
      expect(await issuer.submit(requestOf(['shop.fabrikam.example']))).toEqual({
        state: 'rejected',
        reason: 'request violates the validation policy; san.dns_names: shop.fabrikam.example is not verified (422)',
      });
      expect(await issuer.submit(requestOf([`shop.${DOMAIN}`], 'renewal-2'))).toEqual({
        state: 'rejected',
        reason: 'request violates the validation policy; validity: longer than 30 days (422)',
      });
    }));

  it.each([
    ['POST', '/certificates', { status: 201, body: '' }],
    ['POST', '/login', { status: 200, body: '{"token":"x"}' }],
    ['POST', '/login', { status: 200, body: 'rubbish' }],
  ])('cannot tell when %s %s answers %j', (method, path, answer) =>
    using(startGlobalSign(), async ({ issuer, line }) => {
      line.add(answering(method, path, answer));
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({ code: 'issuer-unreachable' });
    }),
  );

  it('cannot tell when the certificate or the chain is none', () =>
    using(startGlobalSign(), async ({ issuer, line, clock }) => {
      const order = await placed(issuer, requestOf());
      clock.advance(15_000);
      for (const [path, body] of [
        ['/certificates/', '{"certificate":"x","status":"ISSUED"}'],
        ['/trustchain', '{}'],
        ['/trustchain', '["x"]'],
      ] as const) {
        line.add(answering('GET', path, { status: 200, body }));
        await expect(issuer.poll(order)).rejects.toMatchObject({ code: 'issuer-unreachable' });
      }
      expect((await issuer.poll(order)).state).toBe('issued');
    }));
});

describe('the token of GlobalSign', () => {
  it('is good for many calls, and taken anew before it ends', () =>
    using(startGlobalSign(), async ({ issuer, globalsign, clock }) => {
      const order = await placed(issuer, requestOf());
      for (let minute = 0; minute < 20; minute++) {
        await issuer.poll(order);
        clock.advance(60_000);
      }
      expect(globalsign.logins()).toBe(3);
    }));

  it('is taken anew once when it is refused', () =>
    using(startGlobalSign(), async ({ issuer, line, globalsign }) => {
      line.add(answering('POST', '/certificates', { status: 401, body: '{}' }));
      const error = await issuer.submit(requestOf()).catch((thrown: unknown) => thrown);
      expect([error, globalsign.logins()]).toEqual([{ reference: expect.any(String) }, 2]);
    }));

  it('is not given for a wrong secret, which is not shown', () =>
    using(startGlobalSign(), async ({ issuer, secrets }) => {
      secrets.set(SECRET, 'wrong-canary');
      const error = await issuer.submit(requestOf()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'issuer-misconfigured', message: expect.stringContaining('login failed') });
      expect(String(error)).not.toContain('canary');
    }));
});
