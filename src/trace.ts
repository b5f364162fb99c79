import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { traceParentText } from './trace-parent.ts';

const current = new AsyncLocalStorage<string | undefined>();

/** Runs work on behalf of a trace: its requests say so (src/azure/trace-headers.ts). `undefined`: of no trace. */
export function inTrace<T>(traceparent: string | undefined, work: () => T): T {
  return current.run(traceparent, work);
}

/** The `traceparent` on whose behalf this runs. */
export function currentTrace(): string | undefined {
  return current.getStore();
}

/**
 * A `traceparent` for what nobody's trace has led to. It is derived from what is `unique` and not drawn, so that a claim is
 * the same when it is made again.
 */
export function newTrace(unique: string): string {
  const digest = createHash('sha256').update(`trace|${unique}`).digest('hex');
  return traceParentText(digest.slice(0, 32), digest.slice(32, 48));
}
