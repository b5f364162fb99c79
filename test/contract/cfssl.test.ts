import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CfsslOptions } from '../../local/issuers/cfssl/cfssl.ts';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import { createIssuerHttp } from '../../src/issuers/http.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import { type EmulatedCfssl, startEmulatedCfssl } from './cfssl-bench.ts';
import { mistakes, verdictAt } from './cfssl-refusals.ts';

let keys: Keys;
let other: Keys;
let bench: EmulatedCfssl;
beforeAll(async () => {
  [keys, other] = await Promise.all([createKeys('P-256'), createKeys('P-256')]);
});
afterEach(() => bench.close());

async function start(options: Partial<CfsslOptions> = {}): Promise<EmulatedCfssl> {
  bench = await startEmulatedCfssl(options);
  return bench;
}

function requestFor(dns: readonly string[], renewalId = 'shop-AAAA'): OrderRequest {
  const csr = Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys })).toString('base64');
  return { renewalId, csr, validityDays: 90 };
}

const shop = (): OrderRequest => requestFor(['shop.contoso.example']);

describe('the emulated cfssl', () => {
  it.each(mistakes)('says of $mistake what cfssl says', async (mistake) => {
    const { url, trust, clock } = await start();
    const http = createIssuerHttp({ issuer: 'test', clock, trust: [trust], mayConnect: () => true });
    const headers = { 'content-type': 'application/json' };
    const post = (endpoint: string, body: string) =>
      http.send({ method: 'POST', url: `${url}/api/v1/cfssl/${endpoint}`, headers, body });
    expect(await verdictAt(post, mistake, [keys, other])).toEqual(mistake.verdict);
  });
});

describe('the cfssl issuer', () => {
  it('rejects in the words of the CA', async () => {
    const { issuerWith } = await start();
    expect(await issuerWith().submit(requestFor(['shop.not-allowed.example']))).toEqual({
      state: 'rejected',
      reason: 'Request does not match policy whitelist (5500)',
    });
  });

  it('has the same certificate after a restart, also when another one is asked for by then', async () => {
    const { issuerWith, cfssl } = await start();
    const answers = createMemoryAnswers();
    const order = await issuerWith({}, { answers }).submit(shop());
    const again = await issuerWith({}, { answers }).submit(shop());
    expect(again).toEqual(order);
    expect(cfssl.certificates()).toHaveLength(1);
  });

  it('says how often it was not heard', async () => {
    const { issuerWith, cfssl } = await start();
    const issuer = issuerWith();
    cfssl.faults.add({ kind: 'lost-answer', times: 2 });
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(issuer.submit(shop())).rejects.toMatchObject({ code: 'issuer-unreachable' });
    }
    expect(await issuer.submit(shop())).toMatchObject({ unheard: 2 });
    expect(cfssl.certificates()).toHaveLength(3);
  });

  it('does not count as unheard what the CA never got', async () => {
    const { issuerWith, cfssl, url, trust, clock } = await start();
    const answers = createMemoryAnswers();
    await expect(issuerWith({ url: 'https://localhost:1' }, { answers }).submit(shop())).rejects.toThrow();
    cfssl.faults.add({ kind: 'rate-limited', times: 1 });
    await expect(issuerWith({}, { answers }).submit(shop())).rejects.toMatchObject({ code: 'issuer-throttled' });
    expect(await issuerWith({ url, trust: [trust] }, { answers, clock }).submit(shop())).toEqual({
      reference: expect.stringMatching(/-shop-AAAA$/),
    });
  });

  it.each([
    ['is refused', 'ff', 'cfssl: sign failed: invalid token (400)'],
    ['is no hex', 'a secret', 'cfssl: the secret of authKey is not hex'],
  ])('is misconfigured when its key %s, and does not say it', async (_, secret, message) => {
    const { issuerWith } = await start();
    const issuer = issuerWith({}, { secret: async () => secret });
    await expect(issuer.submit(shop())).rejects.toMatchObject({ code: 'issuer-misconfigured', message });
  });

  it('is misconfigured where no cfssl answers', async () => {
    const { issuerWith, url } = await start();
    const issuer = issuerWith({ url: `${url}/elsewhere` });
    await expect(issuer.submit(shop())).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: 'cfssl: info failed: /info is not there (404)',
    });
  });

  it('says that the CA keeps no record when there is no database', async () => {
    const { issuerWith, cfssl } = await start({ hasDatabase: false });
    const issuer = issuerWith();
    await issuer.submit(shop());
    const certificate = cfssl.certificates()[0]?.der.toString('base64') ?? '';
    expect(await issuer.revoke?.({ certificate, reason: 'superseded' })).toEqual({
      state: 'refused',
      reason: '/revoke is not there (404)',
    });
  });

  it('revokes with each reason that there is', async () => {
    const { issuerWith, cfssl } = await start();
    const issuer = issuerWith();
    await issuer.submit(shop());
    const [issued] = cfssl.certificates();
    const certificate = issued?.der.toString('base64') ?? '';
    for (const [reason, code] of [
      ['keyCompromise', 1],
      ['cessationOfOperation', 5],
    ] as const) {
      expect(await issuer.revoke?.({ certificate, reason })).toEqual({ state: 'revoked' });
      expect(issued?.revoked).toBe(code);
    }
  });

  it('refuses to revoke what the CA does not know', async () => {
    const { issuerWith, cfssl } = await start();
    const certificate = cfssl.roots()[1].toString('base64');
    expect(await issuerWith().revoke?.({ certificate, reason: 'superseded' })).toEqual({
      state: 'refused',
      reason: 'failed to revoke the certificate: certificate not found (11200)',
    });
  });
});
