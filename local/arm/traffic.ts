import { type Emulator, jsonResponse } from '../emulator.ts';
import { type Operation, operationOf } from './throttle.ts';

/** How often one principal made one kind of call in one subscription. */
export interface Calls {
  /** Name of the principal. */
  readonly principal: string;
  /** GUID in lower case; `tenant` for calls outside of any. */
  readonly subscription: string;
  readonly operation: Operation;
  /** `PUT Microsoft.Compute/virtualMachines/runCommands`, types in lower case. */
  readonly call: string;
  /** All of them, whatever they were answered. */
  readonly requests: number;
  /** Those that were answered with 429, by ARM or by a resource provider. */
  readonly throttled: number;
}

/** Reads, writes and refusals of a whole run. */
export interface TrafficSum extends Readonly<Record<Operation, number>> {
  readonly throttled: number;
}

/** What ARM was asked for so far. */
export interface ArmTraffic {
  count(one: {
    readonly principal: string;
    readonly method: string;
    readonly path: string;
    readonly throttled: boolean;
  }): void;
  calls(): readonly Calls[];
  sum(principal?: string): TrafficSum;
}

export function createArmTraffic(): ArmTraffic {
  const rows = new Map<string, Calls>();
  const calls = (): readonly Calls[] => [...rows.values()];
  return {
    count({ principal, method, path, throttled }) {
      const subscription = subscriptionOf(path);
      const call = `${method} ${typeOf(path)}`;
      const key = `${principal} ${subscription} ${call}`;
      const { requests = 0, throttled: before = 0 } = rows.get(key) ?? {};
      rows.set(key, {
        ...{ principal, subscription, operation: operationOf(method), call },
        requests: requests + 1,
        throttled: before + (throttled ? 1 : 0),
      });
    },
    calls,
    sum(principal) {
      const sum = { reads: 0, writes: 0, deletes: 0, throttled: 0 };
      for (const row of calls().filter((one) => principal === undefined || one.principal === principal)) {
        sum[row.operation] += row.requests;
        sum.throttled += row.throttled;
      }
      return sum;
    },
  };
}

/**
 * The stand's own door to what Resource Manager was asked for: `GET /arm` answers with a row for each principal,
 * subscription and kind of call, and their sum. Azure has no such thing.
 */
export function createTrafficDoor(traffic: ArmTraffic): Emulator {
  return {
    async handle({ method, url }) {
      if (method === 'GET' && url.pathname.replace(/\/$/, '') === '/arm')
        return jsonResponse(200, { sum: traffic.sum(), calls: traffic.calls() });
      return jsonResponse(404, { state: 'refused', reason: 'there is GET /arm' });
    },
  };
}

/** GUID of a path's subscription, lower case; `tenant` where it names none. */
export function subscriptionOf(path: string): string {
  return /^\/subscriptions\/([^/]+)/i.exec(path)?.[1]?.toLowerCase() ?? 'tenant';
}

/** `microsoft.compute/virtualmachines/runcommands` of a path; names are left out. */
function typeOf(path: string): string {
  const segments = path.toLowerCase().split('/');
  const [namespace = '', ...rest] = segments.slice(segments.lastIndexOf('providers') + 1);
  return [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
}
