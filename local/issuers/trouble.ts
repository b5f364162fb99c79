import type { EmulatorResponse } from '../emulator.ts';
import type { IssuerFaults } from './faults.ts';

/** What keeps an emulated CA from looking at a request at all; each CA says it in its own form. */
export type Trouble =
  | { readonly kind: 'server-error'; readonly status: 500 }
  | { readonly kind: 'busy'; readonly status: 503; readonly retryAfterSeconds: number }
  | { readonly kind: 'rate-limited'; readonly status: 429; readonly retryAfterSeconds: number };

const BUSY_SECONDS = 60;
const LIMITED_SECONDS = 120;

/** The planted trouble that strikes now; a rate limit only where a certificate is asked for. */
export function troubleOf(faults: IssuerFaults, asksForCertificate: boolean): Trouble | undefined {
  if (faults.strike('server-error') !== undefined) return { kind: 'server-error', status: 500 };
  if (faults.strike('busy') !== undefined) return { kind: 'busy', status: 503, retryAfterSeconds: BUSY_SECONDS };
  if (!asksForCertificate || faults.strike('rate-limited') === undefined) return undefined;
  return { kind: 'rate-limited', status: 429, retryAfterSeconds: LIMITED_SECONDS };
}

/** The header of a trouble that passes. */
export function retryAfterOf(trouble: Trouble): Record<string, string> {
  return 'retryAfterSeconds' in trouble ? { 'retry-after': String(trouble.retryAfterSeconds) } : {};
}

/** The answer, or half of its body when a fault says so. */
export function truncated(faults: IssuerFaults, answer: EmulatorResponse): EmulatorResponse {
  const { body } = answer;
  if (typeof body !== 'string' || body === '' || faults.strike('truncated-body') === undefined) return answer;
  return { ...answer, body: body.slice(0, body.length >> 1) };
}
