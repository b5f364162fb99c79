import { describe, expect, it } from 'vitest';
import type { AcmeFault } from '../../local/issuers/acme/faults.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { DOMAIN, startAcme } from './acme-bench.ts';
import { last, names, renew, requestOf, using } from './acme-renewal.ts';

describe('an order by ACME', () => {
  it('leaves records alone for as long as the zone needs, and takes them away in the end', () =>
    using(startAcme(), async (bench) => {
      const statuses = await renew(bench);
      expect(statuses[0]).toEqual({ state: 'pending', retryAfterSeconds: 30 });
      expect(last(statuses)).toMatchObject({ state: 'issued' });
      expect(bench.zone.names()).toEqual([]);
    }));

  it('is not looked at before the name servers answer', () =>
    using(startAcme({ propagationSeconds: 25 }), async (bench) => {
      expect(last(await renew(bench))).toMatchObject({ state: 'issued' });
      const hasty = bench.restarted({ dns: { zones: [bench.zone.id], waitSeconds: 0 } });
      expect(last(await renew(bench, names, hasty))).toMatchObject({ state: 'rejected' });
    }));

  it('leaves the records of others as they are', () =>
    using(startAcme(), async ({ zone, ...bench }) => {
      const id = `${zone.id}/TXT/_acme-challenge.www`;
      await zone.arm.put(id, { properties: { TTL: 60, TXTRecords: [{ value: ["somebody else's"] }] } });
      expect(last(await renew({ ...bench, zone }))).toMatchObject({ state: 'issued' });
      expect(await zone.txt(`_acme-challenge.www.${DOMAIN}`)).toEqual(["somebody else's"]);
    }));

  it('drops none of them when there is no room, and says where', () =>
    using(startAcme(), async ({ zone, ...bench }) => {
      const TXTRecords = Array.from({ length: 20 }, (_, at) => ({ value: [`somebody else's ${at}`] }));
      await zone.arm.put(`${zone.id}/TXT/_acme-challenge.www`, { properties: { TTL: 60, TXTRecords } });
      await expect(renew({ ...bench, zone })).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: expect.stringContaining('_acme-challenge.www'),
      });
      expect(await zone.txt(`_acme-challenge.www.${DOMAIN}`)).toHaveLength(20);
    }));

  it('goes on after a restart at any point, by its reference alone', () =>
    using(startAcme(), async (bench) => {
      const request = await requestOf(names);
      const placed = await bench.issuer.submit(request);
      if ('state' in placed) throw new TypeError(placed.reason);
      for (let polls = 0; polls < 30; polls++) {
        const status = await bench.restarted().poll({ ...placed, csr: async () => request.csr });
        if (status.state === 'issued') break;
        if (status.state === 'rejected') throw new TypeError(status.reason);
        bench.clock.advance(status.retryAfterSeconds * 1000);
      }
      expect(bench.acme.certificates()).toHaveLength(1);
    }));

  it.each(['P-384', 'RSA-2048'] as const)('is signed by an account key of %s', (kind) =>
    using(startAcme({}, {}, kind), async (bench) => {
      expect(last(await renew(bench))).toMatchObject({ state: 'issued' });
    }),
  );

  it('says that the configuration is wrong when the CA takes no such account key', () =>
    using(startAcme({}, {}, 'P-521'), async (bench) => {
      await expect(renew(bench)).rejects.toMatchObject({ code: 'issuer-misconfigured' });
    }));

  it('names a profile', () =>
    using(startAcme({}, { profile: 'shortlived' }), async (bench) => {
      const status = last(await renew(bench));
      const [leaf = ''] = status?.state === 'issued' ? status.chain : [];
      const { notBefore, notAfter } = readCertificate(Buffer.from(leaf, 'base64'));
      expect((notAfter.getTime() - notBefore.getTime()) / 86_400_000).toBeLessThan(7);
    }));

  it('says that the configuration is wrong when the CA has no such profile', () =>
    using(startAcme({}, { profile: 'none-such' }), async (bench) => {
      await expect(renew(bench)).rejects.toMatchObject({ code: 'issuer-misconfigured' });
    }));

  it('takes the chain that is preferred, and the first one when there is none of that name', () =>
    using(startAcme(), async (bench) => {
      const [, alternate] = bench.acme.roots();
      const cn = readCertificate(alternate).subjectText.replace(/^.*CN=/, '');
      const status = last(await renew(bench, names, bench.restarted({ preferredChain: cn })));
      const top = status?.state === 'issued' ? (status.chain.at(-1) ?? '') : '';
      expect(readCertificate(Buffer.from(top, 'base64')).issuerText).toContain(cn);
      const other = last(await renew(bench, names, bench.restarted({ preferredChain: 'Nobody' })));
      expect(other).toMatchObject({ state: 'issued' });
    }));

  it('gives a refusal in the words of the CA', () =>
    using(startAcme({ blockedNames: [`blocked.${DOMAIN}`] }), async (bench) => {
      expect(await renew(bench, [`blocked.${DOMAIN}`])).toEqual([
        { state: 'rejected', reason: expect.stringContaining('rejectedIdentifier') },
      ]);
    }));

  it('ends when the order does', () =>
    using(startAcme({ validationSeconds: [30 * 86_400, 30 * 86_400] }), async (bench) => {
      const request = await requestOf(names);
      const placed = await bench.issuer.submit(request);
      if ('state' in placed) throw new TypeError(placed.reason);
      const order = { ...placed, csr: async () => request.csr };
      await bench.issuer.poll(order);
      bench.clock.advance(60 * 86_400_000);
      expect(await bench.issuer.poll(order)).toMatchObject({ state: 'rejected' });
    }));

  it('never leaves the suffixes that it may ask for', () =>
    using(startAcme(), async (bench) => {
      expect(await renew(bench, ['www.fabrikam.example'])).toMatchObject([{ state: 'rejected' }]);
      expect(bench.acme.orderCount()).toBe(0);
    }));
});

describe('an account', () => {
  it('is bound to an external one where the CA wants that', () =>
    using(
      startAcme(
        { externalAccounts: { 'kid-1': Buffer.from('a secret of thirty-two characters') } },
        { externalAccount: { keyId: 'kid-1', secret: 'https://kv.example/secrets/eab' } },
      ),
      async (bench) => expect(last(await renew(bench))).toMatchObject({ state: 'issued' }),
    ));

  it('is not made without the external one, which is said', () =>
    using(startAcme({ externalAccounts: { 'kid-1': Buffer.from('another') } }), async (bench) => {
      await expect(renew(bench)).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: expect.stringContaining('externalAccount'),
      });
    }));

  it('goes over to a new version of its key', () =>
    using(startAcme(), async (bench) => {
      await renew(bench);
      bench.key.rotate();
      expect(last(await renew(bench, names, bench.restarted()))).toMatchObject({ state: 'issued' });
      const accounts = new Set(bench.acme.certificates().map((one) => one.account));
      expect(accounts.size).toBe(1);
    }));

  it('is made again where the CA has forgotten it', () =>
    using(startAcme(), async (bench) => {
      await renew(bench);
      const forgotten = async (kind: 'account', key: string) => {
        const found = await bench.rows.get(kind, key);
        return found && { ...found, row: { ...found.row, account: `${found.row.account}-gone` } };
      };
      const rows = { ...bench.rows, get: forgotten as typeof bench.rows.get };
      expect(last(await renew(bench, names, bench.restarted({}, { rows })))).toMatchObject({ state: 'issued' });
    }));
});

const strikes: readonly [AcmeFault, string, object][] = [
  [{ kind: 'bad-nonce', percent: 50 }, 'is issued all the same', { state: 'issued' }],
  [{ kind: 'slow-validation', seconds: 600 }, 'is issued later', { state: 'issued' }],
  [{ kind: 'slow-issuance', seconds: 3600 }, 'is issued later', { state: 'issued' }],
  [{ kind: 'caa' }, 'is rejected', { state: 'rejected', reason: expect.stringContaining('caa') }],
  [{ kind: 'dns' }, 'is rejected', { state: 'rejected', reason: expect.stringContaining('dns') }],
  [{ kind: 'unauthorized' }, 'is rejected', { state: 'rejected', reason: expect.stringContaining('unauthorized') }],
  [{ kind: 'order-rejected' }, 'is rejected', { state: 'rejected' }],
];

describe('an order at a CA with faults', () => {
  it.each(strikes)('$kind: %s', (fault, _, expected) =>
    using(startAcme({ faults: [fault] }), async (bench) => {
      expect(last(await renew(bench, [`www.${DOMAIN}`]))).toMatchObject(expected);
      expect(bench.zone.names()).toEqual([]);
    }),
  );

  it.each([
    ['server-error', 'issuer-unreachable', undefined],
    ['busy', 'issuer-unreachable', 60],
    ['truncated-body', 'issuer-unreachable', undefined],
    ['rate-limited', 'issuer-throttled', expect.any(Number)],
  ] as const)('%s: is tried again later', (kind, code, retryAfterSeconds) =>
    using(startAcme({ faults: [{ kind, times: 1 }] }), async (bench) => {
      await expect(renew(bench)).rejects.toMatchObject({ code, retryAfterSeconds });
      expect(last(await renew(bench))).toMatchObject({ state: 'issued' });
    }),
  );

  it('waits for a challenge that failed and may yet succeed, for as long as the order lives', () =>
    using(startAcme({ faults: [{ kind: 'dns' }, { kind: 'stays-pending' }] }), async (bench) => {
      const request = await requestOf(names);
      const placed = await bench.issuer.submit(request);
      if ('state' in placed) throw new TypeError(placed.reason);
      const order = { ...placed, csr: async () => request.csr };
      for (let polls = 0; polls < 5; polls++) {
        expect(await bench.issuer.poll(order)).toMatchObject({ state: 'pending' });
        bench.clock.advance(60_000);
      }
      bench.clock.advance(60 * 86_400_000);
      expect(await bench.issuer.poll(order)).toMatchObject({ state: 'rejected' });
    }));
});
