import { lookAtAlerts } from './checks/alerts.ts';
import { lookAtEvents } from './checks/events.ts';
import { lookAtHealth } from './checks/health.ts';
import { lookAtRoles } from './checks/look-at-roles.ts';
import type { Config } from './options.ts';
import type { Finding } from './report.ts';
import type { RuleId } from './rules.ts';
import type { Run } from './story/run.ts';
import type { Doors } from './undo.ts';

/** Everything that is looked at without making anything. */
export async function lookAround({ arm, app }: Doors, config: Config, found: Run['found']): Promise<void> {
  const looks = [lookAtRoles(arm, config), lookAtEvents(arm, config), lookAtAlerts(arm, config)];
  found('app.health', await lookAtHealth(app));
  for (const seen of await Promise.all(looks)) {
    for (const [id, finding] of Object.entries(seen) as readonly (readonly [RuleId, Finding])[]) found(id, finding);
  }
}
