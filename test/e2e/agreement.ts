import type { Demand } from '../../local/access.ts';
import { isWithin } from '../../local/identity/roles.ts';
import { placesOf, type Role, type Where } from '../../local/stand/roles.ts';

/** What was given, and what was asked for. */
export interface Agreement {
  readonly roles: readonly Role[];
  readonly where: Where;
  readonly demands: readonly Demand[];
}

/**
 * Where the roles and what was asked of the app's identities differ, both ways: an action that was asked for where no role
 * gives it, and an action of a role that nothing asked for at the role's place.
 */
export function disagreements({ roles, where, demands }: Agreement): readonly string[] {
  const holders = new Set(roles.map(({ principal }) => principal));
  const asked = demands.filter(({ principal }) => holders.has(principal));
  const gives = (role: Role, { principal, action, scope }: Demand): boolean =>
    role.principal === principal &&
    [...role.actions, ...role.dataActions].includes(action) &&
    placesOf(role, where).some((place) => isWithin(scope, place));
  const missing = asked
    .filter((demand) => !roles.some((role) => gives(role, demand)))
    .map(({ principal, action, scope }) => `no role gives ${principal} ${action} at ${scope}`);
  const idle = roles.flatMap((role) =>
    [...role.actions, ...role.dataActions]
      .filter((action) => !asked.some((demand) => demand.action === action && gives(role, demand)))
      .map((action) => `nothing asked for ${action} of ${role.name}`),
  );
  return [...new Set([...missing, ...idle])].sort();
}
