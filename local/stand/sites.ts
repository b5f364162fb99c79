import { type AppService, createAppService } from '../arm/app-service.ts';
import type { StandClock } from '../clock.ts';
import { type ConsumerEndpoint, startConsumers } from '../consumers/consumers.ts';
import { vaultAudience } from '../vault/challenge.ts';
import type { Cloud } from './cloud.ts';
import type { SeededSite } from './estate-file.ts';
import { portOffsets } from './ground.ts';
import type { Seeded, SeededEstate } from './scenarios.ts';
import { readSecretAs } from './secret-reader.ts';

/** App Service with all seeded sites, each behind a TLS listener of its own. */
export interface Sites {
  readonly appService: AppService;
  /** `TypeError` where the certificate has no such site. */
  siteOf(seeded: Seeded, index: number): SeededSite;
}

export async function openSites(
  cloud: Cloud,
  estate: SeededEstate,
  {
    clock,
    log,
    liars,
  }: { readonly clock: StandClock; readonly log: (message: string) => void; readonly liars: ReadonlySet<string> },
): Promise<Sites> {
  const readSecret = readSecretAs(cloud.vaults, () =>
    cloud.identity.issueToken(cloud.principals.appService, vaultAudience),
  );
  const appService = createAppService({ clock, readSecret, log });
  const wanted = estate.certificates.flatMap((seeded) =>
    seeded.sites.map((_, index) => siteSeed(cloud, { seeded, index, hostName: seeded.hostNames[index] ?? '' })),
  );
  const seeds = wanted.map(({ consumer }, at) => ({ ...consumer, port: cloud.port(portOffsets.sites + at) }));
  const consumers = await startConsumers({ appService, clock, seeds, lies: (site) => liars.has(site.resourceId) });
  cloud.onStop(() => appService.stop());
  cloud.onStop(() => consumers.close());
  return {
    appService,
    siteOf(seeded, index) {
      const found = wanted.find((one) => one.seeded === seeded && one.index === index);
      const endpoint = consumers.endpoints.find(({ sni }) => sni === found?.hostName);
      return siteAt(seeded, index, { found, endpoint });
    },
  };
}

function siteSeed(cloud: Cloud, { seeded, index, hostName }: { seeded: Seeded; index: number; hostName: string }) {
  const site = seeded.sites[index];
  const suffix = index === 0 ? '' : `-${index + 1}`;
  const certificateResource = `${seeded.vaultName}-${seeded.name}`;
  const web = `${cloud.group}/providers/Microsoft.Web`;
  const slot = site?.slot === undefined ? '' : `/slots/${site.slot}`;
  const consumer = {
    resourceId: `${web}/sites/${seeded.name}${suffix}${slot}`,
    location: 'westeurope',
    environment: site?.environment ?? ('ase-v3' as const),
    hostNames: [hostName],
    lagSeconds: site?.lagSeconds ?? 0,
    certificate: {
      resourceId: `${web}/certificates/${certificateResource}`,
      keyVaultId: cloud.vault(seeded.vaultName).resourceId,
      keyVaultSecretName: seeded.name,
      ...(slot !== '' && { serverFarmId: `${web}/serverfarms/plan-ase-v3` }),
    },
  };
  return { seeded, index, hostName, certificateResource, consumer };
}

function siteAt(
  seeded: Seeded,
  index: number,
  { found, endpoint }: { found: ReturnType<typeof siteSeed> | undefined; endpoint: ConsumerEndpoint | undefined },
): SeededSite {
  if (found === undefined || endpoint === undefined) throw new TypeError(`stand: ${seeded.name} has no site ${index}`);
  const { consumer, certificateResource, hostName } = found;
  return { resourceId: consumer.resourceId, certificateResource, hostName, port: endpoint.port };
}
