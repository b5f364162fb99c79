import { z } from 'zod';
import type { Arm } from '../azure/arm.ts';
import { resourceGroupOf } from '../azure/arm-id.ts';
import { RenewalError } from '../errors.ts';
import type { ScaleSetTarget } from '../plan/targets/scale-set.ts';
import { namingRole } from './refused-by-arm.ts';

const extensionShape = z.looseObject({
  name: z.string(),
  properties: z.looseObject({
    publisher: z.string().nullish(),
    forceUpdateTag: z.string().nullish(),
    settings: z.unknown().optional(),
  }),
});
const setShape = z.looseObject({
  properties: z.looseObject({
    orchestrationMode: z.string().nullish(),
    provisioningState: z.string().nullish(),
    upgradePolicy: z.looseObject({ mode: z.string().nullish() }).nullish(),
    virtualMachineProfile: z
      .looseObject({
        extensionProfile: z.looseObject({ extensions: z.array(extensionShape).nullish() }).nullish(),
        osProfile: z.looseObject({ secrets: z.unknown().optional() }).nullish(),
      })
      .nullish(),
  }),
});

/** What of a scale set is used here (Microsoft.Compute virtualMachineScaleSets, Get). */
export type ScaleSetResource = z.infer<typeof setShape>;
export type SetExtension = z.infer<typeof extensionShape>;

/** An instance, as the set's list has it. */
export interface Member {
  /** Of a uniform set a number, of a flexible one the name of the machine. */
  readonly instanceId: string;
  /** ARM id of what its run commands belong to. */
  readonly machine: string;
  /** Whether the instance has the model that the set has now. */
  readonly hasLatestModel: boolean;
  readonly hasFailed: boolean;
}

const memberShape = z.looseObject({
  instanceId: z.string().regex(/^\w[\w-]{0,79}$/),
  properties: z
    .looseObject({ latestModelApplied: z.boolean().nullish(), provisioningState: z.string().nullish() })
    .nullish(),
});

/** As Azure has it of a uniform set; more instances than that are not told, but refused. */
const MOST_INSTANCES = 1000;

/** Which role gives what the target's way of deploying asks of the set. */
export function roleFor({ deployBy }: ScaleSetTarget): string {
  return deployBy === 'model' ? 'Perennial scale set model deployer' : 'Perennial scale set deployer';
}

export async function readSet(arm: Arm, target: ScaleSetTarget): Promise<ScaleSetResource | undefined> {
  const { scaleSet } = target;
  const found = await namingRole(roleFor(target), () => arm.get(scaleSet));
  if (found === undefined) return undefined;
  const set = setShape.safeParse(found).data;
  if (set === undefined) throw new RenewalError('arm-unreachable', `scale-set: the answer cannot be read: ${scaleSet}`);
  return set;
}

export function isFlexible({ properties }: ScaleSetResource): boolean {
  return properties.orchestrationMode?.toLowerCase() === 'flexible';
}

/** All instances in the order of their names, or why they cannot be a target. */
export function membersOf(arm: Arm, target: ScaleSetTarget, set: ScaleSetResource): Promise<Members> {
  return namingRole(roleFor(target), () => listMembers(arm, target, set));
}

type Members = { readonly members: readonly Member[] } | { readonly problem: string };

async function listMembers(arm: Arm, { scaleSet }: ScaleSetTarget, set: ScaleSetResource): Promise<Members> {
  // Those of a flexible set are machines of their own, in the set's group.
  const parent = isFlexible(set) ? `${resourceGroupOf(scaleSet)}/providers/Microsoft.Compute` : scaleSet;
  const members: Member[] = [];
  for await (const one of arm.list(`${scaleSet}/virtualMachines`)) {
    const read = memberShape.safeParse(one).data;
    if (read === undefined)
      throw new RenewalError('arm-unreachable', `scale-set: an instance cannot be read: ${scaleSet}`);
    if (members.length === MOST_INSTANCES)
      return { problem: `the scale set has more than ${MOST_INSTANCES} instances` };
    const { instanceId, properties } = read;
    members.push({
      ...{ instanceId, machine: `${parent}/virtualMachines/${instanceId}` },
      hasLatestModel: properties?.latestModelApplied !== false,
      hasFailed: properties?.provisioningState === 'Failed',
    });
  }
  if (members.length === 0) return { problem: 'the scale set has no instance, and nothing that serves' };
  return { members: members.sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1)) };
}

export function gone({ scaleSet }: ScaleSetTarget): string {
  return `gone: there is no scale set ${scaleSet}`;
}

const SHOWN_TEXTS = 5;

/** The first of them, and how many more there are. */
export function few(texts: readonly string[]): string {
  const more = texts.length > SHOWN_TEXTS ? [`… and ${texts.length - SHOWN_TEXTS} more`] : [];
  return [...texts.slice(0, SHOWN_TEXTS), ...more].join('; ');
}
