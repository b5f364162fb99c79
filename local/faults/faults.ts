import type { Authority, MadeWithKeys } from '../pki.ts';
import type { Cloud } from '../stand/cloud.ts';
import type { Seeded, SeededEstate } from '../stand/scenarios.ts';
import type { AppTrouble } from './app-trouble.ts';
import type { FaultName } from './catalogue.ts';
import type { Scene } from './scene.ts';
import { strike } from './strikes.ts';

/** A fault that was set up. */
export interface SetUp {
  readonly name: FaultName;
  /** How often it has had its effect so far. */
  times(): number;
  /** Ends it, if it has not ended by itself. */
  end(): void;
}

export interface FaultsOptions {
  readonly cloud: Cloud;
  readonly estate: SeededEstate;
  readonly app: AppTrouble;
  readonly liars: Set<string>;
  oldOf(victim: Seeded): MadeWithKeys;
  authorityOf(victim: Seeded): { readonly authority: Authority; readonly name: string };
  siteIds(victim: Seeded): readonly string[];
}

/** Long enough to be met by a renewal, short enough for somebody who looks on. */
export const OUTAGE_SECONDS = 8;

/** Sets up the fault that the story of a certificate names. */
export type SetUpFault = (victim: Seeded, seconds?: number) => SetUp;

export function createFaults(options: FaultsOptions): SetUpFault {
  const { cloud, estate, app, liars } = options;
  return (victim, seconds = OUTAGE_SECONDS) => {
    const name = victim.fault;
    if (name === undefined) throw new TypeError(`stand: the story of ${victim.name} has no fault`);
    let count = 0;
    const { authority, name: authorityName } = options.authorityOf(victim);
    const scene: Scene = {
      ...{ cloud, estate, victim, app, liars, seconds, authority, authorityName },
      old: options.oldOf(victim),
      siteIds: options.siteIds(victim),
      now: () => cloud.clock.now(),
      struck: () => {
        count += 1;
      },
    };
    const end = strike(name, scene);
    return { name, times: () => count, end };
  };
}
