import type { HostRequest } from '../../../../../local/host/http/exchange.ts';
import { decodePath } from '../../../../../local/host/http/path.ts';
import type { FunctionInfo, Invocation, InvocationResult, Worker } from '../../../../../local/host/types.ts';

/** A request as the listener would hand it on. */
export function request(
  method: string,
  target: string,
  more: Partial<HostRequest> & { text?: string } = {},
): HostRequest {
  const url = new URL(`http://host.test${target}`);
  const { text = '', ...rest } = more;
  return {
    method,
    url,
    path: decodePath(url.pathname) ?? '/',
    headers: {},
    body: new TextEncoder().encode(text),
    ...rest,
  };
}

/** A worker that notes what it is asked, and answers as told. */
export function fakeWorker(
  functions: readonly FunctionInfo[],
  answer: (invocation: Invocation) => InvocationResult | Promise<InvocationResult> = () => ({
    state: 'succeeded',
    outputs: {},
  }),
): Worker & { readonly calls: Invocation[] } {
  const calls: Invocation[] = [];
  return {
    functions,
    calls,
    invoke: async (invocation) => {
      calls.push(invocation);
      return answer(invocation);
    },
    stop: async () => {},
  };
}

export function functionInfo(name: string, type: string, options: Record<string, unknown> = {}): FunctionInfo {
  const trigger = { type, direction: 'in' as const, name: `${type}1`, ...options };
  return { name, trigger, bindings: [trigger] };
}

export const keys = {
  master: 'master-key',
  function: 'function-key',
  systemEventGrid: 'event-grid-key',
  systemDurable: 'durable-key',
};
