import type { InstanceFilter, InstanceStatus } from '../types.ts';
import type { Instance } from './instance.ts';

export function matches(instance: Instance, filter: InstanceFilter): boolean {
  const created = Date.parse(instance.createdTime);
  if (filter.createdTimeFrom !== undefined && created < filter.createdTimeFrom.getTime()) return false;
  if (filter.createdTimeTo !== undefined && created > filter.createdTimeTo.getTime()) return false;
  if (filter.runtimeStatus?.length && !filter.runtimeStatus.includes(instance.status)) return false;
  return filter.instanceIdPrefix === undefined || instance.id.startsWith(filter.instanceIdPrefix);
}

/** One page, oldest instance first. The token is the place of the last one given in the order of making. */
export function page(
  instances: Iterable<Instance>,
  filter: InstanceFilter,
): { instances: readonly InstanceStatus[]; continuationToken?: string } {
  const after = Number(filter.continuationToken ?? 0);
  const top = filter.top ?? Number.POSITIVE_INFINITY;
  const found: Instance[] = [];
  for (const instance of instances) {
    if (instance.sequence <= after || !matches(instance, filter)) continue;
    const last = found.at(-1);
    if (last !== undefined && found.length >= top) {
      return { instances: found.map(statusOf), continuationToken: String(last.sequence) };
    }
    found.push(instance);
  }
  return { instances: found.map(statusOf) };
}

export function statusOf(instance: Instance): InstanceStatus {
  const { version, parent } = instance;
  return {
    instanceId: instance.id,
    name: instance.name,
    ...(version !== undefined && { version }),
    ...(parent !== undefined && { parentInstanceId: parent.instanceId }),
    runtimeStatus: instance.status,
    input: JSON.parse(instance.inputJson),
    output: instance.output,
    customStatus: instance.customStatus,
    createdTime: toSeconds(instance.createdTime),
    lastUpdatedTime: toSeconds(instance.lastUpdatedTime),
  };
}

/** Azure's status times have no fraction. */
function toSeconds(time: string): string {
  return `${time.slice(0, 19)}Z`;
}
