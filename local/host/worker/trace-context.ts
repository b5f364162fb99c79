const TRACE_PARENT = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;
/** The id of no trace. */
const ZERO = '0'.repeat(32);

/** As the worker hands it to the app's `context.traceContext`. */
export interface TraceContext {
  readonly traceParent: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The trace of one call, in which the call is a span of its own: the trace of the request that led to it, else a new one.
 * Both ids come from the invocation's id, so that whoever owns chance is not asked for more.
 */
export function traceContextOf(invocationId: string, traceparent: string | undefined): TraceContext {
  const own = invocationId.replaceAll('-', '').toLowerCase();
  const [, traceId = ZERO, flags = ''] = TRACE_PARENT.exec(traceparent ?? '') ?? [];
  const trace = traceId === ZERO ? { traceId: own, flags: '00' } : { traceId, flags };
  const traceParent = `00-${trace.traceId}-${own.slice(0, 16)}-${trace.flags}`;
  return { traceParent, traceState: '', attributes: {} };
}
