import type { TaskHub, Worker } from '../types.ts';
import { adminApi } from './admin.ts';
import { durableApi } from './durable-api.ts';
import { type DurablePlaces, WEBHOOK_PATH } from './durable-links.ts';
import { eventGridWebhook } from './event-grid.ts';
import type { Endpoint, HostRequest, HostResponse } from './exchange.ts';
import { httpFunctions, httpTriggers } from './http-trigger.ts';
import { type Keys, opens } from './keys.ts';
import { below } from './path.ts';

export type Answer = (request: HostRequest) => Promise<HostResponse>;

export interface AnswersOptions {
  readonly routePrefix: string;
  readonly keys: Keys;
  readonly places: DurablePlaces;
  readonly worker: Worker;
  readonly hub: TaskHub;
  readonly say: (level: 'error', message: string, functionName: string) => void;
}

/** What the two listeners answer: the public one, and the loopback one of the durable client, which asks for no key. */
export function answersOf({ routePrefix, keys, places, worker, hub, say }: AnswersOptions): {
  front: Answer;
  rpc: Answer;
} {
  const { functions } = worker;
  const log = (message: string, name: string): void => say('error', message, name);
  const durable = durableApi({ hub, places });
  const endpoints: Endpoint[] = [
    async (request) => (request.path === '/' ? { status: 204 } : undefined),
    adminApi({ functions, keys, worker, origin: places.origin, started: new Date(), log }),
    eventGridWebhook({ functions, keys, worker, log }),
    async (request) => {
      const rest = below(request.path, WEBHOOK_PATH);
      if (rest === undefined) return undefined;
      return opens(request, [keys.systemDurable, keys.master]) ? durable(request, rest) : { status: 401 };
    },
    httpTriggers({ functions: httpFunctions(functions, routePrefix), keys, worker, log }),
  ];
  return {
    front: (request) => firstAnswer(endpoints, request),
    rpc: async (request) => {
      const rest = below(request.path, '/durabletask');
      return rest === undefined ? { status: 404 } : durable(request, rest);
    },
  };
}

async function firstAnswer(endpoints: readonly Endpoint[], request: HostRequest): Promise<HostResponse> {
  for (const endpoint of endpoints) {
    const response = await endpoint(request);
    if (response !== undefined) return response;
  }
  return { status: 404 };
}
