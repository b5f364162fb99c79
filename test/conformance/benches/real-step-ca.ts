import { setTimeout as sleep } from 'node:timers/promises';
import { pemToDer } from '../../../src/certificate/pem.ts';
import { startStepCa } from '../../contract/step-ca.ts';
import { DOMAIN, stepCaIssuers } from '../../contract/step-ca-bench.ts';
import { createIssuerLine } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';
import { lacks, submits } from './step-ca.ts';

const honest = 'step-ca issues what it was asked for: the emulator lies';

/** The program itself. */
export const stepCaAt = (program: string): ConformanceBench => ({
  title: 'step-ca at step-ca',
  lacks: {
    ...lacks,
    'wrong-key': honest,
    'extra-name': honest,
    'missing-chain': honest,
    'expired-intermediate': honest,
    'credentials-refused': 'nobody can change its provisioner while it runs: another key is refused in test/issuers',
  },
  async setUp() {
    const at = await startStepCa(program);
    const line = createIssuerLine(submits);
    return {
      issuer: stepCaIssuers(at)({}, { httpClient: line.client }),
      line,
      roots: pemToDer(at.root),
      domain: DOMAIN,
      validityDays: 90,
      now: () => at.clock.now(),
      wait: (seconds) => sleep(Math.min(seconds, 0.05) * 1000),
      tearDown: () => at.close(),
    };
  },
});
