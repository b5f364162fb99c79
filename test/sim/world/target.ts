import type { X509Certificate } from 'node:crypto';
import { sentChain } from '../../../local/arm/pfx.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { AppServiceTarget } from '../../../src/plan/targets/app-service.ts';
import { chainProblem } from '../../../src/targets/chain-problem.ts';
import type { Probe, TargetAdapter } from '../../../src/targets/port.ts';
import type { Line } from './line.ts';
import type { World } from './world.ts';

export interface TargetSide {
  readonly world: World;
  readonly line: Line;
  /** That a chain has to end at. */
  readonly root: X509Certificate;
}

/** The real adapter over ARM; only the TLS handshake is replaced by a look at what App Service would send. */
export function targetOver({ world, line, root }: TargetSide, adapter: TargetAdapter): TargetAdapter {
  return {
    ...adapter,
    async probe(target): Promise<Probe> {
      if (target.kind !== 'app-service') throw new TypeError(`sim: no ${target.kind} is in this world`);
      await line.turn();
      const now = world.appClock.now();
      const at = now.toISOString();
      const sent = world.served(target);
      if (sent === undefined) return { state: 'unreachable', at, reason: 'ECONNREFUSED' };
      const [leaf] = sent;
      if (leaf === undefined) return { state: 'unreachable', at, reason: 'the server sent no certificate' };
      const problem = chainProblem({ sent, roots: [root], host: target.endpoint.sni, now });
      return {
        state: 'served',
        at,
        sha256: sha256Hex(leaf.raw),
        serial: leaf.serialNumber.toLowerCase(),
        notAfter: new Date(leaf.validTo).toISOString(),
        chain: sent.map(({ raw }) => sha256Hex(raw)),
        ...(problem !== undefined && { problem }),
      };
    },
  };
}

/** What a client sees at the moment: a target that lies goes on with what it served when it began to. */
export function servedNow(
  world: World,
  { site, hostName, id }: AppServiceTarget,
): readonly X509Certificate[] | undefined {
  if (world.down.has(id)) return undefined;
  const lie = world.lies.get(id);
  if (lie !== undefined) return lie;
  const bundle = world.cloud.appService.site(site)?.bindings.get(hostName.toLowerCase())?.bundle;
  return bundle && sentChain(bundle);
}
