import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { startDnsServer } from '../../local/dns/server.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { clock } from '../../src/clock.ts';
import type { Issuer, OrderStatus } from '../../src/issuers/port.ts';
import type { AcmePlan } from '../../src/plan/issuers/acme.ts';
import { DOMAIN, issuerAt } from '../contract/acme-bench.ts';
import { names, requestOf } from '../contract/acme-renewal.ts';
import { startZone } from '../contract/emulated-zone.ts';
import { goPebble } from '../contract/go-pebble.ts';
import { isPebbleInstalled, type PebbleOptions, startPebble } from '../contract/pebble.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Wish extends PebbleOptions {
  readonly plan?: Partial<AcmePlan>;
  readonly zoneName?: string;
  readonly cnames?: ReadonlyMap<string, string>;
}

/** A pebble, and our issuer at it, whose proofs it finds by DNS. */
async function start({ plan = {}, zoneName = DOMAIN, cnames = new Map(), ...options }: Wish = {}) {
  const zone = await startZone(zoneName);
  const dns = await startDnsServer(zone.txt, { cnames });
  closers.push(zone.close, dns.close);
  const pebble = await startPebble({ dnsServer: dns.address, validitySeconds: 90 * 86_400, ...options });
  if (pebble === undefined) throw new TypeError('pebble was there a moment ago');
  closers.push(pebble.close);
  const proofs = { zones: [zone.id], waitSeconds: 0, followCnames: cnames.size > 0, nameServers: [dns.address] };
  const server = { directory: pebble.directoryUrl, trust: pebble.caPem, clock };
  const { issuer } = issuerAt(server, zone, { plan: { dns: proofs, ...plan } });
  return { pebble, issuer, zone };
}

const MOST_POLLS = 100;

/** The leaf, base64 of its DER. */
async function issue(issuer: Issuer, dns: readonly string[] = names, replaces?: string): Promise<string> {
  const request = await requestOf(dns, replaces);
  const order = await issuer.submit(request);
  if ('state' in order) throw new TypeError(order.reason);
  let status: OrderStatus | undefined;
  for (let polls = 0; polls < MOST_POLLS; polls += 1) {
    status = await issuer.poll({ ...order, csr: async () => request.csr });
    if (status.state === 'issued') return status.chain[0] ?? '';
    if (status.state === 'rejected') throw new TypeError(status.reason);
    await sleep(100);
  }
  throw new TypeError(`not issued: ${JSON.stringify(status)}`);
}

const detailsOf = (leaf: string) => readCertificate(Buffer.from(leaf, 'base64'));

function atAny(program?: string): void {
  it('revokes, and pebble knows why', async () => {
    const { issuer, pebble } = await start({ program });
    const certificate = await issue(issuer);
    const { serial } = detailsOf(certificate);
    expect(await pebble.statusOf(serial)).toMatchObject({ Status: 'Valid' });
    const revoke = () => issuer.revoke?.({ certificate, reason: 'superseded' });
    expect(await revoke()).toEqual({ state: 'revoked' });
    expect(await pebble.statusOf(serial)).toMatchObject({ Status: 'Revoked', Reason: 4 });
    expect(await revoke()).toEqual({ state: 'revoked' });
  });

  it('proves names where their CNAMEs lead', async () => {
    const elsewhere = 'proofs.fabrikam.example';
    const cnames = new Map([
      [`_acme-challenge.www.${DOMAIN}`, `www.${elsewhere}`],
      [`_acme-challenge.${DOMAIN}`, `apex.${elsewhere}`],
    ]);
    const { issuer, zone } = await start({ program, zoneName: elsewhere, cnames });
    expect(detailsOf(await issue(issuer)).names.dns.toSorted()).toEqual([...names].sort());
    expect(zone.names()).toEqual([]);
  });
}

if (isPebbleInstalled()) {
  describe('our issuer at Debian’s pebble', () => {
    atAny();

    it('has no renewal window to tell of', async () => {
      const { issuer } = await start();
      expect(await issuer.renewalWindow?.(await issue(issuer))).toBeUndefined();
    });
  });
} else {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: revocation and CNAMEs against pebble: pebble is not installed');
    expect(isPebbleInstalled()).toBe(false);
  });
}

const newer = await goPebble();
if (newer.state === 'ready') {
  const { program } = newer;
  describe('our issuer at a newer pebble', () => {
    atAny(program);

    it('is told a window around two thirds of the life, and one that is past once the certificate is revoked', async () => {
      const { issuer } = await start({ program });
      const certificate = await issue(issuer);
      const { notBefore, notAfter } = detailsOf(certificate);
      const ideal = notAfter.getTime() - (notAfter.getTime() - notBefore.getTime()) / 3;
      const window = await issuer.renewalWindow?.(certificate);
      expect(window).toMatchObject({ retryAfterSeconds: 21_600 });
      expect(Date.parse(window?.start ?? '')).toBeLessThan(ideal);
      expect(Date.parse(window?.end ?? '')).toBeGreaterThan(ideal);
      await issuer.revoke?.({ certificate, reason: 'keyCompromise' });
      const after = await issuer.renewalWindow?.(certificate);
      expect(Date.parse(after?.end ?? '')).toBeLessThanOrEqual(Date.now());
    });

    it('orders what replaces a certificate, once with that name and once without', async () => {
      const { issuer } = await start({ program });
      const old = await issue(issuer);
      const next = await issue(issuer, names, old);
      const again = await issue(issuer, names, old);
      const other = await issue(issuer, [`other.${DOMAIN}`], again);
      expect(new Set([old, next, again, other].map((leaf) => detailsOf(leaf).serial)).size).toBe(4);
    });

    it('asks for a profile by its name', async () => {
      const profiles = {
        classic: { description: 'ninety days', validityPeriod: 90 * 86_400 },
        shortlived: { description: 'six days', validityPeriod: 6 * 86_400 },
      };
      const { issuer } = await start({ program, profiles, plan: { profile: 'shortlived' } });
      const { notBefore, notAfter } = detailsOf(await issue(issuer));
      expect(notAfter.getTime() - notBefore.getTime()).toBe((6 * 86_400 - 1) * 1000);
    });

    it('says that the configuration is wrong when there is no such profile', async () => {
      const { issuer } = await start({ program, plan: { profile: 'unheard-of' } });
      await expect(issue(issuer)).rejects.toMatchObject({ code: 'issuer-misconfigured' });
    });
  });
} else {
  it('says that the newer one was not tried', () => {
    console.log(`NOT RUN: renewal windows and profiles against a newer pebble: ${newer.why}`);
    expect(newer.state).toBe('missing');
  });
}
