import { beforeAll, describe, expect, it } from 'vitest';
import { createKeys, type Keys } from '../../local/pki.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import type { Delivery, Rule } from '../../local/transport/line.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import { CLIENT, CODE, DOMAIN, type EjbcaBench, pemOf, startEjbca, transport } from './ejbca-bench.ts';
import { leafOf, orderFor, placed, using } from './one-order.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await createKeys('P-256');
});

const requestOf = (dns: readonly string[] = [`shop.${DOMAIN}`], renewalId?: string): OrderRequest =>
  orderFor(keys, dns, renewalId);

/** What is wrong with the next answer of that operation, and with no other one. */
function onceAt(operation: string, change: (delivery: Delivery) => Delivery): Rule {
  let left = 1;
  return async ({ url }, next) => {
    const delivery = await next();
    if (left === 0 || !url.pathname.includes(operation)) return delivery;
    left -= 1;
    return change(delivery);
  };
}

const answering = (operation: string, status: number, body: string): Rule =>
  onceAt(operation, () => ({ state: 'whole', response: { status, headers: {}, body } }));

const lost = (): Delivery => ({ state: 'none' });

describe('an EJBCA order', () => {
  it('has the renewal for an end entity, and the path to the root for a chain', () =>
    using(startEjbca(), async ({ issuer, ejbca }) => {
      const status = await issuer.poll(await placed(issuer, requestOf()));
      expect(leafOf(status).names.dns).toEqual([`shop.${DOMAIN}`]);
      expect(status).toMatchObject({ chain: { length: 3 } });
      expect(ejbca.certificates().map(({ username }) => username)).toEqual(['renewal-1-AAAA']);
    }));

  it('may share an end entity with other renewals of the common name, and is told apart by its key', () =>
    using(startEjbca({}, { endEntity: 'common-name' }), async ({ issuer, ejbca }) => {
      const first = await placed(issuer, requestOf());
      keys = await createKeys('P-256');
      const second = await placed(issuer, requestOf([`shop.${DOMAIN}`], 'renewal-2-AAAA'));
      const [one, two] = [leafOf(await issuer.poll(first)), leafOf(await issuer.poll(second))];
      expect(one.spkiSha256).not.toBe(two.spkiSha256);
      expect(new Set(ejbca.certificates().map(({ username }) => username))).toEqual(new Set([`shop.${DOMAIN}`]));
    }));

  it('is found when its answer was lost, and nothing is issued again', () =>
    using(startEjbca(), async ({ issuer, ejbca, line, restarted }) => {
      line.add(onceAt('pkcs10enroll', lost));
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({ code: 'issuer-unreachable' });
      const status = await issuer.poll(await placed(restarted(), requestOf()));
      expect(ejbca.certificates()).toHaveLength(1);
      expect(leafOf(status).serial).toBe(readCertificate(ejbca.certificates()[0]?.der ?? Buffer.of()).serial);
    }));

  it('tells of certificates that were made besides', () =>
    using(startEjbca(), async ({ issuer, ejbca, line }) => {
      const order = await placed(issuer, requestOf());
      // Another app asked at the same moment, before anything was to be found.
      line.add(answering('search', 200, JSON.stringify({ certificates: [], more_results: false })));
      await placed(issuer, requestOf());
      const status = await issuer.poll(order);
      expect(status).toMatchObject({ extra: { length: 1 } });
      expect(await issuer.poll(order)).toEqual(status);
      expect(ejbca.certificates()).toHaveLength(2);
    }));

  it.each([true, false])('waits for an approval for a month; EJBCA tells its number apart: %s', (tellsRequests) =>
    using(startEjbca({ approval: true, tellsRequests }), async ({ restarted, ejbca, clock }) => {
      const away = ejbca.faults.add({ kind: 'held' });
      const order = await placed(restarted(), requestOf());
      for (let day = 0; day < 30; day++) {
        expect(await restarted().poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 900 });
        clock.advance(86_400_000);
      }
      away();
      const status = await restarted().poll(order);
      expect(await restarted().poll(order)).toEqual(status);
      expect(ejbca.certificates()).toHaveLength(1);
    }),
  );

  it('is found when the answer that ends the approval was lost', () =>
    using(startEjbca({ approval: true }), async ({ issuer, ejbca, line }) => {
      const order = await placed(issuer, requestOf());
      line.add(onceAt('finalize', lost));
      await expect(issuer.poll(order)).rejects.toMatchObject({ code: 'issuer-unreachable' });
      expect((await issuer.poll(order)).state).toBe('issued');
      expect(ejbca.certificates()).toHaveLength(1);
    }));

  it('is rejected in the words of EJBCA: by whoever approves, by a profile, for a second request', () =>
    using(startEjbca({ approval: true }), async ({ issuer, ejbca }) => {
      const order = await placed(issuer, requestOf());
      expect(await issuer.submit(requestOf())).toMatchObject({ reason: expect.stringContaining('already exists') });
      const away = ejbca.faults.add({ kind: 'rejected' });
      expect(await issuer.poll(order)).toMatchObject({ reason: expect.stringMatching(/has been rejected \(400\)$/) });
      away();
      const stranger = await issuer.submit(requestOf(['shop.fabrikam.example'], 'renewal-3'));
      expect(stranger).toMatchObject({ reason: expect.stringMatching(/end entity profile \(422\)$/) });
    }));

  it('that waits for an approval of which nobody can ask is rejected, with what EJBCA said', () =>
    using(startEjbca(), async ({ issuer, line }) => {
      line.add(
        answering('pkcs10enroll', 202, JSON.stringify({ status_code: 202, info_message: 'Added for approval.' })),
      );
      expect(await issuer.submit(requestOf())).toEqual({
        state: 'rejected',
        reason: 'EJBCA waits for an approval and does not tell of which request: Added for approval.',
      });
    }));

  it('is rejected when EJBCA certifies another key', () =>
    using(startEjbca(), async ({ issuer, ejbca }) => {
      ejbca.faults.add({ kind: 'wrong-key' });
      expect(await issuer.submit(requestOf())).toMatchObject({ reason: expect.stringContaining('for another key') });
    }));

  it.each([
    ['pkcs10enroll', 201, 'rubbish'],
    ['pkcs10enroll', 201, '{"certificate":"bm90aGluZw=="}'],
    ['pkcs10enroll', 201, '{"certificate":7}'],
    ['search', 200, '{"certificates":[{"certificate":"AAAA"}]}'],
    ['search', 200, '[]'],
    ['search', 400, '{"error_code":400,"error_message":"Invalid criteria"}'],
  ])('cannot tell when %s answers %i %j', (operation, status, body) =>
    using(startEjbca(), async ({ issuer, line, ejbca }) => {
      line.add(answering(operation, status, body));
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({ code: 'issuer-unreachable' });
      expect((await issuer.poll(await placed(issuer, requestOf()))).state).toBe('issued');
      expect(ejbca.certificates()).toHaveLength(1);
    }),
  );

  it('with a reference that nobody made is rejected', () =>
    using(startEjbca(), async ({ issuer }) => {
      for (const reference of ['', '{}', '{"endEntity":"x","key":"y","request":-1}']) {
        expect(await issuer.poll({ reference, csr: async () => '' })).toMatchObject({ state: 'rejected' });
      }
    }));
});

describe('the configuration of EJBCA', () => {
  it.each([
    [{ certificateAuthority: 'Another' }, "CA 'Another' does not exist"],
    [{ certificateProfile: 'Another' }, "Certificate profile 'Another' does not exist"],
    [{ endEntityProfile: 'Another' }, "End entity profile 'Another' does not exist"],
  ])('names what EJBCA does not have: %j', (change, words) =>
    using(startEjbca({}, change), async ({ issuer }) => {
      await expect(issuer.submit(requestOf())).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: expect.stringContaining(words),
      });
    }),
  );

  it.each([
    ['of another CA', () => pemOf(createTransportCa().issueClient('renewer'))],
    ['that has expired', () => pemOf(transport.issueClient('renewer', 'expired'))],
    ['that is none', () => 'planted-canary'],
  ])('has a client certificate %s', (_, value: () => string) =>
    using(startEjbca(), async ({ issuer, secrets }) => {
      secrets.set(CLIENT, value());
      const error = await issuer.submit(requestOf()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'issuer-misconfigured' });
      expect(String(error)).not.toContain('planted-canary');
    }),
  );

  it('gives each end entity a code of its own, which nobody can guess', () =>
    using(startEjbca(), async ({ issuer, line, secrets }) => {
      const codes: string[] = [];
      line.add(({ url, body }, next) => {
        if (url.pathname.endsWith('/pkcs10enroll')) {
          codes.push(String((JSON.parse(new TextDecoder().decode(body)) as { password: string }).password));
        }
        return next();
      });
      await placed(issuer, requestOf());
      await placed(issuer, requestOf([`www.${DOMAIN}`], 'renewal-2-AAAA'));
      expect(new Set(codes).size).toBe(2);
      for (const code of codes)
        expect([code.length, code.includes(secrets.get(CODE)?.trim() ?? '')]).toEqual([32, false]);
    }));
});

describe('revoking at EJBCA', () => {
  const issued = async ({ issuer }: EjbcaBench) => {
    const status = await issuer.poll(await placed(issuer, requestOf()));
    return status.state === 'issued' ? (status.chain[0] ?? '') : '';
  };

  it('names issuer and serial number, and takes what was revoked before for revoked', () =>
    using(startEjbca(), async (bench) => {
      const certificate = await issued(bench);
      for (let times = 0; times < 2; times++) {
        expect(await bench.issuer.revoke?.({ certificate, reason: 'keyCompromise' })).toEqual({ state: 'revoked' });
      }
      expect(bench.ejbca.certificates()[0]?.revoked).toBe('KEY_COMPROMISE');
    }));

  it('may have to wait for somebody, or be refused, in the words of EJBCA', () =>
    using(startEjbca(), async (bench) => {
      const certificate = await issued(bench);
      const revoke = () => bench.issuer.revoke?.({ certificate, reason: 'superseded' });
      bench.line.add(answering('revoke', 202, '{"status_code":202,"info_message":"Added for approval."}'));
      expect(await revoke()).toEqual({ state: 'requested', detail: 'Added for approval.' });
      bench.line.add(answering('revoke', 404, '{"error_code":404,"error_message":"No such CA"}'));
      expect(await revoke()).toEqual({ state: 'refused', reason: 'No such CA (404)' });
    }));
});
