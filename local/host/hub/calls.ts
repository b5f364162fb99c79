import type { Invocation, InvocationResult, TaskHubOptions } from '../types.ts';
import type { DueQueue } from './due-queue.ts';
import { messageOf } from './hub-error.ts';

export type Ended = Exclude<InvocationResult, { state: 'lost' }>;

/** Waits after the first lost call, doubled each time up to the second number. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;

/** Calls functions until their end is known: at least once, as Azure does. */
export class Calls {
  readonly #options: TaskHubOptions;
  readonly #due: DueQueue;

  constructor(options: TaskHubOptions, due: DueQueue) {
    this.#options = options;
    this.#due = due;
  }

  /** Has no bound, as on Azure: a worker that dies of a call is called again until somebody mends the app. */
  async untilEnded(call: Invocation, instanceId: string): Promise<Ended> {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      const result = await this.#options.worker.invoke(call).catch((error) => this.#unreachable(error));
      if (result.state !== 'lost') return result;
      const what = `the call of ${call.functionName} for ${instanceId}`;
      this.#options.log('warning', `durable: ${what} was lost and is repeated in ${wait} ms`);
      await this.#pause(wait);
    }
  }

  #unreachable(error: unknown): InvocationResult {
    this.#options.log('error', `durable: the worker cannot be called: ${messageOf(error)}`);
    return { state: 'lost' };
  }

  #pause(milliseconds: number): Promise<void> {
    const due = this.#options.clock.now().getTime() + milliseconds;
    return new Promise((resolve) => this.#due.add(due, resolve));
  }
}
