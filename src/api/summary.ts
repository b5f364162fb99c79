import { z } from 'zod';
import { moment, outcome, reason } from './words.ts';

/** A certificate and its newest renewal, in short: what its row says. */
export const renewalSummary = z
  .object({
    vault: z.string(),
    certificate: z.string().meta({ description: 'In lower case.' }),
    state: z.enum(['idle', 'renewing']),
    plan: z.string(),
    owner: z.string(),
    id: z.string().optional().meta({ description: 'Of the newest renewal; absent before the first.' }),
    reason: reason.optional(),
    outcome: outcome.optional(),
    outcomeReason: reason.optional(),
    notAfter: moment.optional(),
    dueAt: moment.optional().meta({ description: 'When the current version becomes due.' }),
    window: z
      .object({
        start: moment,
        end: moment,
        page: z.string().optional().meta({ description: 'Address of a page of the CA that says why.' }),
      })
      .optional()
      .meta({ description: 'When the CA wishes the current version to be replaced (ARI, RFC 9773).' }),
    startedAt: moment.optional(),
    failedAttempts: z
      .int()
      .min(0)
      .meta({ description: 'Failures since the last success: each doubles the back-off, 1 to 32 hours.' }),
    queuedAt: moment.optional().meta({ description: 'Set while it is due and waits for its turn: since when.' }),
    expectedBy: moment.optional().meta({ description: 'Set while it runs: past this the watchdog looks at it.' }),
    nextAttemptAt: moment.optional().meta({ description: 'After a failure: when it may be tried again.' }),
  })
  .meta({ id: 'RenewalSummary' });

export type RenewalSummary = Readonly<z.infer<typeof renewalSummary>>;
