import type { Held, Machine } from '../arm/compute/types.ts';
import { LOOPBACK, listen, type Served, servedWith } from './listener.ts';

/** A load balancer that passes TLS through: each new connection goes to the next of the machines that run. */
export async function serveBalanced(
  machines: () => readonly Machine[],
  { port }: { readonly port: number },
): Promise<{ readonly host: string; readonly port: number; close(): Promise<void> }> {
  const contexts = new WeakMap<Held, Served>();
  let turn = 0;
  const serving = {
    get(hostName: string): Served | undefined {
      const behind = machines().filter(({ power }) => power === 'running');
      const machine = behind[turn % behind.length];
      turn += 1;
      const place = machine?.places.find(({ hostNames = [] }) => hostNames.includes(hostName));
      if (place?.loaded === undefined) return undefined;
      const known = contexts.get(place.loaded) ?? servedWith(place.loaded.bundle);
      contexts.set(place.loaded, known);
      return known;
    },
  };
  const listener = await listen(serving, { port, name: 'balancer' });
  return { host: LOOPBACK, port: listener.port, close: () => listener.close() };
}
