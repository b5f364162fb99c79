import { type TracingContext, type TracingSpan, useInstrumenter } from '@azure/core-tracing';
import { currentTrace } from '../trace.ts';
import { childOf } from '../trace-parent.ts';

const SPAN_BYTES = 8;

/** Records nothing: what a request was for is in the log lines; the header is for those who receive it. */
const span: TracingSpan = {
  setStatus: () => undefined,
  setAttribute: () => undefined,
  end: () => undefined,
  recordException: () => undefined,
  // Of a span that does not record, the clients send no header.
  isRecording: () => true,
};

const nowhere: TracingContext = { setValue: () => nowhere, getValue: () => undefined, deleteValue: () => nowhere };

/**
 * Gives every request that any client of the Azure SDK sends on behalf of a trace (`inTrace`) the header `traceparent`, with
 * a span id of its own for each try. One seam for all clients, which the SDK offers for this: storage takes no policies of
 * others.
 */
export function sendTraceHeaders(random: (bytes: number) => Buffer): void {
  useInstrumenter({
    startSpan: () => ({ span, tracingContext: nowhere }),
    withContext: (_context, callback, ...values) => callback(...values),
    parseTraceparentHeader: () => undefined,
    createRequestHeaders: () => {
      const trace = currentTrace();
      return trace === undefined ? {} : { traceparent: childOf(trace, random(SPAN_BYTES).toString('hex')) };
    },
  });
}
