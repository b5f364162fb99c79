import { rootCertificates } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAppService } from '../../../../local/arm/app-service.ts';
import type { SecretRead } from '../../../../local/arm/app-service-types.ts';
import { createPublicRoots } from '../../../../local/arm/certificate-rules.ts';
import { readBundle, sentChain } from '../../../../local/arm/pfx.ts';
import { ManualClock } from '../../../../local/clock.ts';
import {
  appServiceBench,
  CERTIFICATE,
  GROUP,
  HOST,
  type MadeSecret,
  makeSecret,
  privateCa,
  SITE,
  VAULT,
} from './bench.ts';

const HOUR = 3_600_000;
const hex = (ders: readonly Uint8Array[]): string[] => ders.map((der) => Buffer.from(der).toString('hex'));
let ca: Awaited<ReturnType<typeof privateCa>>;
let old: MadeSecret;
let renewed: MadeSecret;
beforeAll(async () => {
  ca = await privateCa();
  old = await makeSecret(ca);
  renewed = await makeSecret(ca, { keyType: 'RSA-2048' });
});

describe('reading the PKCS#12 secret', () => {
  it.each(['issuing', 'mixed'] as const)('sends the leaf and then what the file holds, in %s order', async (order) => {
    const { secret, chain } = await makeSecret(ca, { order });
    const bundle = secret.state === 'ok' ? readBundle(secret.value) : undefined;
    expect(bundle && hex(sentChain(bundle).map(({ raw }) => raw))).toEqual(hex(chain));
  });

  it('knows the issuing order whatever the order of the file', async () => {
    const { secret } = await makeSecret(ca, { order: 'mixed' });
    const bundle = secret.state === 'ok' ? readBundle(secret.value) : undefined;
    expect(bundle?.path.map(({ subject }) => subject)).toEqual([`CN=${HOST}`, 'CN=Contoso Issuing', 'CN=Contoso Root']);
  });

  it.each(['', 'AAAA', 'no base64 at all'])('finds nothing in %j', (value) => {
    expect(readBundle(value)).toBeUndefined();
  });
});

describe('import', () => {
  it('takes the certificate and names it as Azure does', async () => {
    const { appService, vault, request, reads } = appServiceBench();
    vault.now = old.secret;
    const result = await appService.importCertificate(request);
    expect(result).toMatchObject({
      state: 'imported',
      certificate: {
        thumbprint: old.thumbprint,
        status: 'Initialized',
        keyVaultId: VAULT.toLowerCase(),
        webspace: 'rg-web-WestEuropewebspace',
      },
    });
    expect(reads).toEqual([`${VAULT} shop`]);
    appService.stop();
  });

  it.each<[string, SecretRead]>([
    ['vault-forbidden', { state: 'forbidden' }],
    ['vault-unknown', { state: 'vault-unknown' }],
    ['secret-unknown', { state: 'secret-unknown' }],
    ['not-pkcs12', { state: 'ok', contentType: 'application/x-pem-file', value: 'x', version: '1' }],
    ['unreadable', { state: 'ok', contentType: 'application/x-pkcs12', value: 'AAAA', version: '1' }],
  ])('refuses with %s', async (reason, secret) => {
    const { appService, vault, request } = appServiceBench();
    vault.now = secret;
    expect(await appService.importCertificate(request)).toEqual({ state: 'refused', reason });
    expect(appService.certificates()).toEqual([]);
  });

  it.each([
    ['no-server-auth', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'] }],
    ['no-server-auth', { extendedKeyUsage: [] }],
    ['key-not-allowed', { keyType: 'RSA-1024' as const }],
  ])('refuses with %s a certificate of %o', async (reason, wish) => {
    const { appService, vault, request } = appServiceBench();
    vault.now = (await makeSecret(ca, wish)).secret;
    expect(await appService.importCertificate(request)).toEqual({ state: 'refused', reason });
  });
});

describe('forced sync', () => {
  it('moves every binding of the webspace, and of no other', async () => {
    const { appService, vault, request, addSite, bound } = appServiceBench();
    const sameSpace = `${GROUP}/providers/Microsoft.Web/sites/second`;
    const elsewhere = `${GROUP}/providers/Microsoft.Web/sites/third`;
    vault.now = old.secret;
    for (const site of [addSite(), addSite({ resourceId: sameSpace })]) await appService.seedCertificate(site, request);
    const third = addSite({ resourceId: elsewhere, location: 'North Europe' });
    await appService.seedCertificate(third, { ...request, resourceId: `${CERTIFICATE}-ne`, location: 'North Europe' });
    vault.now = renewed.secret;
    await appService.importCertificate(request);
    expect(bound()).toBe(renewed.thumbprint);
    expect(bound(sameSpace)).toBe(renewed.thumbprint);
    expect(bound(elsewhere)).toBe(old.thumbprint);
    appService.stop();
  });

  it('under another name makes a second certificate and moves nothing', async () => {
    const { appService, vault, request, addSite, bound } = appServiceBench();
    vault.now = old.secret;
    await appService.seedCertificate(addSite(), request);
    vault.now = renewed.secret;
    await appService.importCertificate({ ...request, resourceId: `${CERTIFICATE}-2` });
    expect(bound()).toBe(old.thumbprint);
    expect(appService.certificates()).toHaveLength(2);
    appService.stop();
  });

  it('leaves the bindings alone under the fault app.binding', async () => {
    const { appService, vault, request, addSite, bound, faults } = appServiceBench();
    vault.now = old.secret;
    await appService.seedCertificate(addSite(), request);
    faults.add('app.binding');
    vault.now = renewed.secret;
    await appService.importCertificate(request);
    expect(appService.certificate(CERTIFICATE.toUpperCase())?.thumbprint).toBe(renewed.thumbprint);
    expect(bound()).toBe(old.thumbprint);
    appService.stop();
  });
});

describe('automatic sync', () => {
  it('comes after 24 hours, and again', async () => {
    const { appService, vault, request, addSite, bound, pass } = appServiceBench();
    vault.now = old.secret;
    await appService.seedCertificate(addSite(), request);
    vault.now = renewed.secret;
    await pass(24 * HOUR - 1);
    expect(bound()).toBe(old.thumbprint);
    await pass(1);
    expect(bound()).toBe(renewed.thumbprint);
    vault.now = old.secret;
    await pass(24 * HOUR);
    expect(bound()).toBe(old.thumbprint);
    appService.stop();
  });

  it.each([
    ['forbidden', 'AzureServiceUnauthorizedToAccessKeyVault'],
    ['vault-unknown', 'KeyVaultDoesNotExist'],
    ['secret-unknown', 'KeyVaultSecretDoesNotExist'],
  ] as const)('keeps the certificate when the vault is %s, and says %s', async (state, status) => {
    const { appService, vault, request, addSite, bound, pass } = appServiceBench();
    vault.now = old.secret;
    await appService.seedCertificate(addSite(), request);
    vault.now = { state };
    await pass(24 * HOUR);
    expect(bound()).toBe(old.thumbprint);
    expect(appService.certificate(CERTIFICATE)?.status).toBe(status);
    vault.now = renewed.secret;
    await pass(24 * HOUR);
    expect(appService.certificate(CERTIFICATE)).toMatchObject({
      status: 'Initialized',
      thumbprint: renewed.thumbprint,
    });
    appService.stop();
  });

  it('never comes under the fault app.no-sync', async () => {
    const { appService, vault, request, addSite, bound, pass, faults } = appServiceBench();
    faults.add('app.no-sync');
    vault.now = old.secret;
    await appService.seedCertificate(addSite(), request);
    vault.now = renewed.secret;
    for (let day = 0; day < 10; day++) await pass(24 * HOUR);
    expect(bound()).toBe(old.thumbprint);
    appService.stop();
  });

  it('does not bring a deleted certificate back', async () => {
    const clock = new ManualClock(new Date('2026-11-01T00:00:00Z'));
    let answer: (read: SecretRead) => void = () => undefined;
    let first = true;
    const appService = createAppService({
      clock,
      readSecret: async () => {
        if (first) return old.secret;
        return new Promise<SecretRead>((resolve) => {
          answer = resolve;
        });
      },
    });
    const request = { resourceId: CERTIFICATE, location: 'x', keyVaultId: VAULT, keyVaultSecretName: 'shop' };
    await appService.importCertificate(request);
    first = false;
    clock.advance(24 * HOUR);
    expect(appService.removeCertificate(CERTIFICATE)).toBe('removed');
    answer(renewed.secret);
    await appService.settled();
    expect(appService.certificates()).toEqual([]);
  });
});

describe('binding', () => {
  it('takes another certificate of the webspace that covers the name', async () => {
    const { appService, vault, request, addSite } = appServiceBench();
    const site = addSite();
    vault.now = old.secret;
    await appService.importCertificate(request);
    const wanted = {
      hostName: HOST.toUpperCase(),
      sslState: 'SniEnabled',
      thumbprint: old.thumbprint.toLowerCase(),
    } as const;
    expect(appService.bind(site, wanted).state).toBe('bound');
    expect(appService.site(SITE)?.bindings.get(HOST)).toMatchObject({
      sslState: 'SniEnabled',
      thumbprint: old.thumbprint,
    });
    expect(appService.removeCertificate(CERTIFICATE)).toBe('bound');
    expect(appService.bind(site, { ...wanted, sslState: 'Disabled' }).state).toBe('bound');
    expect(appService.removeCertificate(CERTIFICATE)).toBe('removed');
    expect(appService.removeCertificate(CERTIFICATE)).toBe('unknown');
  });

  it('refuses an unknown thumbprint and a certificate for another name', async () => {
    const { appService, vault, request, addSite } = appServiceBench();
    const site = addSite({ hostNames: [HOST, 'api.contoso.example'] });
    vault.now = old.secret;
    await appService.importCertificate(request);
    const wanted = { hostName: HOST, sslState: 'SniEnabled', thumbprint: 'AB'.repeat(20) } as const;
    expect(appService.bind(site, wanted)).toEqual({ state: 'refused', reason: 'thumbprint-unknown' });
    const other = { ...wanted, hostName: 'api.contoso.example', thumbprint: old.thumbprint };
    expect(appService.bind(site, other)).toEqual({ state: 'refused', reason: 'host-not-covered' });
    appService.stop();
  });

  it('refuses a private CA on a multi-tenant site, also when a sync would move it', async () => {
    const { appService, vault, request, addSite, bound } = appServiceBench();
    vault.now = old.secret;
    const site = addSite({ environment: 'multi-tenant' });
    expect(site.hostingEnvironmentId).toBeNull();
    await appService.seedCertificate(site, request);
    vault.now = renewed.secret;
    expect((await appService.importCertificate(request)).state).toBe('imported');
    expect(bound()).toBe(old.thumbprint);
    const wanted = { hostName: HOST, sslState: 'SniEnabled', thumbprint: renewed.thumbprint } as const;
    expect(appService.bind(site, wanted)).toEqual({ state: 'refused', reason: 'private-ca-on-multi-tenant' });
    appService.stop();
  });

  it('takes a public CA on a multi-tenant site', async () => {
    const { appService, vault, request, addSite, bound } = appServiceBench({ publicRoots: [ca.root.pem] });
    vault.now = old.secret;
    await appService.seedCertificate(addSite({ environment: 'multi-tenant' }), request);
    vault.now = renewed.secret;
    await appService.importCertificate(request);
    expect(bound()).toBe(renewed.thumbprint);
    appService.stop();
  });

  it('knows the public roots that Node ships', () => {
    const bundle = old.secret.state === 'ok' ? readBundle(old.secret.value) : undefined;
    expect(rootCertificates.length).toBeGreaterThan(50);
    expect(bundle && createPublicRoots()(bundle)).toBe(false);
    expect(bundle && createPublicRoots([ca.root.pem])(bundle)).toBe(true);
  });
});
