import type { Scenario } from '../scenarios.ts';

/** Kinds of places besides App Service, by the names of their targets. */
export const placeKinds = ['virtual-machine', 'scale-set', 'application-gateway', 'kubernetes', 'webhook'] as const;
export type PlaceKind = (typeof placeKinds)[number];

/** A place that serves a certificate, under a host name of its own. */
export interface ScenarioPlace {
  readonly kind: PlaceKind;
  /** Of a cluster: how the app reaches it; absent: by its API. */
  readonly access?: 'run-command';
}

const renewed = { outcome: 'renewed', reason: 'served' } as const;

/** A certificate for each kind of place. */
export const placeStories: readonly Scenario[] = [
  {
    key: 'on-machine',
    story: 'on a virtual machine, whose service is restarted',
    vault: 0,
    keyType: 'P-256',
    ageDays: 73,
    leftDays: 17,
    trigger: 'event',
    sites: [],
    places: [{ kind: 'virtual-machine' }],
    expected: renewed,
  },
  {
    key: 'on-scale-set',
    story: 'on the three instances of a scale set',
    vault: 1,
    keyType: 'RSA-2048',
    ageDays: 70,
    leftDays: 20,
    trigger: 'event',
    sites: [],
    places: [{ kind: 'scale-set' }],
    expected: renewed,
  },
  {
    key: 'on-gateway',
    story: 'on an Application Gateway, which is made to read its vault',
    vault: 0,
    keyType: 'RSA-2048',
    ageDays: 69,
    leftDays: 21,
    trigger: 'event',
    sites: [],
    places: [{ kind: 'application-gateway' }],
    expected: renewed,
  },
  {
    key: 'on-cluster',
    story: 'in pods of a Kubernetes cluster, which are restarted',
    vault: 1,
    keyType: 'P-256',
    ageDays: 74,
    leftDays: 16,
    trigger: 'event',
    sites: [],
    places: [{ kind: 'kubernetes' }],
    expected: renewed,
  },
  {
    key: 'behind-webhook',
    story: 'outside Azure, where a signed message tells of it',
    vault: 0,
    keyType: 'P-384',
    ageDays: 71,
    leftDays: 19,
    trigger: 'sweep',
    sites: [],
    places: [{ kind: 'webhook' }],
    expected: renewed,
  },
];
