import type { Compute } from '../arm/compute/compute.ts';
import type { Held, Machine, Place } from '../arm/compute/types.ts';
import { LOOPBACK, listen, type Served, servedWith } from './listener.ts';

/** One listener for the services of all machines: which machine is meant is told by the name that is asked for. */
export interface MachineConsumers {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of what is served under the name now; `undefined`: the machine is off, or nothing is there. */
  served(hostName: string): string | undefined;
  close(): Promise<void>;
}

/**
 * Serves under each name what its service has read: a file that is there and was never read is not served. Names are looked
 * up when they are asked for, so that five thousand machines cost nothing before.
 */
export async function serveMachines(compute: Compute, { port }: { readonly port: number }): Promise<MachineConsumers> {
  const contexts = new WeakMap<Held, Served>();
  const uses = new Map<string, Use>();
  let indexed: readonly Machine[] = [];

  const loaded = (hostName: string): Held | undefined => {
    const machines = compute.machines();
    if (machines.length !== indexed.length) index(machines, uses);
    indexed = machines;
    const use = uses.get(hostName.toLowerCase());
    return use?.machine.power === 'running' ? use.place.loaded : undefined;
  };
  const serving = {
    get(hostName: string): Served | undefined {
      const held = loaded(hostName);
      if (held === undefined) return undefined;
      const known = contexts.get(held) ?? servedWith(held.bundle);
      contexts.set(held, known);
      return known;
    },
  };
  const listener = await listen(serving, { port, name: 'machines' });
  return {
    host: LOOPBACK,
    port: listener.port,
    served: (hostName) => loaded(hostName)?.sha256,
    close: () => listener.close(),
  };
}

interface Use {
  readonly machine: Machine;
  readonly place: Place;
}

function index(machines: readonly Machine[], uses: Map<string, Use>): void {
  uses.clear();
  for (const machine of machines) {
    for (const place of machine.places)
      for (const name of place.hostNames ?? []) uses.set(name.toLowerCase(), { machine, place });
  }
}
