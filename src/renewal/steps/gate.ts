import { done, ended, type Step } from './step.ts';

/**
 * A point where a person may have to decide. No plan names approvers yet, so that it passes; a renewal that a person
 * asked to cancel stops here. What was shown is bound into the record.
 */
export const gate: Step<'gate'> = {
  async run({ renewalId, vault, certificate }, app) {
    const found = await app.store.certificate(vault, certificate);
    if (found?.row.cancelRequested === renewalId) {
      return ended('cancelled', 'cancel-requested', 'a person cancelled it before anything was merged');
    }
    return done({ open: true });
  },
  result: (_value, { point, boundTo }) => ({ point, boundTo, decision: 'no approval required by the plan' }),
  subject: ({ point }) => point,
};
