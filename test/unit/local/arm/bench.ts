import { createAppService } from '../../../../local/arm/app-service.ts';
import type { AppServiceFault, SecretRead, SiteSeed } from '../../../../local/arm/app-service-types.ts';
import { ManualClock } from '../../../../local/clock.ts';
import { type Authority, type CertificateWish, createAuthority, issue, type Keys } from '../../../../local/pki.ts';
import { writePfx } from '../../../../local/vault/pfx-write.ts';

export const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111';
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-web`;
export const VAULT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-kv/providers/Microsoft.KeyVault/vaults/kv-One`;
export const SITE = `${GROUP}/providers/Microsoft.Web/sites/shop`;
export const CERTIFICATE = `${GROUP}/providers/Microsoft.Web/certificates/shop-cert`;
export const HOST = 'shop.contoso.example';
export const START = new Date('2026-11-01T00:00:00Z');

const YEAR = 365 * 24 * 3_600_000;
const validity = { notBefore: new Date(START.getTime() - YEAR), notAfter: new Date(START.getTime() + YEAR) };

export async function privateCa(): Promise<{ root: Authority; issuing: Authority }> {
  const root = await createAuthority({ subject: 'CN=Contoso Root', ...validity });
  const issuing = await createAuthority({ subject: 'CN=Contoso Issuing', ...validity, parent: root });
  return { root, issuing };
}

export type Wish = Partial<CertificateWish> & {
  readonly keyType?: Keys['keyType'];
  readonly hosts?: readonly string[];
  /** `mixed`: in no issuing order, and with the root. */
  readonly order?: 'issuing' | 'mixed';
};

export interface MadeSecret {
  readonly secret: SecretRead;
  /** DERs of what a site sends: the leaf, then all others as the file holds them. */
  readonly chain: readonly Uint8Array[];
  readonly thumbprint: string;
}

/** A vault's PKCS#12 secret: leaf and issuing CA, unless another order is wished for. */
export async function makeSecret(ca: { root: Authority; issuing: Authority }, wish: Wish = {}): Promise<MadeSecret> {
  const { hosts = [HOST], order = 'issuing', ...rest } = wish;
  const made = await issue(ca.issuing, { subject: `CN=${hosts[0]}`, names: { dns: hosts }, ...validity, ...rest });
  const others = order === 'issuing' ? [ca.issuing.der] : [ca.root.der, ca.issuing.der];
  const certificates = order === 'issuing' ? [made.der, ...others] : [ca.root.der, made.der, ca.issuing.der];
  const value = writePfx({ certificates, key: made.keys.privateKey }, made.der).toString('base64');
  return {
    secret: { state: 'ok', contentType: 'application/x-pkcs12', value, version: made.details.serial },
    chain: [made.der, ...others],
    thumbprint: made.details.sha1.toUpperCase(),
  };
}

/** An App Service over a vault of one secret that the test exchanges. */
export function appServiceBench(options: { publicRoots?: readonly string[] } = {}) {
  const clock = new ManualClock(START);
  const vault: { now: SecretRead } = { now: { state: 'secret-unknown' } };
  const reads: string[] = [];
  const faults = new Set<AppServiceFault>();
  const appService = createAppService({
    clock,
    faults,
    ...options,
    readSecret: async (vaultId, name) => {
      reads.push(`${vaultId} ${name}`);
      return vault.now;
    },
  });
  const addSite = (over: Partial<SiteSeed> = {}) =>
    appService.addSite({
      resourceId: SITE,
      location: 'West Europe',
      environment: 'ase-v3',
      hostNames: [HOST],
      ...over,
    });
  const request = {
    resourceId: CERTIFICATE,
    location: 'West Europe',
    keyVaultId: VAULT,
    keyVaultSecretName: 'shop',
  };
  /** Lives through `milliseconds` and whatever App Service does by itself meanwhile. */
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await appService.settled();
  };
  const bound = (siteId = SITE, host = HOST) => appService.site(siteId)?.bindings.get(host)?.thumbprint;
  return { appService, clock, vault, reads, faults, addSite, request, pass, bound };
}
