import { setTimeout as sleep } from 'node:timers/promises';
import { startDnsServer } from '../../../local/dns/server.ts';
import { pemToDer } from '../../../src/certificate/pem.ts';
import { clock } from '../../../src/clock.ts';
import { DOMAIN, issuerAt } from '../../contract/acme-bench.ts';
import { answeredBy, startChallengeServer } from '../../contract/challenge-server.ts';
import { startZone } from '../../contract/emulated-zone.ts';
import { type PebbleOptions, startPebble } from '../../contract/pebble.ts';
import { createIssuerLine } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';
import { acmeAtEmulator, submits } from './acme.ts';

const secret = Buffer.from('a secret of thirty-two characters').toString('base64url');
const honest = 'pebble issues what it was asked for: the emulator lies';
const unattended = 'nobody has to agree at pebble';

/** Debian's pebble, each time with other faults of its own. */
export const pebbles: readonly ConformanceBench[] = [
  atPebble('as it is'),
  atPebble('that refuses half of all nonces', { nonceRejectPercent: 50 }),
  atPebble('that wants external accounts', { externalAccounts: { 'kid-1': secret } }),
  atPebble('that asks pebble-challtestsrv', {}, 'pebble-challtestsrv'),
  atPebble('that validates slowly and has a long chain', { validationSeconds: 3, chainLength: 3, reusePercent: 0 }),
];

/** Which DNS server answers: ours, straight out of the emulated zone, or another that is told what was written there. */
type Answers = 'ours' | 'pebble-challtestsrv';

export function atPebble(how: string, options: PebbleOptions = {}, by: Answers = 'ours'): ConformanceBench {
  return {
    title: `ACME at a pebble ${how}`,
    lacks: {
      ...acmeAtEmulator.lacks,
      'credentials-refused': 'an account key that the CA does not know makes an account',
      'pending-issued': unattended,
      'pending-rejected': unattended,
      'wrong-key': honest,
      'extra-name': honest,
      'missing-chain': honest,
      'expired-intermediate': honest,
    },
    async setUp() {
      const { zone, dns } = await namesAnsweredBy(by);
      const pebble = await startPebble({ dnsServer: dns.address, validitySeconds: 90 * 86_400, ...options });
      if (pebble === undefined) throw new TypeError('pebble was there a moment ago');
      const line = createIssuerLine(submits);
      const externalAccount = { keyId: 'kid-1', secret: 'https://kv.example/secrets/eab' };
      const isBound = options.externalAccounts !== undefined;
      const plan = { dns: { zones: [zone.id], waitSeconds: 0 }, ...(isBound && { externalAccount }) };
      const bench = issuerAt({ directory: pebble.directoryUrl, trust: pebble.caPem, clock }, zone, { plan });
      return {
        issuer: bench.restarted({}, { httpClient: line.client }),
        line,
        roots: pemToDer(await pebble.root()),
        domain: DOMAIN,
        validityDays: 90,
        now: () => clock.now(),
        wait: (seconds) => sleep(Math.min(seconds, 0.2) * 1000),
        secrets: [secret],
        async tearDown() {
          await pebble.close();
          await dns.close();
          await zone.close();
        },
      };
    },
  };
}

async function namesAnsweredBy(by: Answers) {
  const zone = await startZone(DOMAIN);
  if (by === 'ours') return { zone, dns: await startDnsServer(zone.txt) };
  const dns = await startChallengeServer();
  return { zone: answeredBy(dns, zone), dns };
}
