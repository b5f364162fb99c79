import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAppService } from '../../local/arm/app-service.ts';
import { startConsumers } from '../../local/consumers/consumers.ts';
import { type Authority, certify, createAuthority } from '../../local/pki.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { probe } from '../../src/targets/probe.ts';
import { chainOrder } from '../../src/vault/chain-order.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import { type EmulatedVault, RESOURCE, startEmulatedVault } from './emulated-vault.ts';

const host = 'shop.contoso.example';
const SITE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/shop';
const asShipped = { ...chainOrder };

let issuing: Authority;
let vault: EmulatedVault;
const ends: (() => Promise<void> | void)[] = [];
beforeAll(async () => {
  const life = { notBefore: new Date(Date.now() - 86_400_000), notAfter: new Date(Date.now() + 400 * 86_400_000) };
  const root = await createAuthority({ subject: 'CN=Root', ...life });
  const policy = await createAuthority({ subject: 'CN=Policy', ...life, parent: root });
  issuing = await createAuthority({ subject: 'CN=Issuing', ...life, parent: policy });
});
afterEach(async () => {
  Object.assign(chainOrder, asShipped);
  for (const end of ends.splice(0).reverse()) await end();
});

/** A CSR from the vault, its chain merged, imported by App Service, served by a site. Answers with the leaf's name. */
async function renewed() {
  vault = await startEmulatedVault();
  ends.push(() => vault.close());
  const { merge, request } = createKeyVault(vault.connection);
  const ref = { vault: vault.uri, name: 'shop' };
  const pending = await request({
    ...ref,
    ...{ subject: `CN=${host}`, dnsNames: [host], keyType: 'P-256', exportable: true, validityMonths: 3 },
    ...{ contentType: 'application/x-pkcs12', tags: {} },
  });
  const { spki, subject } = readCsr(Buffer.from(pending.csr, 'base64'));
  const dates = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 90 * 86_400_000) };
  const made = certify(issuing, { subject, names: { dns: [host] }, spki, ...dates });
  const chain = made.chain.map((der) => Buffer.from(der).toString('base64'));
  await merge({ ...ref, chain, tags: {} });
  return made;
}

async function seenServed() {
  const { clock, readSecret } = vault;
  const appService = createAppService({ clock, readSecret });
  const consumers = await startConsumers({
    appService,
    clock,
    seeds: [
      {
        ...{ resourceId: SITE, location: 'westeurope', environment: 'ase-v3', hostNames: [host] },
        certificate: { resourceId: `${SITE}-certificate`, keyVaultId: RESOURCE, keyVaultSecretName: 'shop' },
      },
    ],
  });
  ends.push(
    () => appService.stop(),
    () => consumers.close(),
  );
  const endpoint = consumers.endpoints[0] ?? { host: '', port: 0, sni: '' };
  return probe(endpoint, { clock, roots: [issuing.rootPem], probeSeconds: 5 });
}

describe('the order of a merged chain', () => {
  it('is that of a path, from the vault to the client', async () => {
    const made = await renewed();
    const seen = await seenServed();
    expect(seen).toMatchObject({ state: 'served', chain: made.chain.map((der) => sha256Hex(der)) });
    expect(seen).not.toHaveProperty('problem');
  });

  it.each([
    ['root first', { first: 'root' }],
    ['leaf first and kept', { preserveCertificateOrder: true }],
  ] as const)('is seen to be wrong by a probe when it is turned round: %s', async (_, turned) => {
    Object.assign(chainOrder, turned);
    const made = await renewed();
    expect(await seenServed()).toMatchObject({
      sha256: sha256Hex(made.der),
      problem: expect.stringContaining('the chain is sent out of order'),
    });
  });
});
