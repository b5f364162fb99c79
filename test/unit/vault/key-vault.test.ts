import { describe, expect, it } from 'vitest';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import type { CsrRequest, ListedCertificate } from '../../../src/vault/port.ts';
import { bundle, connection, fixture, livePolicy, operation, refusal, ScriptedVault, vault } from './scripted-vault.ts';

const ref = { vault, name: 'shop' };
const read = 'GET /certificates/shop/';
const readPending = 'GET /certificates/shop/pending';
const create = 'POST /certificates/shop/create';
const mergeCall = 'POST /certificates/shop/pending/merge';
const noOperation = refusal(404, 'PendingCertificateNotFound', 'Pending certificate not found: shop');

const request: CsrRequest = {
  ...ref,
  subject: 'CN=shop.contoso.example, O="Contoso, Ltd.", C=GB',
  dnsNames: ['shop.contoso.example', 'WWW.contoso.example'],
  keyType: 'P-256',
  exportable: true,
  contentType: 'application/x-pkcs12',
  validityMonths: 3,
  tags: { owner: 'shop-team' },
};

function open(http: ScriptedVault) {
  return createKeyVault({ ...connection(http), pause: async () => {} });
}

describe('inspect', () => {
  it.each([
    ['null', null],
    ['a list', []],
    ['a certificate whose id is a list', { ...Object(bundle('leaf')), id: ['x'] }],
    ['a certificate whose id is of something else', { ...Object(bundle('leaf')), id: 'https://a/b' }],
    ['a certificate that is a list', { ...Object(bundle('leaf')), cer: [fixture('leaf')] }],
    ['a list of names that is a text', { ...Object(bundle('leaf')), policy: { x509_props: { ekus: 'x' } } }],
    ['a key that is of another kind', { ...Object(bundle('leaf')), kid: `${vault}/secrets/shop` }],
    ['nothing', undefined],
    ['a date that is none', { ...Object(bundle('leaf')), attributes: { enabled: true, created: 'yesterday' } }],
  ])('cannot tell when the answer is %s', async (_, body) => {
    const http = new ScriptedVault().on(readPending, noOperation).on(read, { status: 200, body });
    await expect(open(http).inspect(ref)).rejects.toMatchObject({ name: 'RenewalError', code: 'vault-unreachable' });
  });

  it('takes null for a certificate that is not there yet', async () => {
    const http = new ScriptedVault()
      .on(readPending, { status: 200, body: operation() })
      .on(read, { status: 200, body: { ...Object(bundle('leaf')), cer: null } });
    expect(await open(http).inspect(ref)).not.toHaveProperty('current');
  });

  it('reads a refusal whose code is an object', async () => {
    const body = { error: { code: { toString: 1 }, message: 'no' } };
    const http = new ScriptedVault().on(readPending, { status: 400, body });
    await expect(open(http).inspect(ref)).rejects.toMatchObject({ name: 'RenewalError', code: 'vault-refused' });
  });

  it('answers with version, policy, tags and pending operation in two calls', async () => {
    const http = new ScriptedVault()
      .on(readPending, { status: 200, body: operation() })
      .on(read, { status: 200, body: bundle('leaf', { plan: 'web' }) });
    const inspection = await open(http).inspect(ref);
    expect(inspection).toMatchObject({
      state: 'present',
      current: {
        version: 'b'.repeat(32),
        enabled: true,
        serial: '0a1b2c3d4e5f60718293a4b5c6d7e8f9',
        der: fixture('leaf'),
      },
      policy: {
        subject: 'CN=shop.contoso.example',
        dnsNames: ['shop.contoso.example', 'www.contoso.example'],
        emails: ['shop@contoso.example'],
        keyType: 'P-256',
        reuseKey: true,
        issuer: 'Self',
        validityMonths: 6,
      },
      tags: { plan: 'web' },
      pending: { status: 'inProgress', csr: fixture('request'), issuer: 'Unknown' },
    });
    expect(http.calls).toEqual([readPending, read]);
  });

  it('leaves the operation out in one call when only the version is asked for', async () => {
    const http = new ScriptedVault().on(read, { status: 200, body: bundle('leaf', { plan: 'web' }) });
    const inspection = await open(http).inspect(ref, 'version');
    expect(inspection).toMatchObject({ state: 'present', current: { der: fixture('leaf') }, tags: { plan: 'web' } });
    expect(inspection).not.toHaveProperty('pending');
    expect(http.calls).toEqual([read]);
  });

  it('shows a failed operation with its error, and does not ask twice', async () => {
    const error = { code: 'Request rejected', message: 'The call to DigiCert failed' };
    const http = new ScriptedVault()
      .on(readPending, { status: 200, body: operation({ status: 'failed', error, issuer: { name: 'DigiCert' } }) })
      .on(read, { status: 200, body: bundle('leaf') });
    const inspection = await open(http).inspect(ref);
    expect(inspection).toMatchObject({
      pending: { status: 'failed', issuer: 'DigiCert', error: 'Request rejected: The call to DigiCert failed' },
    });
    expect(http.calls).toHaveLength(2);
  });

  it('has no current version while the first one is pending', async () => {
    const http = new ScriptedVault()
      .on(readPending, { status: 200, body: operation() })
      .on(read, { status: 200, body: bundle(undefined) });
    const inspection = await open(http).inspect(ref);
    expect(inspection).not.toHaveProperty('current');
    expect(inspection).toMatchObject({ state: 'present', pending: { status: 'inProgress' } });
  });

  it.each([
    ['nothing', refusal(404, 'CertificateNotFound', 'x'), false],
    ['a soft-deleted certificate', { status: 200, body: bundle('leaf') }, true],
    ['something we may not see', refusal(403, 'Forbidden', 'x', 'ForbiddenByRbac'), false],
  ])('is absent when there is %s', async (_, deleted, softDeleted) => {
    const http = new ScriptedVault().on(readPending, noOperation).on('GET /deletedcertificates/shop', deleted);
    expect(await open(http).inspect(ref)).toEqual({ state: 'absent', softDeleted });
  });

  it.each(['', '..', 'a/b', 'a?b', 'shop%2f', 'a b', 'contacts', 'issuers', 'x'.repeat(128)])(
    'refuses the name %j without a call',
    async (name) => {
      const http = new ScriptedVault();
      await expect(open(http).inspect({ vault, name })).rejects.toMatchObject({ code: 'vault-refused' });
      expect(http.calls).toEqual([]);
    },
  );

  it.each(['http://unit.vault.azure.net', 'unit', 'https://unit.vault.azure.net/certificates', 'https://u@x.example'])(
    'refuses the address %s without a call',
    async (address) => {
      await expect(open(new ScriptedVault()).inspect({ vault: address, name: 'shop' })).rejects.toMatchObject({
        code: 'vault-refused',
      });
    },
  );
});

describe('list', () => {
  it('reads page after page, pending ones included', async () => {
    const item = (name: string, x5t?: string) => ({
      id: `${vault}/certificates/${name}`,
      ...(x5t && { x5t }),
      attributes: { enabled: x5t !== undefined, exp: 1_800_000_000, created: 1_700_000_600 },
    });
    const nextLink = `${vault}/certificates?api-version=2025-07-01&$skiptoken=2`;
    const http = new ScriptedVault().on(
      'GET /certificates',
      { status: 200, body: { value: [item('one', 'AAAA')], nextLink } },
      { status: 200, body: { value: [item('two')], nextLink: null } },
    );
    const listed: ListedCertificate[] = [];
    for await (const certificate of open(http).list(vault)) listed.push(certificate);
    expect(listed).toMatchObject([
      { name: 'one', enabled: true, notAfter: '2027-01-15T08:00:00.000Z' },
      { name: 'two' },
    ]);
    expect(listed[1]).not.toHaveProperty('notAfter');
    expect(http.calls).toHaveLength(2);
  });

  it('maps what goes wrong on a page', async () => {
    const http = new ScriptedVault().on('GET /certificates', refusal(403, 'Forbidden', 'x', 'ForbiddenByRbac'));
    const first = open(http).list(vault)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({ code: 'vault-forbidden' });
  });

  it.each([
    ['{}', {}],
    ['a value that is no list', { value: 'x' }],
    ['a thumbprint that is a list', { value: [{ id: `${vault}/certificates/one`, x5t: ['a'] }] }],
    ['an id of nothing', { value: [{ id: '/certificates/one' }] }],
  ])('cannot tell when a page is %s', async (_, body) => {
    const http = new ScriptedVault().on('GET /certificates', { status: 200, body });
    const first = open(http).list(vault)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toMatchObject({
      code: 'vault-unreachable',
      message: expect.stringMatching(/the answer cannot be read: vault=\S+, call=GET \/certificates: value/),
    });
  });
});

describe('request', () => {
  it('makes a CSR in three calls, and carries the policy over', async () => {
    const http = new ScriptedVault()
      .on(readPending, noOperation)
      .on('GET /certificates/shop/policy', { status: 200, body: livePolicy })
      .on(create, { status: 202, body: operation() });
    const pending = await open(http).request(request);
    expect(pending).toMatchObject({ status: 'inProgress', csr: fixture('request') });
    expect(http.calls).toEqual([readPending, 'GET /certificates/shop/policy', create]);
    expect(http.bodies[2]).toMatchObject({
      policy: {
        key_props: { kty: 'EC-HSM', crv: 'P-256', exportable: true, reuse_key: false },
        secret_props: { contentType: 'application/x-pkcs12' },
        x509_props: {
          subject: request.subject,
          sans: { dns_names: request.dnsNames, emails: ['shop@contoso.example'] },
          ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
          key_usage: ['digitalSignature'],
          validity_months: 3,
        },
        issuer: { name: 'Unknown' },
        lifetime_actions: [{ trigger: { days_before_expiry: 30 }, action: { action_type: 'EmailContacts' } }],
      },
      tags: { owner: 'shop-team' },
      preserveCertOrder: false,
    });
  });

  it('answers with the operation that is there when it is the one that was asked for', async () => {
    const http = new ScriptedVault().on(readPending, { status: 200, body: operation() });
    expect(await open(http).request(request)).toMatchObject({ csr: fixture('request') });
    expect(http.calls).toEqual([readPending]);
  });

  it('makes a new one over an operation that has ended', async () => {
    const http = new ScriptedVault()
      .on(readPending, { status: 200, body: operation({ status: 'completed' }) })
      .on(create, { status: 202, body: operation() });
    await open(http).request(request);
    expect(http.calls).toContain(create);
  });

  it('adopts its own operation when the create was accepted and its answer lost', async () => {
    const http = new ScriptedVault()
      .on(readPending, noOperation, { status: 200, body: operation() })
      .on(create, { status: 500 }, refusal(409, 'Forbidden', 'A new key vault certificate can not be created …'));
    expect(await open(http).request(request)).toMatchObject({ status: 'inProgress' });
    expect(http.calls.filter((call) => call === create)).toHaveLength(2);
  });

  it.each([
    ['subject', { ...request, subject: 'CN=other.contoso.example' }, {}],
    ['list of names', { ...request, dnsNames: ['shop.contoso.example'] }, {}],
    ['key type', { ...request, keyType: 'RSA-2048' as const }, {}],
    ['issuer', request, { issuer: { name: 'Self' } }],
  ])('leaves a pending operation alone whose %s differs', async (difference, asked, changes) => {
    const http = new ScriptedVault().on(readPending, { status: 200, body: operation(changes) });
    await expect(open(http).request(asked)).rejects.toMatchObject({
      code: 'vault-conflict',
      message: expect.stringContaining(`its ${difference} differs`),
    });
    expect(http.calls).toEqual([readPending]);
  });

  it('makes no key for a subject that it could not recognise in the CSR', async () => {
    const http = new ScriptedVault().on(readPending, noOperation);
    const asked = open(http).request({ ...request, subject: 'shop' });
    await expect(asked).rejects.toMatchObject({ code: 'certificate-unreadable', retry: false });
    expect(http.calls).toEqual([readPending]);
  });

  it('says to recover or purge when a deleted certificate holds the name', async () => {
    const http = new ScriptedVault()
      .on(readPending, noOperation)
      .on(create, refusal(409, 'Conflict', 'is currently in a deleted state', 'ObjectIsDeletedButRecoverable'));
    await expect(open(http).request(request)).rejects.toMatchObject({
      code: 'vault-refused',
      message: expect.stringContaining('recover or purge'),
    });
  });
});

describe('discard', () => {
  it.each([
    ['deletes the pending operation', { status: 200, body: operation() }],
    ['is content when nothing is pending', noOperation],
  ])('%s', async (_, answer) => {
    const http = new ScriptedVault().on('DELETE /certificates/shop/pending', answer);
    await open(http).discard(ref);
    expect(http.calls).toEqual(['DELETE /certificates/shop/pending']);
  });
});

describe('merge', () => {
  const merge = { ...ref, chain: [fixture('leaf'), fixture('ca')], tags: { owner: 'shop-team' } };
  const old = { status: 200, body: bundle('other', { owner: 'shop-team' }) };
  const merged = { status: 200, body: bundle('leaf', { owner: 'shop-team' }) };
  const untagged = { status: 200, body: bundle('leaf', { plan: 'web' }) };
  const patch = `PATCH /certificates/shop/${'b'.repeat(32)}`;

  it('reads, merges leaf first, and reads back', async () => {
    const http = new ScriptedVault().on(read, old, merged).on(mergeCall, { ...merged, status: 201 });
    expect(await open(http).merge(merge)).toMatchObject({ version: 'b'.repeat(32), der: fixture('leaf') });
    expect(http.calls).toEqual([read, mergeCall, read]);
    expect(http.bodies[1]).toEqual({ x5c: merge.chain });
  });

  it('writes the tags that a merge drops, and keeps the others', async () => {
    const http = new ScriptedVault()
      .on(read, old, untagged, merged)
      .on(mergeCall, { ...untagged, status: 201 })
      .on(patch, merged);
    await open(http).merge(merge);
    expect(http.calls).toEqual([read, mergeCall, patch, read, read]);
    expect(http.bodies[2]).toMatchObject({ tags: { plan: 'web', owner: 'shop-team' } });
  });

  it('answers with the version that holds this leaf already', async () => {
    const http = new ScriptedVault().on(read, merged);
    expect(await open(http).merge(merge)).toMatchObject({ der: fixture('leaf') });
    expect(http.calls).not.toContain(mergeCall);
  });

  it('sees that a merge was done whose answer was lost', async () => {
    const http = new ScriptedVault().on(read, old, merged).on(mergeCall, { status: 500 }, noOperation);
    expect(await open(http).merge(merge)).toMatchObject({ der: fixture('leaf') });
  });

  it('waits until the vault shows the new version', async () => {
    const http = new ScriptedVault().on(read, old, old, old, merged).on(mergeCall, { ...merged, status: 201 });
    expect(await open(http).merge(merge)).toMatchObject({ der: fixture('leaf') });
  });

  it('stops waiting at a bound, so that the caller tries again', async () => {
    const http = new ScriptedVault().on(read, old).on(mergeCall, { ...merged, status: 201 });
    await expect(open(http).merge(merge)).rejects.toMatchObject({ code: 'vault-conflict', retry: true });
    expect(http.calls.filter((call) => call === read)).toHaveLength(6);
  });

  it('tries again when nothing is pending and an earlier merge may not be visible yet', async () => {
    const http = new ScriptedVault().on(read, old).on(mergeCall, noOperation);
    await expect(open(http).merge(merge)).rejects.toMatchObject({ code: 'vault-conflict', retry: true });
  });

  it('gives up when nothing is pending and somebody else has merged', async () => {
    const foreign = {
      status: 200,
      body: { ...(bundle('other') as object), id: `${ref.vault}/certificates/shop/${'c'.repeat(32)}` },
    };
    const http = new ScriptedVault().on(read, old, foreign).on(mergeCall, noOperation);
    await expect(open(http).merge(merge)).rejects.toMatchObject({ code: 'vault-refused' });
  });

  it('passes on that the key is another one', async () => {
    const http = new ScriptedVault()
      .on(read, old)
      .on(mergeCall, refusal(400, 'BadParameter', 'The public key of the end-entity certificate does not match'));
    await expect(open(http).merge(merge)).rejects.toMatchObject({ code: 'vault-refused' });
  });
});
