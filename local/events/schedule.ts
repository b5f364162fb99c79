/** Waits after the 1st, 2nd, … failed attempt; the last one repeats. Documented by Event Grid's delivery and retry page. */
const RETRY_SECONDS = [10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200] as const;

/** How the last attempt ended: an HTTP status, or no answer at all. */
export type Attempt = { readonly status: number } | { readonly status: undefined; readonly timedOut: boolean };

/** A function is an Azure resource to Event Grid, everything else is a webhook: they differ in what is not retried. */
export type EndpointKind = 'azure-function' | 'webhook';

const ACCEPTED = [200, 201, 202, 203, 204];
const NOT_RETRIED: Record<EndpointKind, readonly number[]> = {
  'azure-function': [400, 403, 413],
  webhook: [400, 401, 403, 413],
};

export function isDelivered(attempt: Attempt): boolean {
  return attempt.status !== undefined && ACCEPTED.includes(attempt.status);
}

export function isRetried(attempt: Attempt, kind: EndpointKind): boolean {
  return attempt.status === undefined || !NOT_RETRIED[kind].includes(attempt.status);
}

/** Milliseconds until the next attempt after `failures` failed ones. `random` in [0, 1) spreads it by up to a tenth. */
export function retryDelay(failures: number, attempt: Attempt, random: number): number {
  const index = Math.min(failures, RETRY_SECONDS.length) - 1;
  const seconds = Math.max(RETRY_SECONDS[index] ?? RETRY_SECONDS[0], minimumSeconds(attempt));
  return Math.round(seconds * 1000 * (1 + random / 10));
}

function minimumSeconds({ status }: Attempt): number {
  if (status === 401 || status === 404) return 300;
  if (status === 408) return 120;
  return status === 503 ? 30 : 10;
}

/** Event Grid's word for an outcome, as dead letters carry it. */
export function outcomeWord(attempt: Attempt): string {
  if (attempt.status === undefined) return attempt.timedOut ? 'TimedOut' : 'SocketError';
  return OUTCOME_WORDS[attempt.status] ?? 'GenericError';
}

const OUTCOME_WORDS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  408: 'TimedOut',
  413: 'PayloadTooLarge',
  429: 'Busy',
  503: 'Busy',
};
