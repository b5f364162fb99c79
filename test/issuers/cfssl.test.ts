import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { clock } from '../../src/clock.ts';
import { createIssuerHttp } from '../../src/issuers/http.ts';
import { type Cfssl, isCfsslInstalled, startCfssl } from '../contract/cfssl.ts';
import { cfsslIssuers } from '../contract/cfssl-bench.ts';
import { mistakes, verdictAt } from '../contract/cfssl-refusals.ts';

if (!isCfsslInstalled()) {
  it('says that nothing was tried', () => {
    console.log('NOT RUN: cfssl serve: golang-cfssl is not installed');
    expect(isCfsslInstalled()).toBe(false);
  });
} else {
  let cfssl: Cfssl;
  let keys: Keys;
  let other: Keys;
  beforeAll(async () => {
    [cfssl, keys, other] = await Promise.all([startCfssl(), createKeys('P-256'), createKeys('P-256')]);
  });
  afterAll(() => cfssl.close());

  const post = (endpoint: string, body: string) =>
    createIssuerHttp({ issuer: 'test', clock, trust: [cfssl.caPem], mayConnect: () => true }).send({
      method: 'POST',
      url: `${cfssl.url}/api/v1/cfssl/${endpoint}`,
      headers: { 'content-type': 'application/json' },
      body,
    });

  describe('what the emulator says', () => {
    it.each(mistakes)('is what cfssl says of $mistake', async (mistake) => {
      expect(await verdictAt(post, mistake, [keys, other])).toEqual(mistake.verdict);
    });
  });

  describe('the cfssl issuer at cfssl serve', () => {
    it('finds a new key once the old one was refused', async () => {
      const secrets = ['ffff', '00112233445566778899aabbccddeeff'];
      const issuerWith = cfsslIssuers({ url: cfssl.url, trust: cfssl.caPem, clock });
      const issuer = issuerWith({}, { secret: async () => secrets.shift() ?? '' });
      const csr = Buffer.from(
        createCsr({ subject: 'CN=shop.contoso.example', names: { dns: ['shop.contoso.example'] }, keys }),
      ).toString('base64');
      const request = { renewalId: 'shop-AAAA', csr, validityDays: 90 };
      await expect(issuer.submit(request)).rejects.toMatchObject({
        code: 'issuer-misconfigured',
        message: 'cfssl: sign failed: invalid token (400)',
      });
      expect(await issuer.submit(request)).toEqual({ reference: expect.stringMatching(/-shop-AAAA$/) });
    });
  });
}
