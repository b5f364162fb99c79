import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createChance } from '../../local/vault/chance.ts';
import { createPartnerCa } from '../../local/vault/partner-ca.ts';
import type { PartnerAnswer, PartnerRequest, Provider } from '../../local/vault/provider.ts';
import { verifyCsr } from '../../src/certificate/csr.ts';
import { all, ecPolicy, makeSelf, openBench, refusal, type VaultBench } from './vault-emulator-bench.ts';

let bench: VaultBench;
/** What the partner says to each certificate; without an entry the default CA answers. */
const answers = new Map<string, PartnerAnswer | 'throws' | 'rejects'>();
const asked: { request: PartnerRequest; password: string | undefined; csr: Uint8Array }[] = [];
let usual: VaultBench;

const provider: Provider = (account, csr, request) => {
  asked.push({ request, password: account.password, csr });
  const answer = answers.get(request.certificateName) ?? { state: 'pending' };
  if (answer === 'throws') throw new TypeError('the partner fell over, account=secret');
  if (answer === 'rejects') return Promise.reject(new TypeError('no route, account=secret'));
  return answer;
};

beforeAll(async () => {
  bench = await openBench({ provider });
  usual = await openBench();
  for (const { certificates } of [bench, usual]) {
    await certificates.createIssuer('Partner', 'DigiCert', { accountId: 'account', password: 'pass-word' });
  }
});
afterAll(async () => {
  await bench.close();
  await usual.close();
});

const order = (name: string, at = bench) =>
  at.certificates.beginCreateCertificate(name, ecPolicy(`CN=${name}.example.test`, { issuerName: 'Partner' }), {
    intervalInMs: 1,
  });
const pendingOf = async (name: string, at = bench) =>
  (await at.send('GET', `/certificates/${name}/pending?api-version=7.5`)).json;

describe('contacts', () => {
  it('are set, read and deleted as a list', async () => {
    const { certificates } = bench;
    const gone = refusal(404, 'ContactsNotFound');
    await expect(certificates.getContacts()).rejects.toEqual(gone);
    const contacts = [{ email: 'a@example.test', name: 'A', phone: '1' }, { email: 'b@example.test' }];
    expect(await certificates.setContacts(contacts)).toEqual([
      contacts[0],
      { email: 'b@example.test', name: undefined, phone: undefined },
    ]);
    await certificates.setContacts([{ email: 'c@example.test' }]);
    const left = { id: `${bench.url}/certificates/contacts`, contacts: [{ email: 'c@example.test' }] };
    expect(await certificates.getContacts()).toMatchObject(left.contacts);
    // The client loses what a deletion answers with.
    const deleted = await bench.send('DELETE', '/certificates/contacts?api-version=7.6');
    expect([deleted.status, deleted.json]).toEqual([200, left]);
    await expect(certificates.deleteContacts()).rejects.toEqual(gone);
  });
});

describe('issuers', () => {
  it('are made, changed, listed and deleted, and keep their password to themselves', async () => {
    const { certificates } = bench;
    const made = await certificates.createIssuer('Second', 'GlobalSign', {
      accountId: 'me',
      password: 'hidden',
      organizationId: 'org',
      administratorContacts: [{ firstName: 'A', lastName: 'B', email: 'a@example.test', phone: '1' }],
      enabled: true,
    });
    // The client makes the name `issuers` out of the id.
    expect(made).toMatchObject({
      id: `${bench.url}/certificates/issuers/Second`,
      provider: 'GlobalSign',
      accountId: 'me',
      organizationId: 'org',
    });
    const changed = await certificates.updateIssuer('second', { accountId: 'you' });
    expect(changed).toMatchObject({ provider: 'GlobalSign', accountId: 'you', organizationId: 'org' });
    // The client does not send `enabled` with a change.
    const off = { attributes: { enabled: false } };
    const switched = await bench.send('PATCH', '/certificates/issuers/second?api-version=7.5', off);
    expect(switched.json).toMatchObject({ ...off, credentials: { account_id: 'you' } });
    const raw = await bench.send('GET', '/certificates/issuers/SECOND?api-version=7.4');
    expect(raw.json).toMatchObject({ id: `${bench.url}/certificates/issuers/Second`, org_details: { zip: 0 } });
    expect(JSON.stringify(raw.json)).not.toMatch(/pwd|hidden/);
    const listed = await all(certificates.listPropertiesOfIssuers());
    expect(listed.map(({ id, provider: by }) => [id?.split('/').at(-1), by])).toEqual([
      ['Partner', 'DigiCert'],
      ['Second', 'GlobalSign'],
    ]);
    await certificates.deleteIssuer('Second');
    await expect(certificates.getIssuer('Second')).rejects.toEqual(refusal(404, 'CertificateIssuerNotFound'));
  });

  it.each([
    ['the name of one that needs no account', 'self', { provider: 'DigiCert' }],
    ['no provider', 'third', {}],
    ['credentials that are none', 'third', { provider: 'DigiCert', credentials: 'x' }],
  ])('are refused with %s', async (_title, name, body) => {
    const { status, json } = await bench.send('PUT', `/certificates/issuers/${name}?api-version=7.5`, body);
    expect([status, json.error.code]).toEqual([400, 'BadParameter']);
  });

  it('must be there for who names them', async () => {
    const missing = refusal(404, 'CertificateIssuerNotFound');
    await makeSelf(bench, 'plain');
    await expect(bench.certificates.updateIssuer('nobody', {})).rejects.toEqual(missing);
    const policy = { issuerName: 'nobody', subject: 'CN=a' };
    await expect(bench.certificates.beginCreateCertificate('x', policy)).rejects.toEqual(missing);
    await expect(bench.certificates.updateCertificatePolicy('plain', policy)).rejects.toEqual(missing);
  });

  it('order nothing when they are disabled', async () => {
    await bench.certificates.createIssuer('Off', 'DigiCert', { enabled: false });
    const create = bench.certificates.beginCreateCertificate('x', { issuerName: 'off', subject: 'CN=a' });
    await expect(create).rejects.toEqual(refusal(400, 'BadParameter'));
  });
});

describe('an operation of a named issuer', () => {
  it('is completed by the default CA after some seconds', async () => {
    const poller = await order('usual', usual);
    expect(await pendingOf('usual', usual)).toMatchObject({
      status: 'inProgress',
      issuer: { name: 'Partner' },
      status_details: expect.stringContaining('Certificate request is in progress'),
    });
    usual.clock.advance(10_000);
    expect((await pendingOf('usual', usual)).status).toBe('inProgress');
    usual.clock.advance(10_000);
    expect(await pendingOf('usual', usual)).toMatchObject({
      status: 'completed',
      target: `${usual.url}/certificates/usual`,
    });
    const { cer, policy, properties } = await poller.pollUntilDone();
    const leaf = new X509Certificate(Buffer.from(cer ?? []));
    expect([leaf.subject, leaf.issuer]).toEqual(['CN=usual.example.test', 'CN=Stand Partner Issuing CA']);
    expect(leaf.subjectAltName).toBe('DNS:usual.example.test');
    expect(policy?.issuerName).toBe('Partner');
    expect(properties.enabled).toBe(true);
    const { value = '' } = await usual.secrets.getSecret('usual');
    expect(value).not.toBe('');
    expect(usual.events.at(-1)).toMatchObject({ objectName: 'usual' });
  });

  it('asks the partner with account and CSR, until it has an answer', async () => {
    await order('slow');
    answers.set('slow', { state: 'pending', retryAfterSeconds: 3600 });
    bench.clock.advance(10_000);
    const before = asked.filter(({ request }) => request.certificateName === 'slow');
    expect(before).toHaveLength(1);
    expect(before[0]?.password).toBe('pass-word');
    expect(await verifyCsr(before[0]?.csr ?? new Uint8Array())).toBe(true);
    bench.clock.advance(3_599_000);
    expect(asked.filter(({ request }) => request.certificateName === 'slow')).toHaveLength(1);
    bench.clock.advance(1_000);
    expect(asked.filter(({ request }) => request.certificateName === 'slow')).toHaveLength(2);
    expect(JSON.stringify(await pendingOf('slow'))).not.toContain('pass-word');
  });

  it('can not be merged or made again while it is in progress', async () => {
    const { cer } = await usual.certificates.getCertificate('usual');
    const merge = bench.certificates.mergeCertificate('slow', [cer ?? new Uint8Array()]);
    await expect(merge).rejects.toEqual(refusal(403, 'Forbidden'));
    await expect(merge).rejects.toThrow('issuer : Partner while it is in progess.');
    await expect(order('slow')).rejects.toEqual(refusal(409, 'Forbidden'));
  });

  it('is cancelled when its time has come, and then takes a merge', async () => {
    const poller = await bench.certificates.getCertificateOperation('slow', { intervalInMs: 1 });
    await poller.cancelOperation();
    expect(await pendingOf('slow')).toMatchObject({ status: 'inProgress', cancellation_requested: true });
    bench.clock.advance(11_000);
    expect(await pendingOf('slow')).toMatchObject({ status: 'cancelled', cancellation_requested: true });
    const again = await bench.send('PATCH', '/certificates/slow/pending?api-version=7.5', {
      cancellation_requested: true,
    });
    expect([again.status, again.json.error.code]).toEqual([400, 'BadParameter']);
    // A certificate for another key gets as far as the key: the gate of the issuer is open.
    const { cer } = await usual.certificates.getCertificate('usual');
    const merge = bench.certificates.mergeCertificate('slow', [cer ?? new Uint8Array()]);
    await expect(merge).rejects.toEqual(refusal(400, 'BadParameter'));
  });

  it('fails with the words of the partner, and then takes a merge', async () => {
    await order('denied');
    const message = 'The call to DigiCert failed with Error code access_denied and Message no such account.';
    answers.set('denied', { state: 'rejected', code: 'Request rejected', message });
    bench.clock.advance(10_000);
    const failed = await pendingOf('denied');
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'Request rejected', message } });
    expect(failed).not.toHaveProperty('status_details');
    // Another vault's CA issues for the same CSR, outside.
    const csr = Buffer.from(failed.csr, 'base64');
    const leaf = await issueOutside(csr);
    const merged = await bench.certificates.mergeCertificate('denied', leaf);
    expect(Buffer.from(merged.cer ?? [])).toEqual(Buffer.from(leaf[0] ?? []));
    expect((await pendingOf('denied')).status).toBe('completed');
  });

  it.each([
    ['a partner that falls over', 'throws' as const],
    ['a partner that can not be reached', 'rejects' as const],
    ['bytes that are no certificate', { state: 'issued', chain: [Buffer.from('nonsense')] } as const],
  ])('fails as the issuer’s fault with %s', async (title, answer) => {
    const name = title.replaceAll(' ', '-');
    answers.set(name, answer);
    await order(name);
    bench.clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
    const failed = await pendingOf(name);
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'Certificate issuer error' } });
    expect(JSON.stringify(failed)).not.toContain('secret');
  });

  it('fails when the partner certifies another key', async () => {
    const { cer } = await usual.certificates.getCertificate('usual');
    answers.set('other-key', { state: 'issued', chain: [cer ?? new Uint8Array()] });
    await order('other-key');
    bench.clock.advance(10_000);
    expect(await pendingOf('other-key')).toMatchObject({
      status: 'failed',
      error: { code: 'Certificate issuer error' },
    });
  });

  it('is given up after a month without an answer', async () => {
    await order('endless');
    answers.set('endless', { state: 'pending', retryAfterSeconds: 31 * 86_400 });
    bench.clock.advance(10_000);
    bench.clock.advance(31 * 86_400_000);
    expect(await pendingOf('endless')).toMatchObject({ status: 'failed' });
  });

  it('is forgotten when it is deleted, whatever the partner says later', async () => {
    await order('dropped');
    await bench.certificates.deleteCertificateOperation('dropped');
    answers.set('dropped', { state: 'rejected', code: 'Request rejected', message: 'late' });
    bench.clock.advance(10_000);
    expect((await pendingOf('dropped')).error.code).toBe('PendingCertificateNotFound');
  });
});

/** The default CA, asked directly: it issues once enough time has passed. */
async function issueOutside(csr: Uint8Array): Promise<Uint8Array[]> {
  const now = bench.clock.now();
  const request = {
    ...{ vaultName: 'v', certificateName: 'n', requestId: 'r', certificateType: undefined, validityMonths: 3 },
    submittedAt: now,
    now,
  };
  const account = { issuer: 'i', provider: 'p', accountId: '', password: '', organizationId: '' };
  const answer = await createPartnerCa({ chance: createChance(), issueSeconds: 0 }).provider(account, csr, request);
  return answer.state === 'issued' ? [...answer.chain] : expect.unreachable('not issued');
}
