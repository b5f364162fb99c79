/** Where a fault of the catalogue is met when no simulation can meet it. */
export interface Elsewhere {
  readonly id: string;
  /** Why not here; and the test that has it, where the feature exists. */
  readonly why: string;
}

/** The faults of the catalogue that are not injected by a name of their own: none of them is forgotten, each has its reason. */
export const elsewhere: readonly Elsewhere[] = [
  absent('EG13', 'a handshake of the Functions host’s own extension; e2e: events'),
  absent('DF5', 'a simulated process knows one version of the orchestrators; replay: recorded histories'),
  absent('DF6', 'a simulated process knows one version of the orchestrators; contract: host'),
  absent('DF8', 'a queue of the durable extension, which our hub does not have'),
  absent('DF11', 'there are no approvals yet'),
  absent('DF13', 'a matter of load; bench: pipeline'),
  absent('KV12', 'between the vault and App Service, where nothing of ours is; contract: chain-order'),
  absent('AP1', 'there are no approvals yet'),
  absent('AP2', 'there are no approvals yet'),
  absent('AP3', 'there are no approvals yet'),
  absent('CK2', 'pure rules of dates; unit: plan'),
  absent('CK3', 'a simulation lives for days; e2e: long-wait'),
  absent('OP1', 'before the app lives; e2e: misconfigured'),
  absent('OP2', 'one app a simulation; e2e: two apps'),
  absent('NT1', 'there are no notifications yet'),
  absent('NT2', 'nothing is sent to telemetry yet'),
];

function absent(id: string, why: string): Elsewhere {
  return { id, why };
}

/** How many faults of each letter pair the catalogue has. */
const catalogue = { EG: 13, DF: 15, KV: 16, CA: 17, TG: 12, AP: 3, CK: 3, OP: 2, NT: 2 } as const;

/** All ids of the catalogue, `EG1` to `NT2`. */
export const catalogueIds: readonly string[] = Object.entries(catalogue).flatMap(([letters, count]) =>
  Array.from({ length: count }, (_, index) => `${letters}${index + 1}`),
);
