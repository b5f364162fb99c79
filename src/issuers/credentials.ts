import type { Target } from '../plan/targets/target.ts';
import type { IssuerPlan } from '../plan/types.ts';

const ID = /^https:\/\/[^/?#]+\/(?:certificates|keys|secrets)\/[0-9A-Za-z-]{1,127}$/;

/**
 * Ids of what an issuer, or whoever deploys for a target, is asked with: every value of the plan that is the id of a secret,
 * a key or a certificate of Key Vault, whatever its kind calls it.
 */
export function credentialsOf(plan: IssuerPlan | Target): readonly string[] {
  return [...new Set(idsIn(plan))];
}

function idsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return ID.test(value) ? [value] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(idsIn) : [];
}
