import { ManualClock } from '../../local/clock.ts';
import { type AcmeEmulator, createAcme } from '../../local/issuers/acme/acme.ts';
import type { AcmeOptions } from '../../local/issuers/acme/settings.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { createMemoryAppRows } from '../../src/estate/memory.ts';
import { type AcmeDependencies, create } from '../../src/issuers/acme.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { AcmePlan } from '../../src/plan/issuers/acme.ts';
import { createMemoryKey, type MemoryKey, type MemoryKeyKind } from '../builders/memory-key.ts';
import { type EmulatedZone, startZone, type ZoneOptions } from './emulated-zone.ts';

export const DOMAIN = 'contoso.example';

/** An ACME server, and what our issuer needs to talk to it. */
export interface AcmeUnderTest {
  readonly issuer: Issuer;
  readonly zone: EmulatedZone;
  readonly key: MemoryKey;
  readonly rows: AcmeDependencies['rows'];
  /** Another issuer of the same estate, as after a restart. */
  readonly restarted: (plan?: Partial<AcmePlan>, dependencies?: Partial<AcmeDependencies>) => Issuer;
}

export interface Server {
  readonly directory: string;
  /** PEM of what vouches for its host. */
  readonly trust: string;
  readonly clock: AcmeDependencies['clock'];
}

/** Our issuer, with an account key in memory. */
export function issuerAt(
  server: Server,
  zone: EmulatedZone,
  { plan: change = {}, kind }: { readonly plan?: Partial<AcmePlan>; readonly kind?: MemoryKeyKind } = {},
): AcmeUnderTest {
  const key = createMemoryKey(kind);
  const rows = createMemoryAppRows();
  const plan: AcmePlan = {
    kind: 'acme',
    directory: server.directory,
    accountKey: key.id,
    contact: ['certificates@contoso.example'],
    private: true,
    trust: [server.trust],
    dns: { zones: [zone.id], waitSeconds: 30 },
    chain: [],
    roots: [],
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN] },
  };
  const dependencies: AcmeDependencies = {
    ...{ rows, accountKey: key, arm: zone.arm, clock: server.clock },
    secret: async () => Buffer.from('a secret of thirty-two characters').toString('base64url'),
    mayConnect: addressRule(['127.0.0.1', '::1']),
  };
  const restarted: AcmeUnderTest['restarted'] = (more = {}, other = {}) =>
    create({ ...plan, ...change, ...more }, { ...dependencies, ...other });
  return { issuer: restarted(), zone, key, rows, restarted };
}

export interface EmulatedAcme extends AcmeUnderTest {
  readonly acme: AcmeEmulator;
  readonly clock: ManualClock;
  readonly close: () => Promise<void>;
}

const transport = createTransportCa();

/** The emulator on HTTPS, without faults unless told otherwise, at a time that tests move. */
export async function startAcme(
  options: Partial<AcmeOptions> & Pick<ZoneOptions, 'propagationSeconds'> & { readonly zoneName?: string } = {},
  plan: Partial<AcmePlan> = {},
  kind: MemoryKeyKind = 'P-256',
): Promise<EmulatedAcme> {
  const { propagationSeconds = 0, zoneName = DOMAIN, ...rest } = options;
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const zone = await startZone(zoneName, { clock, propagationSeconds });
  const acme = createAcme({ clock, txt: zone.txt, reusePercent: 0, faults: [], ...rest });
  const listener = await serveEmulator(acme, { port: 0, tls: transport.issue() });
  const close = async (): Promise<void> => {
    await listener.close();
    await zone.close();
  };
  const server: Server = { directory: `${listener.url}/directory`, trust: transport.caPem, clock };
  return { ...issuerAt(server, zone, { plan, kind }), acme, clock, close };
}
