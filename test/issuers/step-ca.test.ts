import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { createIssuerHttp } from '../../src/issuers/http.ts';
import { type StepCa, startStepCa, stepCaProgram } from '../contract/step-ca.ts';
import { stepCaIssuers } from '../contract/step-ca-bench.ts';
import { mistakes, spentToken, verdictAt, wordsOf } from '../contract/step-ca-refusals.ts';

const program = stepCaProgram();
if ('missing' in program) {
  it('says that nothing was tried', () => {
    console.log(`NOT RUN: step-ca: ${program.missing}`);
    expect(program.missing).toMatch(/\S/);
  });
} else {
  let at: StepCa;
  let keys: Keys;
  let other: Keys;
  beforeAll(async () => {
    [at, keys, other] = await Promise.all([startStepCa(program.path), createKeys('P-256'), createKeys('P-256')]);
  });
  afterAll(() => at.close());

  const post = (path: string, body: string) => {
    const http = createIssuerHttp({ issuer: 'test', clock: at.clock, trust: [at.trust], mayConnect: () => true });
    const headers = { 'content-type': 'application/json' };
    return http.send({ method: 'POST', url: `${at.url}${path}`, headers, body });
  };

  describe('what the emulator says', () => {
    it.each(mistakes)('is what step-ca says of $mistake', async (mistake) => {
      const [status, words] = await verdictAt(post, mistake, { at, keys, other });
      expect(status).toBe(mistake.verdict[0]);
      expect(words ?? '').toMatch(wordsOf(mistake));
    });

    it('takes a token once', async () => {
      const hands = { at, keys, other };
      const body = await spentToken(hands);
      const statuses = [];
      for (let times = 0; times < 2; times += 1) {
        statuses.push((await verdictAt(post, { body: async () => body }, hands))[0]);
      }
      expect(statuses).toEqual([201, 401]);
    });
  });

  describe('the step-ca issuer at step-ca', () => {
    it('is misconfigured with a key that the provisioner does not have', async () => {
      at.key.rotate();
      const csr = Buffer.from(
        createCsr({ subject: 'CN=shop.contoso.example', names: { dns: ['shop.contoso.example'] }, keys }),
      ).toString('base64');
      const request = { renewalId: 'shop-AAAA', csr, validityDays: 90 };
      await expect(stepCaIssuers(at)().submit(request)).rejects.toMatchObject({ code: 'issuer-misconfigured' });
    });
  });
}
