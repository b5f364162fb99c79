import type { StandClock } from '../clock.ts';
import type { AppServiceFault, CertificateResource, ImportRequest, ReadSecret, Site } from './app-service-types.ts';
import { createPublicRoots } from './certificate-rules.ts';
import { type Certificates, createCertificates } from './certificates.ts';
import { SeedError } from './resource-id.ts';
import { createSites, type Sites, sameText } from './sites.ts';

export interface AppServiceOptions {
  readonly clock: StandClock;
  readonly readSecret: ReadSecret;
  /** PEM roots that count as public; absent: those that Node ships. */
  readonly publicRoots?: readonly string[];
  /** Faults in force; the set may change at any time. */
  readonly faults?: ReadonlySet<AppServiceFault>;
  /** Told after each automatic read of the vault. */
  readonly log?: (message: string) => void;
}

/** App Service behind its API: webspaces with certificates, sites and their host-name bindings. */
export interface AppService extends Sites, Certificates {
  /** Imports from the vault and binds all names of a site as if that had been done long ago: no binding rule is asked. */
  seedCertificate(site: Site, request: ImportRequest): Promise<CertificateResource>;
  removeCertificate(resourceId: string): 'removed' | 'bound' | 'unknown';
}

export function createAppService(options: AppServiceOptions): AppService {
  const { clock, readSecret, faults = new Set<AppServiceFault>(), log = () => undefined } = options;
  const isPublic = createPublicRoots(options.publicRoots);
  const certificates = createCertificates({
    clock,
    readSecret,
    faults,
    log,
    replaced(now, before) {
      if (!faults.has('app.binding')) sites.move(now.webspace, before.thumbprint, now.bundle);
    },
  });
  const sites = createSites({
    clock,
    isPublic,
    findBundle: (webspace, thumbprint) =>
      certificates
        .certificates()
        .find((found) => sameText(found.webspace, webspace) && sameText(found.thumbprint, thumbprint))?.bundle,
  });

  return {
    ...sites,
    ...certificates,
    async seedCertificate(site, request) {
      const result = await certificates.importCertificate(request);
      if (result.state === 'refused') throw new SeedError(`${request.resourceId}: ${result.reason}`);
      const { bundle, thumbprint } = result.certificate;
      for (const hostName of site.bindings.keys()) {
        sites.set(site, { hostName, sslState: 'SniEnabled', thumbprint, bundle });
      }
      return result.certificate;
    },
    removeCertificate(resourceId) {
      const found = certificates.certificate(resourceId);
      if (found === undefined) return 'unknown';
      if (sites.sites().some((site) => uses(site, found))) return 'bound';
      certificates.remove(resourceId);
      return 'removed';
    },
  };
}

function uses(site: Site, certificate: CertificateResource): boolean {
  const bindings = [...site.bindings.values()];
  return (
    sameText(site.webspace, certificate.webspace) &&
    bindings.some((binding) => binding.thumbprint === certificate.thumbprint)
  );
}
