import { questionRules } from './questions.ts';

/** One thing that a run looks at. */
export interface Rule {
  readonly title: string;
  /** What is seen when all is as on the stand, to the letter; for what the stand lacks, what the deployment says. */
  readonly expect: string;
  /** What to do when it differs, or cannot be looked at. */
  readonly how: string;
  /** Looked at with `--look-only` too: nothing is made for it. */
  readonly looks?: true;
  /** Why the stand cannot show it. */
  readonly standLacks?: string;
  /** No program can find out. */
  readonly person?: true;
}

const NO_SUCH = 'the stand has no such resources';

const looks = {
  'app.health': {
    ...{ title: 'The app is healthy', expect: 'healthy', looks: true },
    how: 'read GET /api/health: it lists every problem; docs/deploy.md, step 4',
  },
  'roles.host': {
    ...{
      title: 'Identity host: its roles',
      expect: 'as deployed',
      looks: true,
      standLacks: 'on the stand no identity runs the host',
    },
    how: 'deploy infra/main.bicep again, or take away what is there besides: docs/deploy.md, "What may do what"',
  },
  'roles.renewer': {
    ...{ title: 'Identity renewer: its roles', expect: 'as deployed', looks: true },
    how: 'deploy infra/main.bicep again, or take away what is there besides: docs/deploy.md, "What may do what"',
  },
  'roles.deployer': {
    ...{ title: 'Identity deployer: its roles', expect: 'as deployed', looks: true },
    how: 'deploy infra/main.bicep again, or take away what is there besides: docs/deploy.md, "What may do what"',
  },
  'roles.reader': {
    ...{
      title: 'Identity reader: its roles',
      expect: 'as deployed',
      looks: true,
    },
    how: 'deploy infra/main.bicep again, or take away what is there besides: docs/deploy.md, "What may do what"',
  },
  'roles.app-service': {
    ...{ title: 'App Service may read the vaults', expect: 'as deployed', looks: true },
    how: 'deploy with appServicePrincipalId: docs/deploy.md, step 1',
  },
  'roles.topics': {
    ...{
      title: 'Topics may put dead letters down',
      expect: 'as deployed',
      looks: true,
      standLacks: 'topics of the stand have no identity',
    },
    how: 'deploy infra/main.bicep again',
  },
  'events.topics': {
    ...{ title: 'Every vault has its system topic', expect: 'as deployed', looks: true },
    how: 'deploy infra/main.bicep again',
  },
  'events.subscriptions': {
    ...{ title: 'The app is subscribed to the events of every vault', expect: 'as deployed', looks: true },
    how: 'run node infra/finish.mjs again: docs/deploy.md, step 2',
  },
  'events.endpoint': {
    ...{
      title: 'Function or queue that events are delivered to',
      expect: 'as deployed',
      looks: true,
      standLacks: 'the app on the stand is no resource',
    },
    how: 'publish the package: node infra/finish.mjs',
  },
  'events.dead-letters': {
    ...{ title: 'Container for dead letters', expect: 'as deployed', looks: true },
    how: 'deploy infra/main.bicep again',
  },
  'alerts.logs': {
    ...{
      title: 'Alerts on logs: there, enabled, with a receiver',
      expect: 'as deployed',
      looks: true,
      standLacks: NO_SUCH,
    },
    how: 'deploy infra/main.bicep with alerts.enabled; docs/operations.md lists them',
  },
  'alerts.events': {
    ...{
      title: 'Alerts on undelivered events: there, enabled, with a receiver',
      expect: 'as deployed',
      looks: true,
      standLacks: NO_SUCH,
    },
    how: 'deploy infra/main.bicep with alerts.enabled',
  },
  'alerts.receivers': {
    ...{
      title: 'Action groups: there, enabled, with somebody who hears',
      expect: 'as deployed',
      looks: true,
      standLacks: NO_SUCH,
    },
    how: 'deploy with notify.emails or notify.actionGroupIds',
  },
} as const satisfies Readonly<Record<string, Rule>>;

const story = {
  'served.first': {
    ...{ title: 'The site serves the first version', expect: 'the first version' },
    how: 'look at the binding and its certificate resource in the portal',
  },
  'event.new-version': {
    ...{ title: 'The app hears of a new version from Event Grid', expect: 'heard without being asked' },
    how: 'look at the metrics of the system topic (matched, delivered, dead-lettered): docs/operations.md',
  },
  'event.near-expiry': {
    ...{ title: 'The near-expiry event starts the renewal', expect: 'near-expiry-event' },
    how: 'query AZKVAuditLogs for CertificateNearExpiryEventGridNotification of this certificate, tomorrow again',
  },
  'renewal.outcome': {
    ...{ title: 'The renewal ends', expect: 'renewed' },
    how: 'follow it in the portal: docs/operations.md',
  },
  'served.new': {
    ...{ title: 'The site serves what the vault holds', expect: 'the new version' },
    how: 'look at the binding and its certificate resource in the portal',
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The one table of what is looked at. What is expected is what the stand's own run shows: CI runs this very script there. */
export const rules = { ...looks, ...story, ...questionRules } as const;

export type RuleId = keyof typeof rules;
