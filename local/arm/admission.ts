import type { Clock } from '../../src/clock.ts';
import type { Principal } from '../access.ts';
import type { EmulatorResponse } from '../emulator.ts';
import { tooManyComputeRequests, tooManyRequests } from './answers.ts';
import { computeTolls } from './compute-limits.ts';
import {
  armLimits,
  type Bucket,
  createThrottle,
  type Operation,
  operationOf,
  PRINCIPALS_TOGETHER,
} from './throttle.ts';
import { type ArmTraffic, subscriptionOf } from './traffic.ts';

export type Admitted =
  | { readonly state: 'admitted'; readonly headers: Readonly<Record<string, string>> }
  | { readonly state: 'throttled'; readonly response: EmulatorResponse };

export type Admit = (request: {
  readonly method: string;
  readonly path: string;
  readonly principal: Principal;
}) => Admitted;

/** ARM's token for each request, then those of the resource provider: a request that the provider refuses has cost ARM's. */
export function createAdmission({
  clock,
  limits = armLimits,
  traffic,
}: {
  readonly clock: Clock;
  readonly limits?: Readonly<Record<Operation, Bucket>> | undefined;
  readonly traffic: ArmTraffic;
}): Admit {
  const take = createThrottle(clock);

  const admit: Admit = ({ method, path, principal }) => {
    const operation = operationOf(method);
    const subscription = subscriptionOf(path);
    const { burst, perSecond } = limits[operation];
    const together = { burst: burst * PRINCIPALS_TOGETHER, perSecond: perSecond * PRINCIPALS_TOGETHER };
    const own = take([
      { policy: operation, key: `${subscription} ${principal.id}`, bucket: limits[operation] },
      { policy: `${operation} of all`, key: subscription, bucket: together },
    ]);
    if (own.state === 'empty') {
      const whose = { operation, subscription, principal: principal.id };
      return { state: 'throttled', response: tooManyRequests(own.retryAfterSeconds, whose) };
    }
    const scope = subscription === 'tenant' ? 'tenant' : 'subscription';
    const headers = { [`x-ms-ratelimit-remaining-${scope}-${operation}`]: String(own.remaining[0]) };
    const tolls = computeTolls(method, path);
    const theirs = take(tolls);
    if (theirs.state === 'empty') {
      const answer = tooManyComputeRequests(theirs.retryAfterSeconds, theirs.toll, clock.now());
      return { state: 'throttled', response: { ...answer, headers: { ...headers, ...answer.headers } } };
    }
    const rest = tolls.map(({ policy }, index) => `Microsoft.Compute/${policy};${theirs.remaining[index]}`);
    return {
      state: 'admitted',
      headers: { ...headers, ...(rest.length > 0 && { 'x-ms-ratelimit-remaining-resource': rest.join(',') }) },
    };
  };

  return (request) => {
    const admitted = admit(request);
    const { method, path, principal } = request;
    traffic.count({ principal: principal.name, method, path, throttled: admitted.state === 'throttled' });
    return admitted;
  };
}
