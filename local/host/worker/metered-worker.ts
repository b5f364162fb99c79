import type { Invocation, InvocationResult, TypedData, Worker } from '../types.ts';

/** A worker that gives every function its durable client, and knows when nothing runs. */
export interface MeteredWorker extends Worker {
  /** Counts something else as running, such as the settling of a queue message. */
  track(run: Promise<void>): void;
  readonly running: number;
  /** Resolves when nothing runs; at once if that is so already. */
  settled(): Promise<void>;
}

const CLIENTS = new Set(['durableclient', 'orchestrationclient']);

export function meteredWorker(worker: Worker, durableClient: TypedData): MeteredWorker {
  const clientBindings = new Map(worker.functions.map((info) => [info.name, clientNames(info.bindings)]));
  let running = 0;
  let waiters: (() => void)[] = [];
  const counted = async <T>(run: Promise<T>): Promise<T> => {
    running += 1;
    try {
      return await run;
    } finally {
      running -= 1;
      if (running === 0) for (const wake of waiters.splice(0)) wake();
    }
  };
  const withClient = (invocation: Invocation): Invocation => {
    const names = clientBindings.get(invocation.functionName) ?? [];
    const clients = Object.fromEntries(names.map((name) => [name, durableClient]));
    return { ...invocation, inputs: { ...clients, ...invocation.inputs } };
  };
  return {
    functions: worker.functions,
    get running() {
      return running;
    },
    invoke: (invocation): Promise<InvocationResult> => counted(worker.invoke(withClient(invocation))),
    track: (run) => void counted(run),
    settled: () =>
      running === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters = [...waiters, resolve];
          }),
    stop: () => worker.stop(),
  };
}

function clientNames(bindings: readonly { readonly type: string; readonly name: string }[]): string[] {
  return bindings.filter(({ type }) => CLIENTS.has(type.toLowerCase())).map(({ name }) => name);
}
