import type { Arm } from '../arm.ts';
import { at, listAt, textAt, textsAt } from '../json.ts';
import type { Config } from '../options.ts';
import type { Findings } from '../report.ts';
import { deployed, looking } from './looking.ts';

/** The alerts on logs, by the last part of their names: a test compares them with infra/modules/alerts.bicep. */
export const logAlerts = [
  ...['renewal-failed', 'renewal-stuck', 'targets-unverified', 'roll-back-failed'],
  ...['expiry-near', 'event-path'],
  ...['credential-expiring', 'crl-failed'],
  ...['no-sweep', 'heartbeat-lost', 'vault-refused', 'secret-read'],
] as const;

/** Metrics of a topic that are watched: infra/modules/vault-wiring.bicep. */
export const eventMetrics = ['DeadLetteredCount', 'DroppedEventCount'] as const;

/** Looks at every alert rule, and at those who hear of it. */
export async function lookAtAlerts(arm: Arm, config: Config): Promise<Findings> {
  const { group, wiring } = config;
  const prefix = config.appName.replace(/-app$/i, '');
  const logs = looking(async () => {
    const alerts = await Promise.all(
      logAlerts.map(async (name) => {
        const alert = await arm.get(`${group}/providers/Microsoft.Insights/scheduledQueryRules/${prefix}-${name}`);
        return judgeAlert(`${prefix}-${name}`, alert, textsAt(alert, 'properties', 'actions', 'actionGroups'));
      }),
    );
    return deployed(alerts.flat(), `${logAlerts.length} alerts`);
  });
  const events = looking(async () => {
    const wanted = wiring.vaults.flatMap((vault) =>
      eventMetrics.map((metric) => ({ vault, name: `${vault.topic}-${metric}` })),
    );
    const alerts = await Promise.all(
      wanted.map(async ({ vault, name }) => {
        const home = `/subscriptions/${vault.subscriptionId}/resourceGroups/${vault.resourceGroup}`;
        const alert = await arm.get(`${home}/providers/Microsoft.Insights/metricAlerts/${name}`);
        const groups = listAt(alert, 'properties', 'actions').map((one) => textAt(one, 'actionGroupId'));
        return judgeAlert(name, alert, groups);
      }),
    );
    return deployed(alerts.flat(), `${wanted.length} alerts`);
  });
  const receivers = looking(async () => {
    if (wiring.actionGroupIds.length === 0) return { saw: 'nobody: the deployment names no action group' };
    const groups = await Promise.all(wiring.actionGroupIds.map(async (id) => judgeGroup(id, await arm.get(id))));
    return deployed(groups.flat(), `${wiring.actionGroupIds.length} action groups`);
  });
  return { 'alerts.logs': await logs, 'alerts.events': await events, 'alerts.receivers': await receivers };
}

/** Exported for its table of tests. */
export function judgeAlert(name: string, alert: unknown, groups: readonly string[]): readonly string[] {
  if (alert === undefined) return [`missing: ${name}`];
  return [
    ...(at(alert, 'properties', 'enabled') === true ? [] : [`${name} is switched off`]),
    ...(groups.length > 0 ? [] : [`${name} tells nobody`]),
  ];
}

/** Every kind of receiver that Azure Monitor has is a list whose name ends so. */
const RECEIVERS = /Receivers$/;

/** Exported for its table of tests. */
export function judgeGroup(id: string, group: unknown): readonly string[] {
  const name = id.split('/').at(-1) ?? id;
  if (group === undefined) return [`missing: action group ${name}`];
  if (at(group, 'properties', 'enabled') !== true) return [`action group ${name} is switched off`];
  const properties = Object.entries((at(group, 'properties') as object | undefined) ?? {});
  const receivers = properties.flatMap(([key, value]) =>
    RECEIVERS.test(key) && Array.isArray(value) ? (value as unknown[]) : [],
  );
  // Mail and SMS say whether the person has turned them off; the others have no status.
  const hear = receivers.filter((one) => textAt(one, 'status') !== 'Disabled');
  return hear.length > 0 ? [] : [`action group ${name} has nobody who hears`];
}
