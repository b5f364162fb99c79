/** The part of time that a query looks at; an end that is open is absent. */
export interface Window {
  readonly from?: Date;
  readonly to?: Date;
}

const DURATION = /^P(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** `timespan` of a query: an ISO 8601 duration that ends now, or an interval. `undefined` when it is neither. */
export function readTimespan(text: string | undefined, now: Date): Window | undefined {
  if (text === undefined) return {};
  const [first = '', second] = text.split('/');
  if (second === undefined) {
    const length = durationOf(first);
    return length === undefined ? undefined : { from: new Date(now.getTime() - length), to: now };
  }
  const [start, end] = [timeOf(first), timeOf(second)];
  const [before, after] = [durationOf(first), durationOf(second)];
  if (start !== undefined && end !== undefined) return { from: new Date(start), to: new Date(end) };
  if (start !== undefined && after !== undefined) return { from: new Date(start), to: new Date(start + after) };
  if (before !== undefined && end !== undefined) return { from: new Date(end - before), to: new Date(end) };
  return undefined;
}

function timeOf(text: string): number | undefined {
  const time = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Milliseconds. */
function durationOf(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (parts === null || text === 'P' || text.endsWith('T')) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
