import type { X509Certificate } from 'node:crypto';
import { sentChain } from '../../../local/arm/pfx.ts';
import type { Endpoint } from '../../../src/plan/targets/every-target.ts';
import type { Target } from '../../../src/plan/targets/target.ts';
import type { Probe, TargetAdapter } from '../../../src/targets/port.ts';
import { seenIn } from '../../../src/targets/probe.ts';
import type { Line } from './line.ts';
import type { SimTarget } from './places.ts';
import type { World } from './world.ts';

export interface TargetSide {
  readonly world: World;
  readonly line: Line;
  /** That a chain has to end at. */
  readonly root: X509Certificate;
}

/**
 * The real adapter over ARM and the clusters' APIs; only the TLS handshake is replaced by a look at what the target would
 * send. A machine that shows another version is asked for its report by the adapter itself, as one that nobody can connect
 * to; of a cluster's pods it asks first.
 */
export function targetOver(side: TargetSide, adapter: TargetAdapter): TargetAdapter {
  return {
    ...adapter,
    async probe(target, look): Promise<Probe> {
      if (!isSimTarget(target)) throw new TypeError(`sim: no ${target.kind} is in this world`);
      await side.line.turn();
      if (target.endpoint === undefined) return await adapter.probe(target, look);
      const connect = (endpoint: Endpoint): Probe => connected(side, target, endpoint);
      if (target.kind === 'app-service' || look.purpose === 'baseline') return connect(target.endpoint);
      if (target.kind === 'kubernetes') {
        // Nobody connects before the pods are those of the restart, and have the version.
        const told = await adapter.probe({ ...target, endpoint: undefined }, look);
        return told.state === 'served' ? connect(target.endpoint) : told;
      }
      const seen = connect(target.endpoint);
      if (seen.state === 'served' && seen.sha256 === look.version.sha256) return seen;
      const told = await adapter.probe({ ...target, endpoint: undefined }, look);
      return told.state === 'failed' ? told : seen;
    },
  };
}

function isSimTarget(target: Target): target is SimTarget {
  return target.kind === 'app-service' || target.kind === 'virtual-machine' || target.kind === 'kubernetes';
}

/** What a fresh connection shows. */
function connected({ world, root }: TargetSide, target: SimTarget, { sni }: Endpoint): Probe {
  const now = world.appClock.now();
  const sent = world.served(target);
  if (sent === undefined) return { state: 'unreachable', at: now.toISOString(), reason: 'ECONNREFUSED' };
  return seenIn({ sent, roots: [root], host: sni, now });
}

/** What a client sees at the moment: a target that lies goes on with what it served when it began to. */
export function servedNow(world: World, target: SimTarget): readonly X509Certificate[] | undefined {
  if (world.down.has(target.id)) return undefined;
  if (target.kind === 'virtual-machine') {
    const machine = world.cloud.machines.compute.machine(target.machine);
    // What the process has read, whatever the file holds by now.
    const loaded = machine?.power === 'running' ? machine.places[0]?.loaded : undefined;
    return loaded && sentChain(loaded.bundle);
  }
  if (target.kind === 'kubernetes') {
    const shown = world.cloud.clusters.shown(target);
    return shown && sentChain(shown);
  }
  const lie = world.lies.get(target.id);
  if (lie !== undefined) return lie;
  const { site, hostName } = target;
  const bundle = world.cloud.appService.site(site)?.bindings.get(hostName.toLowerCase())?.bundle;
  return bundle && sentChain(bundle);
}
