import { CertificateClient, type CertificatePolicy } from '@azure/keyvault-certificates';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChance } from '../../local/vault/chance.ts';
import { createPartnerCa } from '../../local/vault/partner-ca.ts';
import type { PartnerAnswer, Provider } from '../../local/vault/provider.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { create } from '../../src/issuers/partner.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { PartnerPlan } from '../../src/plan/issuers/partner.ts';
import { clientOptions } from '../../src/vault/connection.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import type { Inspection, NamedIssuerRequest, PendingFacts, Vault } from '../../src/vault/port.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';

let emulated: EmulatedVault;
let vault: Vault;
let owner: CertificateClient;
let reader: CertificateClient;
/** What the partner says to each certificate; without an entry its CA answers. */
const answers = new Map<string, PartnerAnswer>();
const ca = createPartnerCa({ chance: createChance() });
const provider: Provider = (account, csr, request) =>
  answers.get(request.certificateName) ?? ca.provider(account, csr, request);

const plan: PartnerPlan = {
  ...{ kind: 'partner', issuerName: 'Partner', private: false, chain: [], roots: [] },
  limits: { maxDays: 398, keys: ['P-256'], dnsSuffixes: ['contoso.example'] },
};

beforeAll(async () => {
  emulated = await startEmulatedVault({ provider });
  vault = createKeyVault(emulated.connection);
  const { operator, uri } = emulated;
  owner = new CertificateClient(uri, operator.credential, clientOptions(operator, uri));
  const { connection } = emulated;
  reader = new CertificateClient(uri, connection.credential, clientOptions(connection, uri));
  await owner.createIssuer('Partner', 'DigiCert', { accountId: 'account', password: 'pass-word' });
});
afterAll(() => emulated.close());

/** A policy as its owner wrote it, with what Perennial would never choose by itself. */
const policyOf = (name: string, change: Partial<CertificatePolicy> = {}): CertificatePolicy => ({
  ...{ issuerName: 'Partner', certificateType: 'OV-SSL', subject: `CN=${name}.contoso.example, O=Contoso` },
  subjectAlternativeNames: { dnsNames: [`${name}.contoso.example`], ipAddresses: ['192.0.2.1'] } as NonNullable<
    CertificatePolicy['subjectAlternativeNames']
  >,
  ...{ keyType: 'EC-HSM', keyCurveName: 'P-384', keySize: 384, exportable: false, reuseKey: true },
  ...{ contentType: 'application/x-pem-file', validityInMonths: 7, keyUsage: ['digitalSignature'] },
  enhancedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
  lifetimeActions: [{ action: 'AutoRenew', daysBeforeExpiry: 20 }],
  ...change,
});

const requestOf = (name: string, issuer = 'partner'): NamedIssuerRequest => ({
  ...{ vault: emulated.uri, name, issuer },
  tags: { owner: 'shop-team' },
});

const present = async (name: string) => {
  const facts = await vault.inspect({ vault: emulated.uri, name });
  return facts as Extract<Inspection, { state: 'present' }>;
};

/** A certificate with a first version, whose clock stands right after it was issued. */
async function seeded(name: string, change: Partial<CertificatePolicy> = {}): Promise<NamedIssuerRequest> {
  await begin(name, change);
  emulated.clock.advance(30_000);
  expect((await present(name)).current).toBeDefined();
  return requestOf(name);
}

async function begin(name: string, change: Partial<CertificatePolicy> = {}): Promise<void> {
  await owner.beginCreateCertificate(name, policyOf(name, change), { tags: { owner: 'shop-team' } });
}

const issuerNow = (): Issuer => create(plan, { vault, clock: emulated.clock });
const orderOf = (request: NamedIssuerRequest, { requestId }: PendingFacts) => ({
  reference: issuerNow().inVault?.reference({ ...request, requestId, isForeign: false }) ?? '',
  csr: async () => '',
});

describe('an order with a named issuer', () => {
  it('leaves the policy as its owner wrote it', async () => {
    const request = await seeded('kept');
    const was = await reader.getCertificatePolicy('kept');
    expect(was).toMatchObject(policyOf('kept'));
    emulated.calls.length = 0;
    const pending = await vault.request(request);
    expect(emulated.calls).toEqual([
      'GET /certificates/kept/pending 200',
      'GET /certificates/kept/policy 200',
      'POST /certificates/kept/create 202',
    ]);
    expect(pending).toMatchObject({ status: 'inProgress', issuer: 'Partner' });
    const is = await reader.getCertificatePolicy('kept');
    expect({ ...is, createdOn: was.createdOn, updatedOn: was.updatedOn }).toEqual(was);
  });

  it('is issued after some seconds, as a version with the tags of before', async () => {
    const request = requestOf('kept');
    const { current: old, pending } = await present('kept');
    const order = orderOf(request, pending as PendingFacts);
    expect(await issuerNow().poll(order)).toEqual({ state: 'pending', retryAfterSeconds: 10 });
    emulated.clock.advance(30_000);
    expect(await issuerNow().poll(order)).toEqual({ state: 'issued', chain: [] });
    const { current, tags } = await present('kept');
    expect(tags).toEqual({ owner: 'shop-team' });
    expect(current?.version).not.toBe(old?.version);
    const [was, is] = [old, current].map((version) => readCertificate(Buffer.from(version?.der ?? '', 'base64')));
    // The key is kept, because the policy says so.
    expect(is?.spkiSha256).toBe(was?.spkiSha256);
    expect(await vault.version(request, old?.version ?? '')).toEqual(old);
  });

  it('is found again by a repeat, also when the answer to the create was lost', async () => {
    const request = await seeded('lost', { keyType: 'EC', keyCurveName: 'P-256', keySize: 256, exportable: true });
    const { calls, faults } = emulated;
    calls.length = 0;
    const none = { status: 404, headers: {}, body: '{"error":{"code":"PendingCertificateNotFound","message":"x"}}' };
    const policy = '{"issuer":{"name":"Partner"},"x509_props":{"subject":"CN=lost.contoso.example"}}';
    faults.push(none, { status: 200, headers: { 'content-type': 'application/json' }, body: policy }, 'lost');
    const first = await vault.request(request);
    expect(first.status).toBe('inProgress');
    expect(calls.filter((line) => line.includes('/create'))).toEqual([
      'POST /certificates/lost/create 500',
      'POST /certificates/lost/create 409',
    ]);
    expect(await vault.request(request)).toEqual(first);
  });

  it('is not placed with another issuer than the policy names', async () => {
    const request = await seeded('other');
    await expect(vault.request({ ...request, issuer: 'Self' })).rejects.toMatchObject({ code: 'vault-refused' });
    expect((await present('other')).pending?.status).toBe('completed');
  });

  it('leaves somebody else’s CSR alone', async () => {
    const request = await seeded('foreign');
    await begin('foreign', { issuerName: 'Unknown' });
    await expect(vault.request(request)).rejects.toMatchObject({ code: 'vault-conflict' });
  });

  it('says so when the vault has no account with the issuer', async () => {
    await owner.createIssuer('Closed', 'GlobalSign', { accountId: 'account', password: 'pass-word' });
    const request = { ...(await seeded('closed', { issuerName: 'Closed' })), issuer: 'Closed' };
    await owner.deleteIssuer('Closed');
    const order = vault.request(request);
    await expect(order).rejects.toMatchObject({ code: 'issuer-misconfigured' });
    await expect(order).rejects.toThrow('the vault knows no issuer Closed');
  });
});

describe('an order that comes to nothing', () => {
  it('is rejected in the words of the partner', async () => {
    const request = await seeded('denied');
    const message = 'The call to DigiCert failed with Error code access_denied and Message no such organisation.';
    answers.set('denied', { state: 'rejected', code: 'Request rejected', message });
    const order = orderOf(request, await vault.request(request));
    emulated.clock.advance(30_000);
    expect(await issuerNow().poll(order)).toEqual({ state: 'rejected', reason: `Request rejected: ${message}` });
  });

  it('is cancelled once the partner has agreed, and a new one may follow', async () => {
    const request = await seeded('cancelled');
    answers.set('cancelled', { state: 'pending', retryAfterSeconds: 86_400 });
    const order = orderOf(request, await vault.request(request));
    const unanswered = { code: 'vault-conflict', retryAfterSeconds: 10 };
    await expect(issuerNow().cancel?.(order)).rejects.toMatchObject(unanswered);
    expect((await present('cancelled')).pending).toMatchObject({ status: 'inProgress', cancellationRequested: true });
    // It is asked for once.
    emulated.calls.length = 0;
    await expect(issuerNow().cancel?.(order)).rejects.toMatchObject(unanswered);
    expect(emulated.calls.filter((line) => line.startsWith('PATCH'))).toEqual([]);
    emulated.clock.advance(11_000);
    expect(await issuerNow().cancel?.(order)).toEqual({ state: 'cancelled' });
    expect(await issuerNow().poll(order)).toMatchObject({ state: 'rejected' });
    expect((await vault.request(request)).requestId).not.toBe((order.reference.match(/request_id=(\w+)/) ?? [])[1]);
  });

  it('is too late to be cancelled once it was issued', async () => {
    const request = await seeded('late');
    const order = orderOf(request, await vault.request(request));
    emulated.clock.advance(15_000);
    await expect(issuerNow().cancel?.(order)).rejects.toMatchObject({ code: 'vault-conflict' });
    emulated.clock.advance(11_000);
    expect(await issuerNow().cancel?.(order)).toMatchObject({ state: 'too-late' });
    expect(await issuerNow().poll(order)).toEqual({ state: 'issued', chain: [] });
  });

  it('is not cancelled where nothing is pending', async () => {
    expect(await vault.cancel({ vault: emulated.uri, name: 'nobody' })).toBeUndefined();
  });

  it('has no version of an id that is none', async () => {
    const ref = { vault: emulated.uri, name: 'kept' };
    expect(await vault.version(ref, 'f'.repeat(32))).toBeUndefined();
  });
});

describe('the vault by itself', () => {
  it('makes a version by its lifetime action, in an operation that is found like one of ours', async () => {
    const request = await seeded('automatic', { keyType: 'EC', keyCurveName: 'P-256', keySize: 256, exportable: true });
    const { current: old } = await present('automatic');
    emulated.clock.advance(Date.parse(old?.notAfter ?? '') - 20 * 86_400_000 - emulated.clock.now().getTime());
    const { pending } = await present('automatic');
    expect(pending).toMatchObject({ status: 'inProgress', issuer: 'Partner' });
    expect(await vault.request(request)).toEqual(pending);
    emulated.clock.advance(30_000);
    const after = await present('automatic');
    expect(after.pending).toMatchObject({ status: 'completed', csrSha256: pending?.csrSha256 });
    expect(after.current?.version).not.toBe(old?.version);
  });

  it('vouches for itself with Self', async () => {
    const request = {
      ...(await seeded('self', { issuerName: 'Self', keyType: 'EC', keyCurveName: 'P-256', keySize: 256 })),
      issuer: 'Self',
    };
    const self = create({ ...plan, issuerName: 'Self' }, { vault, clock: emulated.clock });
    const pending = await vault.request(request);
    expect(await self.poll(orderOf(request, pending))).toMatchObject({ state: 'pending' });
    emulated.clock.advance(30_000);
    expect(await self.poll(orderOf(request, pending))).toMatchObject({ state: 'issued' });
    const der = Buffer.from((await present('self')).current?.der ?? '', 'base64');
    expect(self.inVault?.roots(der)).toEqual([der]);
  });
});
