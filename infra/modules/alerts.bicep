// The alerts on logs. Each query stands in a file of its own in infra/queries, where it can be read, tried and tested; what
// it means and what to do is in docs/operations.md.
import { alertOptions } from '../types.bicep'

@description('First part of every name.')
param prefix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the workspace.')
param workspaceId string

@description('Action groups.')
param actionGroupIds string[]

@description('Where the lines are drawn.')
param options alertOptions

@description('Object ids that are expected to read secrets.')
param expectedReaders string[]

var sweepHours = options.?sweepHours ?? 3
var sweepWindow = sweepHours > 6 ? 'P${sweepHours / 24}D' : 'PT${sweepHours}H'
var stuckHours = options.?stuckHours ?? 24

// window: how far back a query looks, two days at most. belowOne: fires when there is nothing. threshold: fires above it.
var rules = [
  {
    name: 'renewal-failed'
    title: 'A renewal failed'
    severity: 1
    window: 'PT2H'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/renewal-failed.kql')
  }
  {
    name: 'renewal-stuck'
    title: 'A renewal makes no progress'
    severity: 1
    window: 'P2D'
    belowOne: false
    threshold: 0
    query: replace(loadTextContent('../queries/renewal-stuck.kql'), '{stuckHours}', string(stuckHours))
  }
  {
    name: 'targets-unverified'
    title: 'A new version exists and is not served everywhere'
    severity: 1
    window: 'PT1H'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/targets-unverified.kql')
  }
  {
    name: 'roll-back-failed'
    title: 'Targets could not be moved back to the last good version'
    severity: 0
    window: 'PT1H'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/roll-back-failed.kql')
  }
  {
    name: 'expiry-near'
    title: 'A certificate is near its expiry and nobody renews it'
    severity: 1
    window: 'P2D'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/expiry-near.kql')
  }
  {
    name: 'event-path'
    title: 'Events of a vault do not arrive, or nobody can tell'
    severity: 2
    window: 'P2D'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/event-path.kql')
  }
  {
    name: 'credential-expiring'
    title: 'A credential expires, or is refused'
    severity: 2
    window: 'P2D'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/credential-expiring.kql')
  }
  {
    name: 'crl-failed'
    title: 'A CRL cannot be published'
    severity: 2
    window: 'PT2H'
    belowOne: false
    threshold: 0
    query: loadTextContent('../queries/crl-failed.kql')
  }
  {
    name: 'no-sweep'
    title: 'No sweep'
    severity: 1
    window: sweepWindow
    belowOne: true
    threshold: 1
    query: loadTextContent('../queries/no-sweep.kql')
  }
  {
    name: 'heartbeat-lost'
    title: 'Orchestrations do not run'
    severity: 1
    window: 'PT2H'
    belowOne: true
    threshold: 1
    query: loadTextContent('../queries/heartbeat-lost.kql')
  }
  {
    name: 'vault-refused'
    title: 'A vault refuses calls'
    severity: 2
    window: 'PT1H'
    belowOne: false
    threshold: options.?vaultRefusals ?? 5
    query: loadTextContent('../queries/vault-refused.kql')
  }
  {
    name: 'secret-read'
    title: 'Somebody unexpected read a secret of a vault'
    severity: 2
    window: 'PT1H'
    belowOne: false
    threshold: 0
    query: replace(loadTextContent('../queries/secret-read.kql'), '{expectedReaders}', join(expectedReaders, '","'))
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [for rule in rules: {
  name: '${prefix}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Perennial: ${rule.title}'
    description: 'See docs/operations.md, alert ${rule.name}.'
    enabled: options.?enabled ?? true
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: rule.window
    autoMitigate: true
    // The tables come into being with the first line that is logged.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: rule.belowOne ? 'LessThan' : 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: actionGroupIds }
  }
}]
