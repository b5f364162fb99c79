import { z } from 'zod';
import { stages } from '../renewal/story.ts';
import { renewalSummary } from './summary.ts';
import { moment, outcome, reason, sha256, traceId } from './words.ts';

export const links = z
  .object({ self: z.string(), cancel: z.string().optional(), journal: z.string().optional() })
  .meta({ id: 'Links' });

export const targetView = z
  .object({
    id: z.string(),
    kind: z.string(),
    verified: z.boolean().meta({ description: 'The last probe showed the new version.' }),
    servedSha256: sha256.optional(),
    problem: z.string().optional(),
    rolledBack: z
      .boolean()
      .optional()
      .meta({ description: 'The rollout was stopped: whether it was seen back on the last good version.' }),
    tookItself: z
      .literal(true)
      .optional()
      .meta({ description: 'It took the version before anybody deployed it there.' }),
  })
  .meta({ id: 'Target' });

const count = z.int().min(0);

/** A renewal as the API shows it, running or ended. */
export const renewalView = z
  .object({
    id: z.string(),
    vault: z.string(),
    certificate: z.string(),
    reason,
    stage: z.enum(stages),
    outcome: outcome.optional(),
    outcomeReason: reason.optional(),
    detail: z.string().optional(),
    traceId: traceId.optional(),
    issuer: z.string().optional(),
    order: z.string().optional().meta({ description: 'Reference of the order at the issuer.' }),
    oldSha256: sha256.optional(),
    newSha256: sha256.optional(),
    targets: z.array(targetView).meta({ description: 'At most 100 of them, those that are not verified first.' }),
    counts: z
      .object({ total: count, verified: count, touched: count, rolledBack: count })
      .optional()
      .meta({ description: 'Of all targets, once the renewal has ended.' }),
    wave: z.string().optional().meta({ description: 'k/n: which wave is deployed to.' }),
    verified: z.string().optional().meta({ description: 'n/m targets seen serving the new version.' }),
    waitingFor: z.string().optional(),
    nextAttemptAt: moment.optional().meta({
      description:
        'While it runs: of the step that waits. Once it has failed: when the certificate may be tried again.',
    }),
    failedAttempts: z
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Of the certificate since its last success, once this renewal has ended.' }),
    startedAt: moment,
    updatedAt: moment,
    links: links.optional(),
  })
  .meta({ id: 'Renewal' });

export const renewalList = z.object({ renewals: z.array(renewalSummary) }).meta({ id: 'RenewalList' });

/** 202: a renewal was started, or one that runs already was found. */
export const renewalAccepted = z
  .object({
    state: z.enum(['started', 'running']),
    id: z.string(),
    vault: z.string(),
    certificate: z.string(),
    traceId: traceId.optional(),
    links,
  })
  .meta({ id: 'RenewalAccepted' });

/** 200: nothing was to be done. */
export const renewalNotNeeded = z
  .object({
    state: z.literal('waiting'),
    outcome: z.literal('not-needed'),
    outcomeReason: reason,
    dueAt: moment,
    detail: z.string(),
  })
  .meta({ id: 'RenewalNotNeeded' });

/** 202: the renewal stops at its next gate. */
export const cancelAccepted = z.object({ state: z.literal('accepted'), id: z.string() }).meta({ id: 'CancelAccepted' });

export type RenewalView = Readonly<z.infer<typeof renewalView>>;
export type TargetView = Readonly<z.infer<typeof targetView>>;
export type RenewalAccepted = Readonly<z.infer<typeof renewalAccepted>>;
export type RenewalNotNeeded = Readonly<z.infer<typeof renewalNotNeeded>>;

/** Addresses of a renewal. `base` is where the caller reaches the app, without a trailing slash. */
export function linksOf(base: string, id: string): { readonly self: string; readonly cancel: string } {
  const self = `${base}/api/renewals/${encodeURIComponent(id)}`;
  return { self, cancel: `${self}/cancel` };
}
