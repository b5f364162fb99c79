import type { Compute } from '../../arm/compute/compute.ts';
import type { GraphSource } from '../../arm/graph/resources.ts';
import type { Operations } from '../../arm/operations.ts';
import type { ArmRoute } from '../../arm/request.ts';
import type { StandClock } from '../../clock.ts';
import { LOOPBACK } from '../../consumers/listener.ts';
import type { Cloud } from '../cloud.ts';
import type { Seeded } from '../scenarios.ts';
import type { PlaceKind, ScenarioPlace } from './stories.ts';

/** What every kind of place stands on. */
export interface PlaceGround {
  readonly cloud: Cloud;
  readonly clock: StandClock;
  readonly compute: Compute;
  /** ARM's long-running operations: those of all providers are looked at in one book. */
  readonly operations: Operations;
}

/** A place of a story that is to be opened. */
export interface WantedPlace extends ScenarioPlace {
  readonly seeded: Seeded;
  readonly hostName: string;
  /** Where it is to serve; 0: any free one. */
  readonly port: number;
}

/** A place that serves, as the stand itself looks at it and as the estate file names it. */
export interface SeededPlace {
  readonly seeded: Seeded;
  readonly kind: PlaceKind;
  /** ARM id, or what the place is called that has none. */
  readonly resourceId: string;
  readonly hostName: string;
  readonly port: number;
  /** The target of the estate file. */
  readonly target: Readonly<Record<string, unknown>>;
}

/** All places of one kind, and what its provider adds to Resource Manager. */
export interface OpenedPlaces {
  readonly places: readonly SeededPlace[];
  readonly routes: readonly ArmRoute[];
  readonly sources: readonly GraphSource[];
}

export const LOCATION = 'westeurope';

/** Where a target is probed: everything listens on this machine, and is told apart by name. */
export function endpointOf({ hostName, port }: Pick<SeededPlace, 'hostName' | 'port'>) {
  return { host: LOOPBACK, port, sni: hostName };
}

/** `https://{vault}/secrets/{name}`, without version. */
export function secretOf({ cloud }: Pick<PlaceGround, 'cloud'>, { vaultName, name }: Seeded): string {
  return `${cloud.vault(vaultName).uri}/secrets/${name}`;
}
