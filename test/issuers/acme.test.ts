import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '../../local/dns/server.ts';
import { pemToDer } from '../../src/certificate/pem.ts';
import { clock } from '../../src/clock.ts';
import { DOMAIN, issuerAt } from '../contract/acme-bench.ts';
import { type EmulatedZone, startZone } from '../contract/emulated-zone.ts';
import { issuerSuite } from '../contract/issuer-suite.ts';
import { isPebbleInstalled, type PebbleOptions, startPebble } from '../contract/pebble.ts';

if (!isPebbleInstalled()) {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: the ACME issuer against pebble: pebble is not installed');
    expect(isPebbleInstalled()).toBe(false);
  });
} else {
  let zone: EmulatedZone;
  let dns: DnsServer;
  beforeAll(async () => {
    zone = await startZone(DOMAIN);
    dns = await startDnsServer(zone.txt);
  });
  afterAll(async () => {
    await dns.close();
    await zone.close();
  });

  const secret = Buffer.from('a secret of thirty-two characters').toString('base64url');
  const benches: readonly [string, PebbleOptions, { readonly isBound?: boolean }][] = [
    ['as it is', {}, {}],
    ['that refuses half of all nonces', { nonceRejectPercent: 50 }, {}],
    ['that wants external accounts', { externalAccounts: { 'kid-1': secret } }, { isBound: true }],
    ['that validates slowly and has a long chain', { validationSeconds: 3, chainLength: 3, reusePercent: 0 }, {}],
  ];
  for (const [how, options, { isBound = false }] of benches) {
    issuerSuite(`ACME at a pebble ${how}`, async () => {
      const pebble = await startPebble({ dnsServer: dns.address, validitySeconds: 90 * 86_400, ...options });
      if (pebble === undefined) throw new TypeError('pebble was there a moment ago');
      const externalAccount = { keyId: 'kid-1', secret: 'https://kv.example/secrets/eab' };
      const plan = { dns: { zones: [zone.id], waitSeconds: 0 }, ...(isBound && { externalAccount }) };
      const { issuer } = issuerAt({ directory: pebble.directoryUrl, trust: pebble.caPem, clock }, zone, { plan });
      return {
        issuer,
        roots: pemToDer(await pebble.root()),
        domain: DOMAIN,
        validityDays: 90,
        now: () => clock.now(),
        wait: (seconds) => sleep(Math.min(seconds, 1) * 1000),
        tearDown: () => pebble.close(),
      };
    });
  }
}
