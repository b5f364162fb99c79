import { z } from 'zod';
import { type Outcome, outcomes, type Reason, reasons } from '../renewal/outcomes.ts';

/** How a renewal ended. */
export const outcome = z.enum(Object.keys(outcomes) as [Outcome, ...Outcome[]]).meta({
  id: 'Outcome',
  description: 'How a renewal ended; absent while it runs.',
});

/** Why a renewal was started, refused, stopped. */
export const reason = z.enum(Object.keys(reasons) as [Reason, ...Reason[]]).meta({
  id: 'Reason',
  description: 'Why a renewal was started, refused, stopped.',
});

/** ISO 8601 in UTC. */
export const moment = z.iso.datetime();

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** W3C trace context. */
export const traceId = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .meta({ description: 'Finds the event or call, every step and every request of a renewal in the logs.' });
