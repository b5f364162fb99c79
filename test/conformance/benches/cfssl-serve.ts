import { setTimeout as sleep } from 'node:timers/promises';
import { clock } from '../../../src/clock.ts';
import { startCfssl } from '../../contract/cfssl.ts';
import { AUTH_KEY, cfsslIssuers, DOMAIN } from '../../contract/cfssl-bench.ts';
import { createIssuerLine } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';
import { lacks, submits } from './cfssl.ts';

const honest = 'cfssl issues what it was asked for: the emulator lies';

/** Debian's `cfssl serve`, with one profile that wants a token and one that wants none. */
export const cfsslServes: readonly ConformanceBench[] = [atCfssl('with authsign', 'tls'), atCfssl('with sign', 'open')];

function atCfssl(how: string, profile: 'tls' | 'open'): ConformanceBench {
  return {
    title: `cfssl at cfssl serve ${how}`,
    lacks: {
      ...lacks,
      'wrong-key': honest,
      'extra-name': honest,
      'missing-chain': honest,
      'expired-intermediate': honest,
      'credentials-refused': 'nobody can change its keys while it runs: another one is refused in test/issuers',
    },
    async setUp() {
      const cfssl = await startCfssl();
      const line = createIssuerLine(submits);
      const issuerWith = cfsslIssuers({ url: cfssl.url, trust: cfssl.caPem, clock });
      const authKey = profile === 'open' ? { authKey: undefined } : {};
      return {
        issuer: issuerWith({ profile, ...authKey }, { httpClient: line.client }),
        line,
        roots: [cfssl.root.der],
        domain: DOMAIN,
        validityDays: 90,
        now: () => clock.now(),
        wait: (seconds) => sleep(Math.min(seconds, 0.05) * 1000),
        secrets: [AUTH_KEY],
        tearDown: () => cfssl.close(),
      };
    },
  };
}
