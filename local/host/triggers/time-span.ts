const TIME_SPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})$/;

/** Milliseconds of a .NET TimeSpan such as `00:05:00` or `1.00:00:00`; `undefined` when the text is none. */
export function timeSpanMilliseconds(text: string): number | undefined {
  const found = TIME_SPAN.exec(text);
  if (found === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
