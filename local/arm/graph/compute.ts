import type { Compute } from '../compute/compute.ts';
import { extensionShape, machineShape } from '../compute/routes.ts';
import type { GraphSource } from './resources.ts';

/** Machines and their extensions, as Compute's API shows them. Instances of scale sets are in no table of Resource Graph. */
export function computeSource(compute: Compute): GraphSource {
  return () =>
    compute
      .machines()
      .filter(({ resourceId }) => !/\/virtualMachineScaleSets\//i.test(resourceId))
      .flatMap((machine) => [
        machineShape(machine, false),
        ...[...machine.extensions.values()].map((extension) => extensionShape(machine, extension, false)),
      ]);
}
