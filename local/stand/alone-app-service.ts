import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAppService } from '../arm/app-service.ts';
import { createArm } from '../arm/arm.ts';
import { systemClock } from '../clock.ts';
import { startConsumers } from '../consumers/consumers.ts';
import { vaultAudience } from '../vault/challenge.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import type { Who } from './addresses.ts';
import { type Ground, portOffsets } from './ground.ts';
import { resourceGroupOf, type SeededEstate } from './scenarios.ts';
import { readSecretAs } from './secret-reader.ts';
import { createInternalCa, makeCurrent, seedCertificate } from './seeding.ts';

export interface AloneAppService extends Who {
  readonly vault: VaultEmulator;
  readonly estate: SeededEstate;
  readonly log: (message: string) => void;
}

/** Resource Manager with one site in an App Service Environment, which serves a certificate that is in the vault. */
export async function startAppService(ground: Ground, given: AloneAppService): Promise<Record<string, unknown>> {
  const { identity, principals, vault, estate, log } = given;
  const { name, hostName, rootFile } = await seedOne(ground, given);
  const readSecret = readSecretAs([vault], () => identity.issueToken(principals.appService, vaultAudience));
  const appService = createAppService({ clock: systemClock, readSecret, log });
  ground.onStop(() => appService.stop());
  const group = resourceGroupOf(estate);
  const site = `${group}/providers/Microsoft.Web/sites/${name}`;
  const certificate = `${group}/providers/Microsoft.Web/certificates/${vault.name}-${name}`;
  const consumers = await startConsumers({
    appService,
    clock: systemClock,
    seeds: [
      {
        ...{ resourceId: site, location: 'westeurope', environment: 'ase-v3', hostNames: [hostName] },
        certificate: { resourceId: certificate, keyVaultId: vault.resourceId, keyVaultSecretName: name },
        port: ground.port(portOffsets.sites),
      },
    ],
  });
  ground.onStop(() => consumers.close());
  const arm = createArm({ access: identity, clock: systemClock, appService, subscriptions: [estate.subscription] });
  await ground.mount(arm, { offset: portOffsets.arm, name: 'arm', family: 'arm' });
  identity.assign(principals.operator.id, { scope: group, actions: ['Microsoft.Web/*'] });
  const [endpoint] = consumers.endpoints;
  return {
    subscription: estate.subscription,
    sites: [{ resourceId: site, hostName, certificate, host: endpoint?.host, port: endpoint?.port }],
    rootFile,
  };
}

/** One certificate in the vault, and the root that it ends at in a file, for whoever looks at what the site serves. */
async function seedOne({ directory }: Ground, { identity, principals, vault, estate }: AloneAppService) {
  const [seeded] = estate.certificates;
  const hostName = seeded?.hostNames[0];
  if (seeded === undefined || hostName === undefined) throw new TypeError('stand: the estate has no first site');
  const now = systemClock.now();
  const { root, issuing } = await createInternalCa(estate.company, now);
  const token = identity.issueToken(principals.operator, vaultAudience);
  await seedCertificate(seeded, await makeCurrent(seeded, issuing, { now, domain: estate.domain }), { vault, token });
  const rootFile = join(directory, 'root.pem');
  await writeFile(rootFile, root.pem);
  return { name: seeded.name, hostName, rootFile };
}
