import type { IssuerPlan } from './types.ts';

/** Whether a CA is known to be trusted by this organisation only, before it is asked. */
export function isPrivateIssuer(plan: IssuerPlan): boolean {
  return plan.kind === 'vault-ca' || plan.private;
}
