import { createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline';
import { createAppService } from '../../local/arm/app-service.ts';
import type { SecretRead } from '../../local/arm/app-service-types.ts';
import { createArm as createArmEmulator } from '../../local/arm/arm.ts';
import { type Compute, createCompute } from '../../local/arm/compute/compute.ts';
import { computeRoutes } from '../../local/arm/compute/routes.ts';
import { createOperations } from '../../local/arm/operations.ts';
import { type ArmTraffic, createArmTraffic } from '../../local/arm/traffic.ts';
import type { Emulator } from '../../local/emulator.ts';
import { certify, createAuthority } from '../../local/pki.ts';
import { fleetWaves } from '../../local/stand/fleet/waves.ts';
import { writePfx } from '../../local/vault/pfx-write.ts';
import { createArm } from '../../src/azure/arm.ts';
import { entrySchemas } from '../../src/plan/estate-schema.ts';
import type { VirtualMachineTarget } from '../../src/plan/targets/virtual-machine.ts';
import type { TargetAdapter, VersionToServe } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { createWorld, plan, versionOf, type World } from '../../test/builders/world.ts';

const ARM = 'https://management.azure.com';
const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/fleet`;
const PATH = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store/kv-web.shop';
const SECRET = 'https://kv-web.vault.azure.net/secrets/shop';

/** Machines behind the documented buckets, on a clock that jumps; requests themselves take no time. */
export interface FleetStage {
  readonly world: World;
  readonly compute: Compute;
  readonly traffic: ArmTraffic;
  readonly adapter: TargetAdapter<VirtualMachineTarget>;
  readonly targets: readonly VirtualMachineTarget[];
  readonly waves: readonly number[];
  /** SHA-256 of what each machine's service uses. */
  used(): readonly (string | undefined)[];
}

export interface Fleet {
  readonly machines: number;
  readonly soakSeconds: number;
  /** How long the script takes on the machine of that place, from the write to its report. */
  readonly scriptSeconds: (place: number) => number;
}

export async function openFleet({ machines, soakSeconds, scriptSeconds }: Fleet): Promise<FleetStage> {
  const targets = Array.from({ length: machines }, (_, index) => targetOf(index));
  const waves = fleetWaves(machines);
  const rollout = {
    ...plan().rollout,
    waves: waves.map((count) => ({ count })),
    perSubscription: 5000,
    // What a plan has that says nothing of it.
    writePercent: entrySchemas.plan.parse({ issuer: 'internal', owner: 'team-web' }).rollout.writePercent,
    soakSeconds,
    verify: { everySeconds: 15, forSeconds: 600 },
  };
  const world = await createWorld({ targets, plan: plan({ rollout }) });
  const { clock } = world;
  const compute = createCompute({ clock, readSecret: async () => secretOf(world) });
  for (const [place, { machine, location }] of targets.entries())
    await compute.addMachine({
      ...{ resourceId: machine, location, os: 'linux', scriptSeconds: scriptSeconds(place) },
      places: [{ secret: SECRET, path: PATH, service: 'shop' }],
    });
  const traffic = createArmTraffic();
  const operations = createOperations({ clock, origin: () => ARM });
  const emulator = createArmEmulator({
    access: { authenticate: () => ({ id: 'deployer', name: 'deployer' }), allows: () => true, demands: [] },
    ...{ clock, traffic, subscriptions: [SUBSCRIPTION] },
    appService: createAppService({ clock, readSecret: async () => ({ state: 'secret-unknown' }) }),
    routes: [...computeRoutes(compute, operations), ...operations.routes],
  });
  const credential = { getToken: async () => ({ token: 'bench', expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const arm = createArm({ endpoint: ARM, credential, httpClient: clientOf(emulator) });
  const adapter = createTarget('virtual-machine', { arm, clock }) as TargetAdapter<VirtualMachineTarget>;
  const used = () => compute.machines().map(({ places: [place] }) => place?.loaded?.sha256);
  return { world, compute, traffic, adapter, targets, waves, used };
}

function targetOf(index: number): VirtualMachineTarget {
  const name = `vm-${String(index + 1).padStart(4, '0')}`;
  return {
    ...{ kind: 'virtual-machine', id: `virtual-machine:11111111/fleet/${name}:${PATH}` },
    ...{ machine: `${GROUP}/providers/Microsoft.Compute/virtualMachines/${name}`, location: 'westeurope' },
    ...{ os: 'linux', path: PATH, service: 'shop', apply: 'restart', waitSeconds: 120 },
  };
}

/** What the extension is given: the vault's current version as a PKCS#12 file with its key. */
function secretOf({ vault, keys }: World): SecretRead {
  const held = vault.get('shop');
  if (held.state !== 'present' || held.current === undefined) return { state: 'secret-unknown' };
  const { version, der } = held.current;
  const known = files.get(der);
  if (known !== undefined) return known;
  const leaf = Buffer.from(der, 'base64');
  const [old, renewed] = keys;
  const key = (version.startsWith('a') ? old : renewed)?.privateKey;
  if (key === undefined) throw new TypeError('bench: the world has no keys');
  const value = writePfx({ certificates: [leaf], key }, leaf).toString('base64');
  const read: SecretRead = { state: 'ok', contentType: 'application/x-pkcs12', value, version };
  files.set(der, read);
  return read;
}

const files = new Map<string, SecretRead>();

/** Puts a new version into the vault without any renewal. */
export async function replaceCurrent(world: World): Promise<VersionToServe> {
  const { vault, keys, clock } = world;
  const held = vault.get('shop');
  const spki = keys[1]?.spki;
  if (held.state !== 'present' || spki === undefined) throw new TypeError('bench: there is nothing to replace');
  const validity = { notBefore: clock.now(), notAfter: new Date(clock.now().getTime() + 90 * 86_400_000) };
  const ca = await createAuthority({ subject: 'CN=bench', ...validity });
  const made = certify(ca, { subject: 'CN=shop', names: { dns: ['shop.contoso.example'] }, ...validity, spki });
  const current = versionOf(made.der, 'b'.repeat(32));
  vault.set('shop', { ...held, current });
  const { version, sha256 } = current;
  const vaultResourceId = `${GROUP}/providers/Microsoft.KeyVault/vaults/kv-web`;
  const name = { renewalId: 'naive', vault: 'https://kv-web.vault.azure.net', vaultResourceId, name: 'shop' };
  return { ...name, version, sha256, thumbprint: made.details.sha1.toUpperCase() };
}

/** The emulator in the network's place. */
function clientOf(emulator: Emulator): HttpClient {
  return {
    async sendRequest(request) {
      const headers = Object.fromEntries([...request.headers].map(([name, value]) => [name.toLowerCase(), value]));
      const body = Buffer.from(typeof request.body === 'string' ? request.body : '');
      const { method } = request;
      const answer = await emulator.handle({ method, url: new URL(request.url), headers, body });
      const bodyAsText = answer.body === undefined ? '' : Buffer.from(answer.body).toString();
      return { request, status: answer.status, headers: createHttpHeaders(answer.headers), bodyAsText };
    },
  };
}
