import type { Estate, IssuerPlan } from '../../src/plan/types.ts';

/** An estate with nothing but issuers. */
export function estateWith(issuers: Readonly<Record<string, IssuerPlan>>): Estate {
  return { schema: 1, vaults: [], issuers, plans: {}, certificates: [] };
}
