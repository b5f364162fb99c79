import type { SecretRead } from '../../../../local/arm/app-service-types.ts';
import { createArm } from '../../../../local/arm/arm.ts';
import { createCompute } from '../../../../local/arm/compute/compute.ts';
import { computeRoutes } from '../../../../local/arm/compute/routes.ts';
import type { MachineSeed } from '../../../../local/arm/compute/types.ts';
import { createOperations } from '../../../../local/arm/operations.ts';
import { appServiceBench, SUBSCRIPTION } from './bench.ts';

export const MACHINES = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-vm/providers/Microsoft.Compute/virtualMachines`;
export const SECRET = 'https://kv-one.vault.azure.net/secrets/shop';
export const PATH = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store/kv-one.shop';

export const linuxSeed = (name = 'vm-1', change: Partial<MachineSeed> = {}): MachineSeed => ({
  resourceId: `${MACHINES}/${name}`,
  location: 'westeurope',
  os: 'linux',
  places: [{ secret: SECRET, path: PATH, service: 'nginx', hostNames: ['shop.contoso.example'] }],
  ...change,
});

export const windowsSeed = (name = 'win-1', change: Partial<MachineSeed> = {}): MachineSeed => ({
  resourceId: `${MACHINES}/${name}`,
  location: 'westeurope',
  os: 'windows',
  places: [{ secret: SECRET, iis: { port: 443, host: 'shop.contoso.example' }, hostNames: ['shop.contoso.example'] }],
  ...change,
});

/** Compute over a vault of one secret that the test exchanges, and what ARM of it is made of. */
export function computeBench() {
  const { clock, appService } = appServiceBench();
  const vault: { now: SecretRead } = { now: { state: 'secret-unknown' } };
  const reads: string[] = [];
  const compute = createCompute({
    clock,
    readSecret: async (url, machine) => {
      reads.push(`${machine.split('/').at(-1)} ${url}`);
      return vault.now;
    },
  });
  /** Where operations are looked at. */
  const origin = { now: 'https://management.azure.com' };
  const operations = createOperations({ clock, origin: () => origin.now });
  const routes = [...computeRoutes(compute, operations), ...operations.routes];
  /** ARM that lets everybody do everything. */
  const plenty = { burst: 100_000, perSecond: 1000 };
  const open = createArm({
    limits: { reads: plenty, writes: plenty, deletes: plenty },
    ...{ clock, appService, subscriptions: [SUBSCRIPTION], routes },
    access: { authenticate: () => ({ id: 'somebody', name: 'somebody' }), allows: () => true, demands: [] },
  });
  const send = async (method: string, path: string, body?: unknown) => {
    const url = new URL(path.startsWith('https:') ? path : `https://management.azure.com${path}`);
    if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', '2025-04-01');
    const bytes = body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body));
    const answer = await open.handle({ method, url, headers: { authorization: 'Bearer x' }, body: bytes });
    const text = String(answer.body ?? '');
    return { ...answer, body: (text === '' ? undefined : JSON.parse(text)) as Readonly<Record<string, unknown>> };
  };
  /** Lives through `seconds`, and what happens by itself meanwhile. */
  const pass = async (seconds: number): Promise<void> => {
    const end = clock.now().getTime() + seconds * 1000;
    for (let next = clock.next(); next !== undefined && next.getTime() <= end; next = clock.next()) {
      clock.advance(Math.max(0, next.getTime() - clock.now().getTime()));
      await compute.settled();
    }
    clock.advance(end - clock.now().getTime());
    await compute.settled();
  };
  let paused = Promise.resolve();
  /** Many may wait at once: time passes for all of them together. */
  const pause = (milliseconds: number): Promise<void> => {
    const due = clock.now().getTime() + milliseconds;
    paused = paused.then(() => pass(Math.max(0, due - clock.now().getTime()) / 1000));
    return paused;
  };
  return { clock, vault, reads, compute, origin, operations, routes, appService, send, pass, pause };
}
