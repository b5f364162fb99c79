import type { Paths } from './path.ts';
import { beginnings } from './paths/beginnings.ts';
import { issues } from './paths/issues.ts';
import { partners } from './paths/partners.ts';
import { rollouts } from './paths/rollouts.ts';

/** Every path. */
export const paths: Paths = { ...beginnings, ...issues, ...partners, ...rollouts };
