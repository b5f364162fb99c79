import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { VaultPkiOptions } from '../../local/issuers/vault-pki/vault-pki.ts';
import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import type { OrderRequest } from '../../src/issuers/port.ts';
import { type EmulatedVaultPki, startEmulatedVaultPki } from './vault-pki-bench.ts';

let keys: Keys;
let bench: EmulatedVaultPki;
beforeAll(async () => {
  keys = await createKeys('P-256');
});
afterEach(() => bench.close());

async function start(options: Partial<VaultPkiOptions> = {}): Promise<EmulatedVaultPki> {
  bench = await startEmulatedVaultPki(options);
  return bench;
}

let orders = 0;

function requestFor(dns: readonly string[], subject = `CN=${dns[0]}`): OrderRequest {
  const csr = Buffer.from(createCsr({ subject, names: { dns }, keys })).toString('base64');
  return { renewalId: `shop-${++orders}`, csr, validityDays: 90 };
}

const shop = (): OrderRequest => requestFor(['shop.contoso.example', 'www.contoso.example']);

describe('the token of a Vault PKI issuer', () => {
  it('is used until shortly before its end', async () => {
    const { issuerWith, pki, clock } = await start({ tokenSeconds: 1200 });
    const issuer = issuerWith();
    for (const seconds of [0, 600, 539, 2]) {
      clock.advance(seconds * 1000);
      await issuer.submit(shop());
    }
    expect([pki.loginCount(), pki.certificates().length]).toEqual([2, 4]);
  });

  it('is asked for again after an hour when it has no end', async () => {
    const { issuerWith, pki, clock } = await start({ tokenSeconds: 0 });
    const issuer = issuerWith();
    await issuer.submit(shop());
    clock.advance(3_600_000);
    await issuer.submit(shop());
    expect(pki.loginCount()).toBe(2);
  });

  it('is got anew at once when it was taken back', async () => {
    const { issuerWith, pki } = await start();
    const issuer = issuerWith();
    await issuer.submit(shop());
    pki.revokeTokens();
    expect(await issuer.submit(shop())).toEqual({ reference: expect.stringMatching(/-shop-\d+$/) });
    expect([pki.loginCount(), pki.certificates().length]).toEqual([2, 2]);
  });

  it('comes of the managed identity where that is said', async () => {
    const { issuerWith, pki, byIdentity } = await start();
    await issuerWith({ login: byIdentity }).submit(shop());
    expect(pki.certificates()).toHaveLength(1);
  });

  it('is not given for a token of another audience', async () => {
    const { issuerWith, byIdentity } = await start();
    const issuer = issuerWith({ login: { ...byIdentity, audience: 'api://elsewhere' } as typeof byIdentity });
    await expect(issuer.submit(shop())).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: expect.stringMatching(/^vault-pki: login failed: error validating token: .* \(400\)$/),
    });
  });

  it('is not given for a wrong secret id, and given for the one that took its place', async () => {
    const { issuerWith, pki } = await start();
    const secrets = ['an old one'];
    const right = '7d1c6f2e-secret-id';
    const issuer = issuerWith({}, { secret: async () => secrets.shift() ?? `${right}\n` });
    await expect(issuer.submit(shop())).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: 'vault-pki: login failed: invalid role or secret ID (400)',
    });
    await issuer.submit(shop());
    expect(pki.certificates()).toHaveLength(1);
  });
});

describe('the Vault PKI issuer', () => {
  it('asks in its namespace', async () => {
    const { issuerWith, pki } = await start({ namespace: 'team/web' });
    await issuerWith({ namespace: 'team/web' }).submit(shop());
    expect(pki.certificates()).toHaveLength(1);
    await expect(issuerWith().submit(shop())).rejects.toMatchObject({ code: 'issuer-misconfigured' });
  });

  it('names the first name where the CSR has no common name, and asks for no longer a life than it may', async () => {
    const { issuerWith, pki } = await start();
    await issuerWith().submit(requestFor(['www.contoso.example', 'shop.contoso.example'], 'O=Contoso'));
    const { subjectText, names, notBefore, notAfter } = readCertificate(pki.certificates()[0]?.der ?? Buffer.alloc(0));
    expect(subjectText).toBe('CN=shop.contoso.example');
    expect([...names.dns].sort()).toEqual(['shop.contoso.example', 'www.contoso.example']);
    expect((notAfter.getTime() - notBefore.getTime()) / 60_000).toBe(90 * 1440 - 9.5);
  });

  it('rejects in the words of the role', async () => {
    const { issuerWith } = await start();
    expect(await issuerWith().submit(requestFor(['shop.not-allowed.example']))).toEqual({
      state: 'rejected',
      reason: 'common name shop.not-allowed.example not allowed by this role',
    });
  });

  it.each([
    ['role', { role: 'other' }, { policy: ['*'] }, 'vault-pki: sign failed: unknown role: other (400)'],
    ['right', { role: 'other' }, {}, 'vault-pki: sign failed: 1 error occurred: * permission denied (403)'],
    ['engine', { mount: 'pki2' }, { policy: ['*'] }, /^vault-pki: sign failed: no handler for route .* \(404\)$/],
  ])('is misconfigured without its %s', async (_, plan, options, message) => {
    const { issuerWith } = await start(options);
    const expected = typeof message === 'string' ? message : expect.stringMatching(message);
    await expect(issuerWith(plan).submit(shop())).rejects.toMatchObject({
      code: 'issuer-misconfigured',
      message: expected,
    });
  });

  it('waits while the server is sealed, and knows that nothing was issued', async () => {
    const { issuerWith, pki } = await start();
    const issuer = issuerWith();
    await issuer.submit(shop());
    const request = shop();
    pki.seal(true);
    await expect(issuer.submit(request)).rejects.toMatchObject({
      code: 'issuer-unreachable',
      message: 'vault-pki: Vault is sealed',
    });
    pki.seal(false);
    expect(await issuer.submit(request)).toEqual({ reference: expect.stringMatching(/-shop-\d+$/) });
  });

  it('has the same certificate after a restart', async () => {
    const { issuerWith, pki } = await start();
    const answers = createMemoryAnswers();
    const request = shop();
    const order = await issuerWith({}, { answers }).submit(request);
    expect(await issuerWith({}, { answers }).submit(request)).toEqual(order);
    expect(pki.certificates()).toHaveLength(1);
  });

  it('says how often it was not heard', async () => {
    const { issuerWith, pki } = await start();
    const issuer = issuerWith();
    const request = shop();
    pki.faults.add({ kind: 'lost-answer', times: 1 });
    await expect(issuer.submit(request)).rejects.toMatchObject({ code: 'issuer-unreachable' });
    expect(await issuer.submit(request)).toMatchObject({ unheard: 1 });
  });

  it.each([
    ['revokes what is stored', 'web', { state: 'revoked' }],
    ['is told that a role that stores nothing cannot revoke', 'forgetful', { state: 'refused' }],
  ])('%s', async (_, role, result) => {
    const { issuerWith, pki } = await start();
    const issuer = issuerWith({ role });
    await issuer.submit(shop());
    const { der, serial } = pki.certificates()[0] ?? { der: Buffer.alloc(0), serial: '' };
    const answer = await issuer.revoke?.({ certificate: der.toString('base64'), reason: 'superseded' });
    const reason = result.state === 'refused' ? { reason: `certificate with serial ${serial} not found` } : {};
    expect(answer).toEqual({ ...result, ...reason });
  });

  it('is misconfigured when its policy does not let it revoke', async () => {
    const { issuerWith, pki } = await start({ policy: ['pki/sign/*'] });
    const issuer = issuerWith();
    await issuer.submit(shop());
    const certificate = (pki.certificates()[0]?.der ?? Buffer.alloc(0)).toString('base64');
    await expect(issuer.revoke?.({ certificate, reason: 'superseded' })).rejects.toMatchObject({
      code: 'issuer-misconfigured',
    });
  });
});
