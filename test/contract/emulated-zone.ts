import dnsProver from '../../infra/roles/dns-prover.json' with { type: 'json' };
import { createAppService } from '../../local/arm/app-service.ts';
import { ARM_AUDIENCE, createArm as createArmEmulator } from '../../local/arm/arm.ts';
import { dnsRoutes } from '../../local/arm/dns-routes.ts';
import { createDnsZones } from '../../local/arm/dns-zones.ts';
import { systemClock } from '../../local/clock.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { type Arm, createArm } from '../../src/azure/arm.ts';
import type { Clock } from '../../src/clock.ts';

const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111';

/** A zone of Azure DNS behind an emulated Resource Manager, with somebody who may do what an issuer has to. */
export interface EmulatedZone {
  readonly id: string;
  readonly arm: Arm;
  /** Of the emulated Resource Manager, for another process. */
  readonly endpoint: string;
  readonly caPem: string;
  readonly token: () => Promise<string>;
  /** What a resolver would be answered. */
  readonly txt: (name: string) => Promise<readonly string[]>;
  /** Names of the record sets that there are, relative to the zone. */
  readonly names: () => readonly string[];
  readonly close: () => Promise<void>;
}

export interface ZoneOptions {
  readonly clock?: Clock;
  /** What it may do; absent: what the role of the deployer allows. */
  readonly actions?: readonly string[];
  /** Until the name servers answer with what was written. */
  readonly propagationSeconds?: number;
}

const transport = createTransportCa();

export async function startZone(name: string, options: ZoneOptions = {}): Promise<EmulatedZone> {
  const { clock = systemClock, propagationSeconds = 0 } = options;
  const id = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-dns/providers/Microsoft.Network/dnsZones/${name}`;
  const dns = createDnsZones({ clock, zones: [id], propagationSeconds });
  const identity = createIdentity({ tenantId: SUBSCRIPTION });
  const objectId = '33333333-3333-3333-3333-333333333333';
  const principal = identity.addPrincipal({ name: 'deployer', clientId: objectId, objectId });
  identity.assign(principal.id, { actions: options.actions ?? dnsProver.actions, scope: id });
  const appService = createAppService({
    clock: systemClock,
    readSecret: async () => ({ state: 'secret-unknown' }),
  });
  const routes = dnsRoutes(dns);
  const emulator = createArmEmulator({
    ...{ access: identity, clock: systemClock, appService, routes },
    subscriptions: [SUBSCRIPTION],
  });
  const listener = await serveEmulator(emulator, { port: 0, tls: transport.issue() });
  const credential = {
    getToken: async () => ({
      token: identity.issueToken(principal, ARM_AUDIENCE),
      expiresOnTimestamp: Date.now() + 3_600_000,
    }),
  };
  return {
    id,
    endpoint: listener.url,
    caPem: transport.caPem,
    token: async () => (await credential.getToken()).token,
    arm: createArm({ endpoint: listener.url, credential, tls: { ca: transport.caPem }, retryMilliseconds: 1 }),
    txt: (asked) => dns.txt(asked),
    names: () => dns.zones.flatMap((zone) => zone.sets().map((set) => set.name)),
    close: () => listener.close(),
  };
}
