import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { createKeys, selfSign } from '../../../local/pki.ts';
import { create, operationOf, referenceOf } from '../../../src/issuers/partner.ts';
import type { PartnerPlan } from '../../../src/plan/issuers/partner.ts';
import type { Inspection, PendingFacts, PolicyFacts } from '../../../src/vault/port.ts';
import { createWorld, NOW } from '../../builders/world.ts';

const plan: PartnerPlan = {
  ...{ kind: 'partner', issuerName: 'DigiCert', private: false, chain: [], roots: [] },
  limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: ['contoso.example'] },
};
const operation = {
  vault: 'https://kv-web.vault.azure.net',
  name: 'shop',
  requestId: 'a'.repeat(32),
  isForeign: false,
};
const reference = referenceOf(operation);

async function situation(pending: Partial<PendingFacts> | undefined, afterCancel?: Partial<PendingFacts>) {
  const { vault } = await createWorld({ inVault: 'DigiCert' });
  const held = vault.get('shop') as Extract<Inspection, { state: 'present' }>;
  const whole = (part: Partial<PendingFacts>): PendingFacts => ({
    ...{ status: 'inProgress', csr: '', csrSha256: '', issuer: 'DigiCert', requestId: 'a'.repeat(32) },
    ...part,
  });
  const clock = new ManualClock(NOW);
  const asked: string[] = [];
  const issuer = create(plan, {
    clock,
    vault: {
      inspect: async () => ({ ...held, ...(pending && { pending: whole(pending) }) }),
      cancel: async ({ name }) => {
        asked.push(name);
        return afterCancel && whole(afterCancel);
      },
    },
  });
  return { issuer, asked };
}

const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1000).toISOString();
const order = (placedAt?: string) => ({ reference, csr: async () => '', ...(placedAt && { placedAt }) });

describe('an issuer inside the vault', () => {
  it('declares what it is', async () => {
    const { issuer } = await situation(undefined);
    expect(issuer).toMatchObject({ kind: 'partner', afterLostAnswer: 'same-order', capabilities: ['cancel'] });
    expect(issuer.isPrivate).toBe(false);
    expect(create({ ...plan, issuerName: 'self' }, { clock: new ManualClock(NOW), vault: {} as never }).isPrivate).toBe(
      true,
    );
  });

  it('is submitted nothing', async () => {
    const { issuer } = await situation(undefined);
    const submit = issuer.submit({ renewalId: 'r', csr: '', validityDays: 90 });
    await expect(submit).rejects.toMatchObject({ code: 'bug' });
  });

  it.each([false, true])('finds its operation again by the URL of it, foreign: %s', (isForeign) => {
    const found = { ...operation, isForeign };
    expect(operationOf({ reference: referenceOf(found) })).toEqual(found);
    expect(reference).toBe(`${operation.vault}/certificates/shop/pending?request_id=${operation.requestId}`);
  });

  it.each(['', 'r'.repeat(32), 'https://kv-web.vault.azure.net/certificates/shop/pending', 'https://x/y?request_id=1'])(
    'takes %j for no reference',
    (text) => {
      expect(() => operationOf({ reference: text })).toThrow(expect.objectContaining({ code: 'bug' }));
    },
  );
});

describe('polling it', () => {
  it.each([
    ['at once', undefined, 10],
    ['after a minute', ago(60), 10],
    ['after an hour', ago(3600), 360],
    ['after a month', ago(30 * 86_400), 3600],
  ])('asks again after a tenth of the age: %s', async (_title, placedAt, retryAfterSeconds) => {
    const { issuer } = await situation({});
    expect(await issuer.poll(order(placedAt))).toEqual({ state: 'pending', retryAfterSeconds });
  });

  it('says issued, without a chain: the vault has it', async () => {
    const { issuer } = await situation({ status: 'completed' });
    expect(await issuer.poll(order())).toEqual({ state: 'issued', chain: [] });
  });

  it('rejects in the words of the partner, as one line that is cut', async () => {
    const error = `Request rejected: access\u0000denied\r\n${'x'.repeat(600)}`;
    const { issuer } = await situation({ status: 'failed', error });
    const status = await issuer.poll(order());
    expect(status).toMatchObject({
      state: 'rejected',
      reason: expect.stringMatching(/^Request rejected: access denied x+$/),
    });
    expect('reason' in status && status.reason).toHaveLength(500);
  });

  it.each([
    ['that says nothing', { status: 'failed' } as const, 'does not say why'],
    ['that somebody cancelled', { status: 'cancelled' } as const, 'was cancelled in the vault'],
    ['that is gone', undefined, 'is gone from the vault'],
    ['that another one has followed', { status: 'completed', requestId: 'b'.repeat(32) } as const, 'is gone'],
  ])('rejects an operation %s', async (_title, pending, words) => {
    const { issuer } = await situation(pending);
    expect(await issuer.poll(order())).toMatchObject({ state: 'rejected', reason: expect.stringContaining(words) });
  });
});

describe('cancelling its order', () => {
  it.each([
    ['is not told before the issuer has agreed', { cancellationRequested: true } as const],
    ['is not told when the issuer never answers', {}],
  ])('%s', async (_title, after) => {
    const { issuer, asked } = await situation({}, after);
    await expect(issuer.cancel?.({ reference })).rejects.toMatchObject({
      code: 'vault-conflict',
      retryAfterSeconds: 10,
    });
    expect(asked).toEqual(['shop']);
  });

  it.each([
    ['is done when it was agreed at once', {}, { status: 'cancelled' } as const, 'cancelled'],
    ['is too late when it was issued meanwhile', {}, { status: 'completed' } as const, 'too-late'],
    ['is too late once it is issued', { status: 'completed' } as const, undefined, 'too-late'],
    ['is done when it had failed', { status: 'failed' } as const, undefined, 'cancelled'],
    ['is done when nothing is there', undefined, undefined, 'cancelled'],
    ['is done when another operation has followed', { requestId: 'b'.repeat(32) }, undefined, 'cancelled'],
  ])('%s', async (_title, pending, after, state) => {
    const { issuer, asked } = await situation(pending, after);
    expect(await issuer.cancel?.({ reference })).toMatchObject({ state });
    expect(asked).toEqual(after === undefined ? [] : ['shop']);
  });

  it('is left to whoever began it', async () => {
    const { issuer, asked } = await situation({});
    const foreign = referenceOf({ ...operation, isForeign: true });
    expect(await issuer.cancel?.({ reference: foreign })).toMatchObject({ state: 'too-late' });
    expect(asked).toEqual([]);
  });
});

describe('what it is not asked for', () => {
  const policy: PolicyFacts = {
    ...{ subject: 'CN=shop.contoso.example', dnsNames: ['shop.contoso.example'], emails: [], upns: [] },
    ...{ issuer: 'digicert', keyType: 'P-256', exportable: true, reuseKey: false, validityMonths: 12 },
    contentType: 'application/x-pkcs12',
  };

  it('is nothing when the policy keeps to the limits', async () => {
    const { issuer } = await situation(undefined);
    expect(issuer.inVault?.refusal(policy, NOW)).toBeUndefined();
  });

  it.each([
    ['issuer-differs', { issuer: 'Self' }, 'the policy names Self, and the issuer of the plan is DigiCert'],
    ['issuer-differs', { issuer: 'Unknown' }, 'Unknown'],
    ['outside-limits', { dnsNames: ['shop.fabrikam.example'] }, 'is not within contoso.example'],
    ['outside-limits', { subject: 'CN=shop.fabrikam.example' }, 'is not within contoso.example'],
    ['outside-limits', { emails: ['me@contoso.example'] }, 'DNS names only'],
    ['outside-limits', { keyType: 'unknown' as const }, 'the key type unknown'],
    ['outside-limits', { keyType: 'P-521' as const }, 'the key type P-521'],
    ['outside-limits', { validityMonths: 24 }, '24 months'],
  ])('is told as %s with %j', async (reason, change, words) => {
    const { issuer } = await situation(undefined);
    const refusal = issuer.inVault?.refusal({ ...policy, ...change }, NOW);
    expect(refusal).toMatchObject({ reason, detail: expect.stringContaining(words) });
  });
});

describe('the roots of a version', () => {
  const life = { notBefore: NOW, notAfter: new Date(NOW.getTime() + 86_400_000) };

  it('are those of the estate file', async () => {
    const { partner } = await createWorld({ inVault: 'DigiCert' });
    const made = create(partner?.plan ?? plan, { clock: new ManualClock(NOW), vault: {} as never });
    expect(made.inVault?.roots(new Uint8Array())).toHaveLength(1);
  });

  it('are itself with Self, and nothing for what another key has signed', async () => {
    const [keys, other] = [await createKeys('P-256'), await createKeys('P-256')];
    const made = create({ ...plan, issuerName: 'Self' }, { clock: new ManualClock(NOW), vault: {} as never });
    const { der } = selfSign({ subject: 'CN=shop.contoso.example', ...life }, keys);
    expect(made.inVault?.roots(der)).toEqual([der]);
    const forged = selfSign({ subject: 'CN=shop.contoso.example', ...life }, { ...keys, privateKey: other.privateKey });
    expect(made.inVault?.roots(forged.der)).toEqual([]);
  });
});
