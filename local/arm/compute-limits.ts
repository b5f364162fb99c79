import type { Bucket, Toll } from './throttle.ts';

/** A policy of Compute: so much of one resource, so much of a whole subscription and region. */
interface Policy {
  readonly name: string;
  /** Absent: the subscription's bucket alone. */
  readonly resource?: Bucket;
  readonly subscription: Bucket;
}

const aMinute = (burst: number, more: number): Bucket => ({ burst, perSecond: more / 60 });

/**
 * https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits. The buckets are documented; their names,
 * which the headers carry, are not.
 */
export const computeLimits = {
  putVm: { name: 'PutVM', resource: aMinute(12, 4), subscription: aMinute(1500, 500) },
  updateVm: { name: 'UpdateVM', resource: aMinute(12, 4), subscription: aMinute(1500, 500) },
  deleteVm: { name: 'DeleteVM', resource: aMinute(12, 4), subscription: aMinute(1500, 500) },
  getVm: { name: 'LowCostGet', resource: aMinute(36, 12), subscription: aMinute(24_000, 8000) },
  listVms: { name: 'HighCostGet', subscription: aMinute(900, 300) },
  getOperation: { name: 'GetOperation', resource: aMinute(45, 15), subscription: aMinute(15_000, 5000) },
  updateScaleSet: { name: 'UpdateVMScaleSet', resource: aMinute(12, 4), subscription: aMinute(1500, 500) },
  getScaleSet: { name: 'GetVMScaleSet', resource: aMinute(36, 12), subscription: aMinute(2400, 800) },
  listScaleSet: { name: 'HighCostGetVMScaleSet', resource: aMinute(30, 10), subscription: aMinute(1080, 360) },
  updateInstance: { name: 'UpdateVMScaleSetVM', resource: aMinute(12, 4), subscription: aMinute(1500, 500) },
  getInstance: { name: 'GetVMScaleSetVM', resource: aMinute(36, 12), subscription: aMinute(24_000, 8000) },
} as const satisfies Record<string, Policy>;

const VM = /\/providers\/microsoft\.compute\/virtualmachines(?:\/([^/]+)(\/.*)?)?$/;
const SCALE_SET = /\/providers\/microsoft\.compute\/virtualmachinescalesets(?:\/([^/]+)(\/.*)?)?$/;
const INSTANCE = /^\/virtualmachines\/[^/]+/;
const OPERATION = /\/providers\/microsoft\.compute\/locations\/[^/]+\/operations\/([^/]+)$/;

/** What a request of Compute takes besides ARM's own token; nothing where it is none of Compute's. */
export function computeTolls(method: string, path: string): readonly Toll[] {
  const id = path.toLowerCase();
  if (!id.includes('/microsoft.compute/')) return [];
  const isRead = method === 'GET';
  const operation = OPERATION.exec(id);
  if (operation !== null) return tolls(computeLimits.getOperation, id);
  const vm = VM.exec(id);
  if (vm !== null) return tolls(vmPolicy(method, vm[1], vm[2] ?? ''), resourceOf(id, vm[2]));
  const set = SCALE_SET.exec(id);
  if (set === null) return [];
  const rest = set[2] ?? '';
  const instance = INSTANCE.exec(rest)?.[0];
  if (instance !== undefined) {
    const policy = isRead ? computeLimits.getInstance : computeLimits.updateInstance;
    return tolls(policy, resourceOf(id, rest.slice(instance.length)));
  }
  return tolls(scaleSetPolicy(isRead, set[1], rest), resourceOf(id, rest));
}

function vmPolicy(method: string, name: string | undefined, rest: string): Policy {
  if (method === 'GET') return name === undefined ? computeLimits.listVms : computeLimits.getVm;
  if (rest === '' && method === 'PUT') return computeLimits.putVm;
  return (rest === '' && method === 'DELETE') || rest === '/deallocate'
    ? computeLimits.deleteVm
    : computeLimits.updateVm;
}

function scaleSetPolicy(isRead: boolean, name: string | undefined, rest: string): Policy {
  if (!isRead) return computeLimits.updateScaleSet;
  return name === undefined || rest === '/instanceview' || rest === '/virtualmachines'
    ? computeLimits.listScaleSet
    : computeLimits.getScaleSet;
}

/** The id without what lies below the resource. */
function resourceOf(id: string, rest: string | undefined): string {
  return rest === undefined || rest === '' ? id : id.slice(0, -rest.length);
}

/** The resource's bucket comes first: one resource must not use up what all have together. */
function tolls({ name, resource, subscription }: Policy, id: string): readonly Toll[] {
  const whole: Toll = { policy: `${name}SubscriptionMaximum`, key: id.split('/')[2] ?? '', bucket: subscription };
  return resource === undefined ? [whole] : [{ policy: `${name}Resource`, key: id, bucket: resource }, whole];
}
