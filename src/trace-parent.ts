/*
 * W3C trace context (https://www.w3.org/TR/trace-context/). What others send is believed as far as its format goes, and a
 * `tracestate` is not kept: it is of any size, it is for the tracers of others, and a renewal lives for days.
 */

/** version - trace id - parent id - flags, in lower case. A later version may have more to say, behind a further hyphen. */
const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** What `ff` would be is forbidden; ids of zeros stand for nothing. */
const NO_VERSION = 'ff';
const ZEROS = /^0+$/;

/** Bits of the flags that version 00 knows: sampled, and random trace id. Others are not passed on. */
const KNOWN_FLAGS = 0b11;

/** Version 00 has nothing behind its flags. */
const FIRST_VERSION = '00';

interface TraceParent {
  readonly traceId: string;
  readonly flags: string;
}

/** A `traceparent` as this app keeps and sends it: 55 characters of version 00. */
export function traceParentText(traceId: string, parentId: string, flags = '01'): string {
  return `${FIRST_VERSION}-${traceId}-${parentId}-${flags}`;
}

/**
 * The first of the candidates that is a `traceparent`, as version 00. What is none is passed over, as the recommendation
 * asks: wrong length, upper case, zeros, version ff, anything but a text.
 */
export function firstTraceParent(...candidates: readonly unknown[]): string | undefined {
  for (const candidate of candidates) {
    const [, version, traceId = '', parentId = '', flags = '', more] = SHAPE.exec(textOf(candidate)) ?? [];
    if (version === undefined || version === NO_VERSION || ZEROS.test(traceId) || ZEROS.test(parentId)) continue;
    if (version === FIRST_VERSION && more !== undefined) continue;
    return traceParentText(traceId, parentId, knownFlags(flags));
  }
  return undefined;
}

/** What the distributed tracing extension of CloudEvents adds to an event; Event Grid's own schema has no such member. */
export function eventTraceParent(event: unknown): unknown {
  return typeof event === 'object' && event !== null
    ? (event as { readonly traceparent?: unknown }).traceparent
    : undefined;
}

/** Longer than any `traceparent` that has meaning here: nothing of that size is looked at. */
const LONGEST = 200;

function textOf(candidate: unknown): string {
  return typeof candidate === 'string' && candidate.length <= LONGEST ? candidate : '';
}

function knownFlags(flags: string): string {
  return (Number.parseInt(flags, 16) & KNOWN_FLAGS).toString(16).padStart(2, '0');
}

/** The trace id, 32 hex digits, of a `traceparent` of ours. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : partsOf(traceparent).traceId;
}

/** The same trace with another parent: `spanId`, 16 hex digits, is that of one request. */
export function childOf(traceparent: string, spanId: string): string {
  const { traceId, flags } = partsOf(traceparent);
  return traceParentText(traceId, spanId, flags);
}

function partsOf(traceparent: string): TraceParent {
  const [, traceId = '', , flags = ''] = traceparent.split('-');
  return { traceId, flags };
}
