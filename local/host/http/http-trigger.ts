import { HostError } from '../host-error.ts';
import type { FunctionInfo, InvocationResult, TypedData, Worker } from '../types.ts';
import { type Endpoint, type HostRequest, type HostResponse, traceOf } from './exchange.ts';
import { type AuthLevel, acceptedKeys, type Keys, opens } from './keys.ts';
import { parseRoute, type Route } from './route.ts';
import { rpcRequest, rpcResponse } from './rpc-http.ts';

export interface HttpFunction {
  readonly name: string;
  readonly bindingName: string;
  readonly route: Route;
  readonly methods: readonly string[];
  readonly level: AuthLevel;
}

const LEVELS: readonly string[] = ['anonymous', 'function', 'admin'] satisfies readonly AuthLevel[];
/** The host's own paths. */
const RESERVED = /^(admin|runtime)(\/|$)/i;

/** The routes of all functions with an HTTP trigger, most specific first. */
export function httpFunctions(functions: readonly FunctionInfo[], routePrefix: string): HttpFunction[] {
  return functions
    .filter(({ trigger }) => trigger.type.toLowerCase() === 'httptrigger')
    .map((info) => httpFunction(info, routePrefix))
    .sort((a, b) => (a.route.rank < b.route.rank ? -1 : a.route.rank > b.route.rank ? 1 : 0));
}

function httpFunction({ name, trigger }: FunctionInfo, routePrefix: string): HttpFunction {
  const { route = name, authLevel = 'anonymous', methods = ['GET', 'POST'] } = trigger;
  const template = [routePrefix, String(route)].filter((part) => part !== '').join('/');
  const level = String(authLevel).toLowerCase();
  if (RESERVED.test(template)) {
    throw new HostError(`Function "${name}": the route "${template}" conflicts with the host's own routes.`);
  }
  if (!LEVELS.includes(level)) throw new HostError(`Function "${name}": there is no authLevel "${String(authLevel)}".`);
  const list = Array.isArray(methods) ? methods : [methods];
  return {
    name,
    bindingName: trigger.name,
    route: parseRoute(template),
    methods: list.map((method) => String(method).toUpperCase()),
    level: level as AuthLevel,
  };
}

export interface HttpTriggerOptions {
  readonly functions: readonly HttpFunction[];
  readonly keys: Keys;
  readonly worker: Worker;
  readonly log: (message: string, functionName: string) => void;
}

/** Answers the requests that fit a function's route and method; a wrong method is an unknown route, as in Azure. */
export function httpTriggers({ functions, keys, worker, log }: HttpTriggerOptions): Endpoint {
  return async (request) => {
    const found = matching(functions, request);
    if (found === undefined) return undefined;
    const { name, bindingName, level } = found.function;
    const accepted = acceptedKeys(level, keys);
    if (accepted !== undefined && !opens(request, accepted)) return { status: 401 };
    const http: TypedData = { http: rpcRequest(request, found.parameters) };
    const inputs = { [bindingName]: http };
    const result = await worker.invoke({ functionName: name, inputs, ...traceOf(request) });
    return answer(result, (message) => log(message, name));
  };
}

function matching(functions: readonly HttpFunction[], request: HostRequest) {
  for (const candidate of functions) {
    if (!candidate.methods.includes(request.method)) continue;
    const parameters = candidate.route.match(request.path);
    if (parameters !== undefined) return { function: candidate, parameters };
  }
  return undefined;
}

/** What went wrong inside is for the log; the client gets an empty 500. */
function answer(result: InvocationResult, log: (message: string) => void): HostResponse {
  switch (result.state) {
    case 'succeeded':
      return rpcResponse(result.returnValue?.http);
    case 'failed':
      log(result.stack ?? result.message);
      return { status: 500 };
    case 'lost':
      log('The worker ended during the call.');
      return { status: 500 };
    default:
      return result satisfies never;
  }
}
