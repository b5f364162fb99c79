import type { ClusterFault } from '../../../local/kubernetes/types.ts';
import type { KubernetesTarget } from '../../../src/plan/targets/kubernetes.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { Deed, Mend } from './deeds.ts';
import type { SimCertificate } from './estate.ts';
import { labelOf } from './places.ts';
import type { World } from './world.ts';

/** What happens to the clusters of a certificate. */
export const clusterDeeds: Readonly<Partial<Record<FaultName, Deed>>> = {
  'k8s.cache': (world, certificate) => befall(world, certificate, 'k8s.cache'),
  'k8s.denied': (world, certificate) => befall(world, certificate, 'k8s.denied'),
  'k8s.stuck': (world, certificate) =>
    befall(world, certificate, world.dice.pick('stuck pods', ['k8s.stuck', 'csi.stuck'] as const)),
  'k8s.evict'(world, certificate) {
    for (const target of clustersOf(certificate)) {
      const cluster = world.cloud.clusters.of(target);
      const which = world.dice.pick('evicted', ['web', 'keeper'] as const);
      world.trace(() => `pods ${which} of ${labelOf(target)} are made anew`);
      cluster?.controllers.evict(target.namespace, which);
    }
    return undefined;
  },
};

/** The pods of a cluster that nobody has built again yet have nothing that could be mended. */
function befall(world: World, certificate: SimCertificate, fault: ClusterFault): Mend | undefined {
  const { clusters } = world.cloud;
  // Where nobody connects to, there is no ingress.
  const some = clustersOf(certificate).filter(({ endpoint }) => fault !== 'k8s.cache' || endpoint !== undefined);
  if (some.length === 0) return undefined;
  for (const target of some) clusters.of(target)?.faults.add(fault);
  return () => {
    for (const target of some) {
      clusters.of(target)?.faults.delete(fault);
      clusters.look(target);
    }
  };
}

/** Somebody builds it again. */
export function removeCluster(world: World, certificate: SimCertificate, target: KubernetesTarget): Mend | undefined {
  const { clusters } = world.cloud;
  if (clusters.of(target) === undefined) return undefined;
  clusters.remove(target);
  world.trace(() => `cluster ${labelOf(target)} is gone`);
  return () => clusters.build(certificate, target);
}

function clustersOf({ targets }: SimCertificate): readonly KubernetesTarget[] {
  return targets.filter((target) => target.kind === 'kubernetes');
}
