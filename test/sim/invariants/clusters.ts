import { labelOf } from '../world/places.ts';
import type { SeenRequest } from '../world/sightings.ts';
import type { World } from '../world/world.ts';
import type { Invariant } from './invariant.ts';

/** The app's own rules for what it does in clusters. */
export const clusterInvariants: readonly Invariant[] = [
  {
    id: 'D11',
    says: 'no deployment to a cluster ends because somebody else was first: whoever got a 409 reads again (design 4)',
    watch({ world, check }) {
      const conflicts = new Map<string, string>();
      return {
        request(seen) {
          const label = isLateOrNone(world, seen) ? undefined : namespaceOf(seen);
          if (label === undefined) return;
          const workload = seen.url.pathname;
          if (seen.method === 'PATCH' && seen.status === 409) conflicts.set(label, workload);
          else if (conflicts.get(label) === workload) conflicts.delete(label);
        },
        record({ renewalId, step, kind, facts }) {
          if (step !== 'deploy' || kind !== 'result') return;
          const certificate = world.certificate(world.certificateOfRenewal(renewalId) ?? '');
          const target = certificate?.targets.find(({ id }) => id === facts.target);
          if (target?.kind !== 'kubernetes') return;
          const unread = facts.refused === undefined ? undefined : conflicts.get(labelOf(target));
          check(unread === undefined, () => `${renewalId}: ${target.id} is refused for a conflict at ${unread}`);
        },
      };
    },
  },
];

function isLateOrNone({ cloud }: World, { url, isLate }: SeenRequest): boolean {
  return isLate || cloud.clusters.at(url.host) === undefined;
}

/** Each cluster has one namespace, of its own name. */
function namespaceOf({ url }: SeenRequest): string | undefined {
  return /\/namespaces\/([^/]+)\//.exec(url.pathname)?.[1];
}
