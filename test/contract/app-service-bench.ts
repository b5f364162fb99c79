import { webError } from '../../local/arm/answers.ts';
import type { createAppService } from '../../local/arm/app-service.ts';
import type { SiteSeed } from '../../local/arm/app-service-types.ts';
import { startConsumers } from '../../local/consumers/consumers.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import type { AppServiceTarget } from '../../src/plan/targets/app-service.ts';
import type { VersionToServe } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import {
  appServiceBench,
  CERTIFICATE,
  GROUP,
  HOST,
  type MadeSecret,
  makeSecret,
  privateCa,
  SITE,
  SUBSCRIPTION,
  VAULT,
} from '../unit/local/arm/bench.ts';
import { armBench } from './arm-bench.ts';
import type { TargetBench } from './target-under-test.ts';

/** All that the deployer's role grants: infra.md's "App Service binder". */
export const ROLE = [
  'Microsoft.Web/certificates/read',
  'Microsoft.Web/certificates/write',
  'Microsoft.Web/serverfarms/join/action',
  'Microsoft.Web/sites/read',
  'Microsoft.Web/sites/hostNameBindings/read',
  'Microsoft.Web/sites/hostNameBindings/write',
];

export interface AppServiceWish {
  readonly site?: Partial<SiteSeed>;
  readonly lagSeconds?: number;
  readonly lies?: boolean;
  readonly role?: readonly string[];
  /** Requests of each kind that ARM takes at once. */
  readonly burst?: number;
}

/** Certificates of one private CA: what sites serve at first, and what the vault holds then. */
export async function makeSecrets() {
  const ca = await privateCa();
  return { ca, old: await makeSecret(ca), renewed: await makeSecret(ca, { keyType: 'RSA-2048' }) };
}

type Secrets = Awaited<ReturnType<typeof makeSecrets>>;

/** A site that serves the old certificate, a vault that holds the renewed one, and the adapter over the real client. */
export async function openAppService(
  { ca, old, renewed }: Secrets,
  { site = {}, lagSeconds = 0, lies = false, role = ROLE, burst = 100 }: AppServiceWish = {},
) {
  const bench = appServiceBench();
  const { appService, clock, vault } = bench;
  vault.now = old.secret;
  const seed = {
    resourceId: SITE,
    location: 'West Europe',
    environment: 'ase-v3' as const,
    hostNames: [HOST],
    ...site,
  };
  const certificate = { resourceId: CERTIFICATE, keyVaultId: VAULT, keyVaultSecretName: 'shop' };
  const consumers = await startConsumers({
    appService,
    clock,
    seeds: [{ ...seed, certificate, lagSeconds }],
    lies: () => lies,
  });
  vault.now = renewed.secret;
  const bucket = { burst, perSecond: 0.01 };
  const limits = { reads: bucket, writes: bucket, deletes: bucket };
  const arm = await armBench({ role, scope: GROUP, clock, appService, subscriptions: [SUBSCRIPTION], limits });
  const { host = '', port = 0, sni = '' } = consumers.endpoints[0] ?? {};
  const target: AppServiceTarget = {
    kind: 'app-service',
    id: 'app-service:shop:shop.contoso.example',
    site: SITE,
    certificateResource: 'shop-cert',
    hostName: HOST,
    endpoint: { host, port, sni },
  };
  const adapter = createTarget('app-service', { arm: arm.arm, clock, roots: [ca.root.pem] });
  return {
    ...bench,
    ...{ arm, target, adapter, identity: arm.identity },
    served: () => adapter.probe(target, { purpose: 'verify', version: versionOf(renewed) }),
    effects: effectsOf(appService),
    async close() {
      await arm.close();
      await consumers.close();
      appService.stop();
    },
  };
}

export const hashes = (made: MadeSecret): string[] => made.chain.map(sha256Hex);

export const versionOf = (made: MadeSecret): VersionToServe => ({
  renewalId: 'shop-renewal',
  vault: 'https://kv-one.vault.azure.net',
  vaultResourceId: VAULT,
  name: 'shop',
  version: made.thumbprint.slice(0, 32).toLowerCase(),
  sha256: hashes(made)[0] ?? '',
  thumbprint: made.thumbprint,
});

/** How often a binding took another thumbprint from now on. */
function effectsOf(appService: ReturnType<typeof createAppService>): () => number {
  const bound = new Map(
    appService
      .sites()
      .flatMap((site) => [...site.bindings.values()].map((found) => [found.hostName, found.thumbprint])),
  );
  let effects = 0;
  appService.watch((_site, { hostName, thumbprint }) => {
    if (bound.get(hostName) !== thumbprint) effects += 1;
    bound.set(hostName, thumbprint);
  });
  return () => effects;
}

let secrets: Promise<Secrets> | undefined;

/** App Service in the words of every target's suite. */
export const appServiceTarget: TargetBench = {
  title: 'App Service, as every kind of target',
  lacks: {},
  // Bindings move by themselves with a sync: that right is only asked for where one has stayed behind.
  demands: ROLE.filter((action) => !/hostNameBindings\/write|serverfarms/.test(action)),
  role: 'Perennial App Service deployer',
  conflicts: [
    webError(409, 'Conflict', 'Cannot modify this site because another operation is in progress. Details: Id: 1'),
    webError(412, 'PreconditionFailed', 'Precondition failed.'),
  ],
  async setUp({ lies = false, gone = false, without, keepsOld = false }) {
    secrets ??= makeSecrets();
    const { old, renewed, ...rest } = await secrets;
    const role = ROLE.filter((action) => action !== without);
    const open = await openAppService({ old, renewed, ...rest }, { lies, role });
    const site = open.appService.site(SITE);
    if (keepsOld && site !== undefined) {
      open.vault.now = old.secret;
      await open.appService.seedCertificate(site, { ...open.request, resourceId: `${CERTIFICATE}-old` });
      open.vault.now = renewed.secret;
    }
    return {
      adapter: open.adapter,
      target: gone ? { ...open.target, site: `${SITE}-gone` } : open.target,
      old: versionOf(old),
      renewed: versionOf(renewed),
      pass: (seconds) => open.pass(seconds * 1000),
      writes: () => open.arm.counts.writes,
      effects: open.effects,
      plant: open.arm.plant,
      tearDown: open.close,
    };
  },
};
