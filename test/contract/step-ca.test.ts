import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { StepCaOptions } from '../../local/issuers/step-ca/step-ca.ts';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { createIssuerHttp } from '../../src/issuers/http.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import type { MemoryKeyKind } from '../builders/memory-key.ts';
import { type EmulatedStepCa, FORBIDDEN, startEmulatedStepCa } from './step-ca-bench.ts';
import { mistakes, spentToken, verdictAt, wordsOf } from './step-ca-refusals.ts';

let keys: Keys;
let other: Keys;
let bench: EmulatedStepCa;
beforeAll(async () => {
  [keys, other] = await Promise.all([createKeys('P-256'), createKeys('P-256')]);
});
afterEach(() => bench.close());

async function start(options: Partial<StepCaOptions> = {}, kind?: MemoryKeyKind): Promise<EmulatedStepCa> {
  bench = await startEmulatedStepCa(options, kind);
  return bench;
}

function requestFor(dns: readonly string[], subject = `CN=${dns[0]}`): OrderRequest {
  const csr = Buffer.from(createCsr({ subject, names: { dns }, keys })).toString('base64');
  return { renewalId: 'shop-AAAA', csr, validityDays: 90 };
}

const shop = (): OrderRequest => requestFor(['shop.contoso.example', 'www.contoso.example']);

describe('the emulated step-ca', () => {
  const post = (path: string, body: string) => {
    const { url, trust, clock } = bench;
    const http = createIssuerHttp({ issuer: 'test', clock, trust: [trust], mayConnect: () => true });
    return http.send({ method: 'POST', url: `${url}${path}`, headers: { 'content-type': 'application/json' }, body });
  };

  it.each(mistakes)('says of $mistake what step-ca says', async (mistake) => {
    const [status, words] = await verdictAt(post, mistake, { at: await start(), keys, other });
    expect(status).toBe(mistake.verdict[0]);
    expect(words ?? '').toMatch(wordsOf(mistake));
  });

  it('takes a token once', async () => {
    const hands = { at: await start(), keys, other };
    const body = await spentToken(hands);
    const statuses = [];
    for (let times = 0; times < 2; times += 1) {
      statuses.push((await verdictAt(post, { body: async () => body }, hands))[0]);
    }
    expect(statuses).toEqual([201, 401]);
  });
});

describe('the step-ca issuer', () => {
  it.each(['P-256', 'P-384', 'RSA-2048'] as const)('asks with tokens of a key of %s', async (kind) => {
    const { issuerWith, ca } = await start({}, kind);
    await issuerWith().submit(shop());
    expect(ca.certificates().map(({ names }) => names)).toEqual([['shop.contoso.example', 'www.contoso.example']]);
  });

  it('has the subject that the CSR asks for, and a life that is not longer than the one asked for', async () => {
    const { issuerWith, ca } = await start();
    await issuerWith().submit(requestFor(['www.contoso.example', 'shop.contoso.example']));
    const [{ der } = { der: Buffer.alloc(0) }] = ca.certificates();
    const { subjectText, notBefore, notAfter } = readCertificate(der);
    expect(subjectText).toBe('CN=www.contoso.example');
    expect((notAfter.getTime() - notBefore.getTime()) / 60_000).toBe(90 * 1440 - 9);
  });

  it('names the first name where the CSR has no common name', async () => {
    const { issuerWith, ca } = await start();
    await issuerWith().submit(requestFor(['www.contoso.example', 'shop.contoso.example'], 'O=Contoso'));
    expect(readCertificate(ca.certificates()[0]?.der ?? Buffer.alloc(0)).subjectText).toBe('CN=shop.contoso.example');
  });

  it('rejects in the words of the CA', async () => {
    const { issuerWith } = await start();
    expect(await issuerWith().submit(requestFor([`shop.${FORBIDDEN}`]))).toEqual({
      state: 'rejected',
      reason: `The request was forbidden by the certificate authority: dns name "shop.${FORBIDDEN}" not allowed`,
    });
  });

  it('is misconfigured when the key has a version that the CA does not know', async () => {
    const { issuerWith, key, ca } = await start();
    key.rotate();
    await expect(issuerWith().submit(shop())).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: expect.stringContaining('the token was refused: the provisioner, its key or a clock'),
    });
    expect(ca.certificates()).toEqual([]);
  });

  it('asks nobody when the vault does not sign', async () => {
    const { issuerWith, key, ca } = await start();
    const newest = async () => ({ ...(await key.newest()), sign: () => Promise.reject(new TypeError('no vault')) });
    const failing = issuerWith({}, { provisionerKey: { ...key, newest } });
    await expect(failing.submit(shop())).rejects.toThrow('no vault');
    expect(await issuerWith().submit(shop())).toEqual({ reference: expect.stringMatching(/-shop-AAAA$/) });
    expect(ca.certificates()).toHaveLength(1);
  });

  it('says how often it was not heard', async () => {
    const { issuerWith, ca } = await start();
    const issuer = issuerWith();
    ca.faults.add({ kind: 'lost-answer', times: 1 });
    await expect(issuer.submit(shop())).rejects.toMatchObject({ code: 'issuer-unreachable' });
    expect(await issuer.submit(shop())).toMatchObject({ unheard: 1 });
    expect(ca.certificates()).toHaveLength(2);
  });

  it('revokes with each reason that there is, and says so twice', async () => {
    const { issuerWith, ca } = await start();
    const issuer = issuerWith();
    await issuer.submit(shop());
    const { der, serial } = ca.certificates()[0] ?? { der: Buffer.alloc(0), serial: '' };
    const certificate = der.toString('base64');
    expect(await issuer.revoke?.({ certificate, reason: 'keyCompromise' })).toEqual({ state: 'revoked' });
    expect(await issuer.revoke?.({ certificate, reason: 'superseded' })).toEqual({ state: 'revoked' });
    expect(ca.revocationOf(serial)).toBe(1);
  });

  it('is misconfigured when a token for revoking is refused', async () => {
    const { issuerWith, key, ca } = await start();
    await issuerWith().submit(shop());
    key.rotate();
    const certificate = (ca.certificates()[0]?.der ?? Buffer.alloc(0)).toString('base64');
    await expect(issuerWith().revoke?.({ certificate, reason: 'superseded' })).rejects.toMatchObject({
      code: 'issuer-misconfigured',
    });
  });

  it('is misconfigured where no step-ca answers', async () => {
    const { issuerWith, url } = await start();
    await expect(issuerWith({ url: `${url}/elsewhere/` }).submit(shop())).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: 'step-ca: sign failed: status 404',
    });
  });
});
