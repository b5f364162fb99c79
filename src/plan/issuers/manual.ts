import { z } from 'zod';
import { group } from '../schema-parts.ts';
import { limits } from './every-issuer.ts';
import { type RelayedIssuerPlan, relayed } from './relayed.ts';

export interface ManualPlan extends RelayedIssuerPlan {
  readonly kind: 'manual';
}

export const manual = group({ kind: z.literal('manual'), ...relayed, limits: group(limits) });
