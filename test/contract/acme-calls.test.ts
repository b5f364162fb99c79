import { createDefaultHttpClient, type HttpClient } from '@azure/core-rest-pipeline';
import { describe, expect, it } from 'vitest';
import type { Arm } from '../../src/azure/arm.ts';
import { DOMAIN, type EmulatedAcme, startAcme } from './acme-bench.ts';
import { last, names, renew, requestOf, using } from './acme-renewal.ts';

const NAME = `www.${DOMAIN}`;
const RECORDS = 'TXT/_acme-challenge.www';

/** A server that has decided by the time it is asked again. */
const quick = () => startAcme({ validationSeconds: [0, 0], issuanceSeconds: [0, 0] });

interface Watched {
  readonly issuer: EmulatedAcme['issuer'];
  /** Verbs of Resource Manager, in their order. */
  readonly dns: readonly string[];
  /** Where the ACME server was asked, without ids. */
  readonly acme: readonly string[];
}

function watched(
  { restarted, zone }: EmulatedAcme,
  waitSeconds: number,
  afterwards: (place: string) => void = () => undefined,
): Watched {
  const dns: string[] = [];
  const arm: Arm = {
    ...zone.arm,
    get: (...all) => noted('get', zone.arm.get(...all)),
    put: (...all) => noted('put', zone.arm.put(...all)),
    remove: (...all) => noted('remove', zone.arm.remove(...all)),
  };
  const acme: string[] = [];
  const network = createDefaultHttpClient();
  const httpClient: HttpClient = {
    async sendRequest(request) {
      const place = new URL(request.url).pathname.split('/')[1] ?? '';
      acme.push(place);
      const answer = await network.sendRequest(request);
      afterwards(place);
      return answer;
    },
  };
  return { issuer: restarted({ dns: { zones: [zone.id], waitSeconds } }, { arm, httpClient }), dns, acme };

  function noted<T>(verb: string, answer: Promise<T>): Promise<T> {
    dns.push(verb);
    return answer;
  }
}

describe('a certificate by ACME', () => {
  it('needs a record that is made and taken away, and nothing is read for that', () =>
    using(quick(), async (bench) => {
      const { issuer, dns } = watched(bench, 0);
      expect(last(await renew(bench, [NAME], issuer))).toMatchObject({ state: 'issued' });
      expect(dns).toEqual(['put', 'remove']);
      expect(bench.zone.names()).toEqual([]);
    }));

  it('is not asked for how its order stands when the server has just said so', () =>
    using(quick(), async (bench) => {
      const { issuer, acme } = watched(bench, 0);
      await renew(bench, [NAME], issuer);
      const first = acme.indexOf('new-order');
      expect(acme.slice(first, first + 4)).toEqual(['new-order', 'authorization', 'challenge', 'order']);
    }));

  it('is looked for twice at a server that needs a moment', () =>
    using(startAcme({ validationSeconds: [1, 1], issuanceSeconds: [0, 0] }), async (bench) => {
      const { issuer, acme } = watched(bench, 0, (place) => {
        if (place === 'order') bench.clock.advance(1000);
      });
      expect(await renew(bench, [NAME], issuer)).toMatchObject([{ state: 'issued' }]);
      expect(acme.filter((place) => place === 'challenge')).toHaveLength(1);
    }));

  it('has its records taken away while the server makes it', () =>
    using(startAcme({ validationSeconds: [0, 0], issuanceSeconds: [5, 5] }), async (bench) => {
      const { issuer } = watched(bench, 0);
      const request = await requestOf([NAME]);
      const placed = await issuer.submit(request);
      if ('state' in placed) throw new TypeError(placed.reason);
      expect(await issuer.poll({ ...placed, csr: async () => request.csr })).toMatchObject({ state: 'pending' });
      expect(bench.zone.names()).toEqual([]);
    }));
});

describe('a record set', () => {
  it('that others have changed since it was made is read before a value is taken away', () =>
    using(quick(), async (bench) => {
      const { issuer, dns } = watched(bench, 30);
      const request = await requestOf([NAME]);
      const placed = await issuer.submit(request);
      if ('state' in placed) throw new TypeError(placed.reason);
      const order = { ...placed, csr: async () => request.csr };
      expect(await issuer.poll(order)).toMatchObject({ state: 'pending' });
      const [ours = ''] = await bench.zone.txt(`_acme-challenge.${NAME}`);
      const TXTRecords = [ours, "somebody else's"].map((value) => ({ value: [value] }));
      await bench.zone.arm.put(`${bench.zone.id}/${RECORDS}`, { properties: { TTL: 60, TXTRecords } });
      bench.clock.advance(30_000);
      expect(await issuer.poll(order)).toMatchObject({ state: 'issued' });
      expect(dns).toEqual(['put', 'get', 'remove', 'get', 'put']);
      expect(await bench.zone.txt(`_acme-challenge.${NAME}`)).toEqual(["somebody else's"]);
    }));

  it('that another process of the app has made is read, and waited for as long as it needs', () =>
    using(quick(), async (bench) => {
      const request = await requestOf(names);
      const placed = await bench.issuer.submit(request);
      if ('state' in placed) throw new TypeError(placed.reason);
      const order = { ...placed, csr: async () => request.csr };
      await watched(bench, 30).issuer.poll(order);
      bench.clock.advance(10_000);
      expect(await watched(bench, 30).issuer.poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 20 });
      expect(await bench.zone.txt(`_acme-challenge.${NAME}`)).toHaveLength(1);
    }));
});
