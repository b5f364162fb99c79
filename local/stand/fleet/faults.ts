import type { Outcome, Reason } from '../../../src/renewal/outcomes.ts';

/** What can befall the machines of a fleet, and how the renewal must end that meets it. */
export interface FleetFault {
  /** Of the catalogue of faults. */
  readonly ids: readonly string[];
  readonly what: string;
  readonly outcome: Outcome;
  readonly reason: Reason;
}

export const fleetFaults = {
  canary: {
    ids: ['TG2', 'TG3', 'TG8'],
    what: 'a machine of the first wave reports success and goes on with the old certificate: no later wave begins',
    outcome: 'rolled-back',
    reason: 'targets-unverified',
  },
  off: {
    ids: ['TG1'],
    what: 'one machine of the last wave is off: all others are done',
    outcome: 'partly-deployed',
    reason: 'targets-unverified',
  },
} as const satisfies Record<string, FleetFault>;

export type FleetFaultName = keyof typeof fleetFaults;

export const fleetFaultNames = Object.keys(fleetFaults) as readonly FleetFaultName[];

export function isFleetFault(text: string): text is FleetFaultName {
  return Object.hasOwn(fleetFaults, text);
}
