import { describe, expect, it } from 'vitest';
import { readCertificate } from '../../src/certificate/read.ts';
import { createMemoryAppRows } from '../../src/estate/memory.ts';
import { renewalIdOf } from '../../src/issuers/acme-renewal-info.ts';
import { createMemoryKey } from '../builders/memory-key.ts';
import { type EmulatedAcme, startAcme } from './acme-bench.ts';
import { issued, last, names, renew, using } from './acme-renewal.ts';

const ask = ({ issuer }: EmulatedAcme, certificate: string) => issuer.renewalWindow?.(certificate);
const days = (count: number, from: Date) => new Date(from.getTime() + count * 86_400_000);

describe('a renewal window', () => {
  it('is what the CA suggests for the certificate, in milliseconds and UTC', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      const { notBefore, notAfter } = readCertificate(Buffer.from(leaf, 'base64'));
      const window = await ask(bench, leaf);
      expect(window).toEqual({
        start: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
        end: expect.any(String),
        retryAfterSeconds: 21_600,
      });
      const middle = (Date.parse(window?.start ?? '') + Date.parse(window?.end ?? '')) / 2;
      const share = (middle - notBefore.getTime()) / (notAfter.getTime() - notBefore.getTime());
      expect(share).toBeCloseTo(2 / 3, 2);
    }));

  it('comes with the page that explains it', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      const now = bench.clock.now();
      const window = { start: days(1, now), end: days(2, now) };
      const explanationUrl = 'https://ca.example/incident-17';
      bench.acme.suggestWindow({ ...window, explanationUrl }, renewalIdOf(leaf));
      expect(await ask(bench, leaf)).toMatchObject({
        start: window.start.toISOString(),
        end: window.end.toISOString(),
        explanation: explanationUrl,
      });
    }));

  it.each(['javascript:alert(1)', 'https://ca.example/a b', `https://ca.example/${'a'.repeat(500)}`, '17'])(
    'is told without an explanation that is no page: %s',
    (explanationUrl) =>
      using(startAcme(), async (bench) => {
        const leaf = await issued(bench);
        const now = bench.clock.now();
        bench.acme.suggestWindow({ start: days(1, now), end: days(2, now), explanationUrl });
        expect(await ask(bench, leaf)).not.toHaveProperty('explanation');
      }),
  );

  it.each([
    [1, 60],
    [7200, 7200],
    [30 * 86_400, 86_400],
  ])('is asked for again after %d seconds at the CA, and %d here', (renewalInfoSeconds, expected) =>
    using(startAcme({ renewalInfoSeconds }), async (bench) => {
      expect(await ask(bench, await issued(bench))).toMatchObject({ retryAfterSeconds: expected });
    }),
  );

  it('is no answer when it ends before it begins', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      const now = bench.clock.now();
      bench.acme.suggestWindow({ start: days(2, now), end: days(1, now) });
      await expect(ask(bench, leaf)).rejects.toMatchObject({ code: 'issuer-unreachable' });
    }));

  it('is not there for the certificate of another CA, and at a CA that has none', () =>
    using(startAcme(), (elsewhere) =>
      using(startAcme({ renewalInfoSeconds: 'none' }), async (silent) => {
        expect(await ask(elsewhere, await issued(silent))).toBeUndefined();
        expect(await ask(silent, await issued(silent))).toBeUndefined();
      }),
    ));

  it.each([
    ['server-error', 'issuer-unreachable'],
    ['busy', 'issuer-unreachable'],
    ['truncated-body', 'issuer-unreachable'],
  ] as const)('cannot be told when the CA has a fault: %s', (kind, code) =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      bench.acme.faults.add({ kind, times: 1 });
      await expect(ask(bench, leaf)).rejects.toMatchObject({ code });
      expect(await ask(bench, leaf)).toMatchObject({ retryAfterSeconds: 21_600 });
    }),
  );
});

describe('an order that replaces a certificate', () => {
  const replacedBy = ({ acme }: EmulatedAcme) => acme.certificates().map(({ replacedBy: order }) => order?.replaces);

  it('names it, so that the CA knows that it has been renewed', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      await issued(bench, leaf);
      expect(replacedBy(bench)).toEqual([renewalIdOf(leaf), undefined]);
    }));

  it('is exempt from the limits of the CA once the window is open', () =>
    using(startAcme({ quota: { sameNames: { count: 1, seconds: 7 * 86_400 } } }), async (bench) => {
      const leaf = await issued(bench);
      await expect(renew(bench, names, bench.issuer, leaf)).rejects.toMatchObject({ code: 'issuer-throttled' });
      bench.acme.suggestWindow('now');
      expect(last(await renew(bench, names, bench.issuer, leaf))).toMatchObject({ state: 'issued' });
    }));

  it('is placed without that name when another order has taken it, and when the CA refuses it for another reason', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      await issued(bench, leaf);
      await issued(bench, leaf);
      expect(bench.acme.orderCount()).toBe(3);
      const stranger = bench.restarted({}, { accountKey: createMemoryKey(), rows: createMemoryAppRows() });
      expect(last(await renew(bench, names, stranger, leaf))).toMatchObject({ state: 'issued' });
    }));

  it('does not name the certificate of another CA', () =>
    using(startAcme(), (elsewhere) =>
      using(startAcme(), async (bench) => {
        await issued(bench, await issued(elsewhere));
        expect(replacedBy(bench)).toEqual([undefined]);
      }),
    ));

  it('does not name one that has none of its names', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      expect(last(await renew(bench, ['other.contoso.example'], bench.issuer, leaf))).toMatchObject({
        state: 'issued',
      });
      expect([bench.acme.orderCount(), replacedBy(bench)]).toEqual([2, [undefined, undefined]]);
    }));

  it('names it although the CA cannot tell of windows just now', () =>
    using(startAcme(), async (bench) => {
      const leaf = await issued(bench);
      const now = bench.clock.now();
      bench.acme.suggestWindow({ start: days(2, now), end: days(1, now) });
      await issued(bench, leaf);
      expect(replacedBy(bench)).toEqual([renewalIdOf(leaf), undefined]);
    }));

  it('is refused as a whole when it is refused for something else', () =>
    using(startAcme({ blockedNames: ['blocked.contoso.example'] }), async (bench) => {
      const leaf = await issued(bench);
      expect(await renew(bench, [...names, 'blocked.contoso.example'], bench.issuer, leaf)).toEqual([
        { state: 'rejected', reason: expect.stringContaining('rejectedIdentifier') },
      ]);
    }));
});
