import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '../../local/dns/server.ts';
import { refusals, verdictOf } from '../contract/acme-refusals.ts';
import { type AcmeBench, authorize, dersOf, issueFor, openAccount, placeOrder } from '../contract/acme-walk.ts';
import { base64url, bindAccount, createWire, makeAccountKey } from '../contract/acme-wire.ts';
import { isPebbleInstalled, type Pebble, type PebbleOptions, startPebble } from '../contract/pebble.ts';

const isInstalled = isPebbleInstalled();
const zone = new Map<string, readonly string[]>();
let dns: DnsServer;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  dns = await startDnsServer(async (name) => zone.get(name) ?? []);
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  await dns.close();
});

async function start(options: PebbleOptions = {}): Promise<{ readonly bench: AcmeBench; readonly pebble: Pebble }> {
  const pebble = await startPebble({ dnsServer: dns.address, blockedNames: ['blocked.example'], ...options });
  if (pebble === undefined) throw new TypeError('pebble was there a moment ago');
  closers.push(() => pebble.close());
  const wire = createWire({ directoryUrl: pebble.directoryUrl, ca: pebble.caPem });
  return { bench: { wire, setTxt: (name, values) => void zone.set(name, values), pause: () => undefined }, pebble };
}

if (!isInstalled) {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: ACME against pebble: pebble is not installed');
    expect(isPebbleInstalled()).toBe(false);
  });
} else {
  describe('pebble', () => {
    it('issues for names and wildcards, once our DNS server has the answers', async () => {
      const { bench, pebble } = await start({ chainLength: 3, alternateRoots: 1, validitySeconds: 86_400 });
      const session = await openAccount(bench);
      const { download } = await issueFor(session, ['www.contoso.example', '*.contoso.example']);
      const [leaf, ...above] = dersOf(download.text).map((der) => new X509Certificate(der));
      expect(leaf?.subjectAltName?.split(', ').sort()).toEqual(['DNS:*.contoso.example', 'DNS:www.contoso.example']);
      const root = new X509Certificate(await pebble.root());
      expect(above.at(-1)?.verify(root.publicKey)).toBe(true);
      expect(new Date(leaf?.validTo ?? 0).getTime() - new Date(leaf?.validFrom ?? 0).getTime()).toBe(86_399_000);
      expect(download.headers.link).toContain('rel="alternate"');
    });

    it('refuses a share of good nonces when it is told to', async () => {
      const { bench } = await start({ nonceRejectPercent: 80 });
      let refused = 0;
      const wire: AcmeBench['wire'] = {
        ...bench.wire,
        post: async (wanted) => {
          const answer = await bench.wire.post({ ...wanted, once: true });
          if (!String(answer.json?.type).endsWith(':badNonce')) return answer;
          refused += 1;
          return wire.post(wanted);
        },
      };
      await issueFor(await openAccount({ ...bench, wire }), ['www.contoso.example']);
      expect(refused).toBeGreaterThan(0);
    });

    it('takes a wrong answer for none', async () => {
      const { bench } = await start();
      const session = await openAccount(bench);
      const setTxt = (name: string): void => void zone.set(name, ['something else']);
      const order = await placeOrder(session, ['wrong.contoso.example']);
      const [decided] = await authorize({ ...session, setTxt }, order);
      expect(decided).toMatchObject({ status: 'invalid', challenges: [{ error: { status: 403 } }] });
    });

    it('wants an external account where it is told to', async () => {
      const secret = base64url('a secret of thirty-two characters');
      const { bench } = await start({ externalAccounts: { 'kid-1': secret } });
      const key = makeAccountKey('RS256');
      await expect(openAccount(bench, key)).rejects.toThrow('externalAccountRequired');
      const url = await bench.wire.place('newAccount');
      const externalAccountBinding = bindAccount(key, url, { kid: 'kid-1', secret });
      await expect(openAccount(bench, key, { externalAccountBinding })).resolves.toMatchObject({ key });
    });
  });

  describe('what the emulator does otherwise than pebble', () => {
    let bench: AcmeBench;
    beforeAll(async () => {
      ({ bench } = await start());
    });

    it.each(refusals)('is written down: $mistake', async ({ make, verdict, pebble }) => {
      expect(verdictOf(await make(bench))).toEqual(pebble ?? verdict);
    });
  });
}
