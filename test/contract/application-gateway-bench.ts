import role from '../../infra/roles/gateway-deployer.json' with { type: 'json' };
import { armError } from '../../local/arm/answers.ts';
import { createAppService } from '../../local/arm/app-service.ts';
import type { SecretRead } from '../../local/arm/app-service-types.ts';
import { gatewayRoutes } from '../../local/arm/network/gateway-routes.ts';
import type { GatewayFault, GatewaySeed } from '../../local/arm/network/gateway-types.ts';
import { createGateways } from '../../local/arm/network/gateways.ts';
import { createOperations } from '../../local/arm/operations.ts';
import { ManualClock } from '../../local/clock.ts';
import { startGatewayFrontEnd } from '../../local/consumers/gateway-front-end.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import type { ApplicationGatewayTarget } from '../../src/plan/targets/application-gateway.ts';
import type { VersionToServe } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { HOST, type MadeSecret, makeSecret, privateCa, START, SUBSCRIPTION, VAULT } from '../unit/local/arm/bench.ts';
import { armBench } from './arm-bench.ts';
import type { TargetBench } from './target-under-test.ts';

const NETWORK_GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-net`;
export const GATEWAY = `${NETWORK_GROUP}/providers/Microsoft.Network/applicationGateways/agw-One`;
const IDENTITY = `${NETWORK_GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agw`;
export const SECRET = 'https://kv-one.vault.azure.net/secrets/shop';

export interface GatewayWish {
  readonly seed?: Partial<GatewaySeed>;
  readonly faults?: readonly GatewayFault[];
  readonly lies?: boolean;
  readonly actions?: readonly string[];
}

export interface Secrets {
  readonly ca: Awaited<ReturnType<typeof privateCa>>;
  readonly old: MadeSecret;
  readonly renewed: MadeSecret;
}

let made: Promise<Secrets> | undefined;

/** Certificates of one private CA: what the gateway serves at first, and what the vault holds then. */
export function makeGatewaySecrets(): Promise<Secrets> {
  made ??= (async () => {
    const ca = await privateCa();
    return { ca, old: await makeSecret(ca), renewed: await makeSecret(ca, { keyType: 'RSA-2048' }) };
  })();
  return made;
}

/** A gateway that serves the old version, a vault whose newest one is renewed, and the adapter over the real client. */
export async function openGateway(secrets: Secrets, wish: GatewayWish = {}) {
  const { ca, old, renewed } = secrets;
  const { seed = {}, lies = false, actions = role.actions } = wish;
  const clock = new ManualClock(START);
  const faults = new Set(wish.faults);
  const vault = vaultOf([old]);
  const url: { now: string } = { now: '' };
  const operations = createOperations({ clock, origin: () => url.now });
  const gateways = createGateways({ clock, operations, faults, readSecret: vault.read });
  await gateways.add({
    ...{ resourceId: GATEWAY, location: 'westeurope', tags: { team: 'net' }, identityId: IDENTITY },
    subnetId: `${NETWORK_GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/agw`,
    publicAddressId: `${NETWORK_GROUP}/providers/Microsoft.Network/publicIPAddresses/agw`,
    sslCertificates: [{ name: 'shop', keyVaultSecretId: SECRET }],
    listeners: { [HOST]: 'shop' },
    ...seed,
  });
  const frontEnd = await startGatewayFrontEnd({ gateways, resourceId: GATEWAY, lies: () => lies });
  const effects = effectsOf(gateways);
  vault.versions.push(renewed);
  const appService = createAppService({ clock, readSecret: async () => ({ state: 'secret-unknown' }) });
  const arm = await armBench({
    ...{ role: actions, scope: NETWORK_GROUP, clock, appService, subscriptions: [SUBSCRIPTION] },
    routes: [...gatewayRoutes(gateways), ...operations.routes],
  });
  url.now = arm.url;
  const target: ApplicationGatewayTarget = {
    kind: 'application-gateway',
    id: 'application-gateway:11111111/rg-net/agw-one:shop',
    ...{ gateway: GATEWAY, sslCertificate: 'shop' },
    endpoint: { host: frontEnd.host, port: frontEnd.port, sni: HOST },
  };
  const adapter = createTarget('application-gateway', { arm: arm.arm, clock, roots: [ca.root.pem] });
  return {
    ...{ arm, adapter, target, gateways, clock, vault, faults, effects },
    async pass(seconds: number): Promise<void> {
      clock.advance(seconds * 1000);
      await gateways.settled();
    },
    async close(): Promise<void> {
      await arm.close();
      await frontEnd.close();
      gateways.stop();
      operations.stop();
      appService.stop();
    },
  };
}

/** A vault of one secret, read at its newest version or at one of its versions. */
function vaultOf(versions: MadeSecret[]) {
  const vault: { versions: MadeSecret[]; refuses?: SecretRead['state'] } = { versions };
  const read = async (_identity: string, secretId: string): Promise<SecretRead> => {
    if (vault.refuses !== undefined && vault.refuses !== 'ok') return { state: vault.refuses };
    const version = secretId.startsWith(`${SECRET}/`) ? secretId.slice(SECRET.length + 1) : undefined;
    const found =
      version === undefined ? vault.versions.at(-1) : vault.versions.find((one) => versionOf(one).version === version);
    return found?.secret ?? { state: 'secret-unknown' };
  };
  return Object.assign(vault, { read });
}

export const versionOf = (secret: MadeSecret, renewalId = 'shop-renewal'): VersionToServe => ({
  ...{ renewalId, vault: 'https://kv-one.vault.azure.net', vaultResourceId: VAULT, name: 'shop' },
  version: secret.thumbprint.slice(0, 32).toLowerCase(),
  sha256: sha256Hex(secret.chain[0] ?? new Uint8Array()),
  thumbprint: secret.thumbprint,
});

/** How often the gateway took another certificate from now on. */
function effectsOf(gateways: ReturnType<typeof createGateways>): () => number {
  let held = gateways.gateway(GATEWAY)?.held.get('shop')?.leaf.fingerprint256;
  let effects = 0;
  gateways.watch((gateway) => {
    const now = gateway.held.get('shop')?.leaf.fingerprint256;
    if (now !== held) effects += 1;
    held = now;
  });
  return () => effects;
}

/** Application Gateway in the words of every target's suite. */
export const applicationGatewayTarget: TargetBench = {
  title: 'Application Gateway, as every kind of target',
  lacks: {},
  demands: role.actions,
  role: role.roleName,
  conflicts: [
    armError(409, 'AnotherOperationInProgress', 'Another operation on this or dependent resource is in progress.'),
    armError(412, 'PreconditionFailed', 'Precondition failed.'),
  ],
  async setUp({ lies = false, gone = false, without }) {
    const secrets = await makeGatewaySecrets();
    const actions = role.actions.filter((action) => action !== without);
    const open = await openGateway(secrets, { lies, actions });
    return {
      adapter: open.adapter,
      target: gone ? { ...open.target, gateway: `${GATEWAY}-gone` } : open.target,
      ...{ old: versionOf(secrets.old), renewed: versionOf(secrets.renewed) },
      ...{ pass: open.pass, effects: open.effects, plant: open.arm.plant, tearDown: open.close },
      writes: () => open.arm.counts.writes,
    };
  },
};
