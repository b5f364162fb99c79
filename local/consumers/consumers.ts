import type { AppService } from '../arm/app-service.ts';
import type { ImportRequest, Site, SiteSeed } from '../arm/app-service-types.ts';
import type { StandClock } from '../clock.ts';
import { type FrontEnd, startFrontEnd } from './front-end.ts';

/** A site of the stand with the certificate it starts with and where it listens. */
export interface ConsumerSeed extends SiteSeed {
  /** The Microsoft.Web/certificates resource it is bound to at first; absent: nothing is served. */
  readonly certificate?: Omit<ImportRequest, 'location'>;
  /** Absent: a free port. */
  readonly port?: number;
  readonly lagSeconds?: number;
}

/** Where a host name can be probed. */
export interface ConsumerEndpoint {
  readonly site: string;
  readonly host: string;
  readonly port: number;
  readonly sni: string;
}

export interface Consumers {
  readonly endpoints: readonly ConsumerEndpoint[];
  readonly frontEnds: readonly FrontEnd[];
  close(): Promise<void>;
}

/** Puts the seeded sites into App Service and opens one TLS listener for each. */
export async function startConsumers(options: {
  readonly appService: AppService;
  readonly clock: StandClock;
  readonly seeds: readonly ConsumerSeed[];
  /** Fault `target.lies`: the API reports the new certificate, the site never serves it. */
  readonly lies?: (site: Site) => boolean;
}): Promise<Consumers> {
  const { appService, clock, seeds, lies = () => false } = options;
  const frontEnds: FrontEnd[] = [];
  const close = async (): Promise<void> => void (await Promise.all(frontEnds.map((frontEnd) => frontEnd.close())));
  try {
    for (const seed of seeds) {
      const site = await seedSite(appService, seed);
      const { port = 0, lagSeconds = 0 } = seed;
      frontEnds.push(await startFrontEnd({ appService, clock, site, port, lagSeconds, lies }));
    }
  } catch (cause) {
    await close();
    throw cause;
  }
  const endpoints = frontEnds.flatMap(({ site, host, port }) => {
    const names = [...(appService.site(site)?.bindings.keys() ?? [])];
    return names.map((sni) => ({ site, host, port, sni }));
  });
  return { endpoints, frontEnds, close };
}

async function seedSite(appService: AppService, seed: ConsumerSeed): Promise<Site> {
  const site = appService.addSite(seed);
  if (seed.certificate === undefined) return site;
  await appService.seedCertificate(site, { ...seed.certificate, location: seed.location });
  return appService.site(site.resourceId) ?? site;
}
