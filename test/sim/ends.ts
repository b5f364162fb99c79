import type { RenewalResult } from '../../src/renewal/story.ts';
import type { FaultName } from './faults/catalogue.ts';
import type { World } from './world/world.ts';

/** How a renewal ended, and what struck its certificate, or everybody, while it ran. */
export interface End {
  readonly outcome: string;
  readonly reason: string;
  readonly faults: readonly FaultName[];
}

/** Collects the ends of renewals, for the report on what each kind of fault led to. */
export class Ends {
  readonly list: End[] = [];

  constructor(world: World) {
    const begun = new Map<string, number>();
    world.ground.watchers.push({
      change: (change) => {
        if (change.change === 'create') begun.set(change.instance.id, world.clock.milliseconds);
        if (change.change !== 'turn' || !world.isRenewal(change.id)) return;
        if (change.status !== 'Completed' && change.status !== 'Terminated' && change.status !== 'Failed') return;
        const result = (typeof change.output === 'object' ? change.output : undefined) as RenewalResult | undefined;
        const since = begun.get(change.id) ?? 0;
        const own = world.certificateOfRenewal(change.id);
        const struck = world.faults.injections.filter(
          ({ at, certificate }) => at >= since && (certificate === undefined || certificate === own),
        );
        this.list.push({
          outcome: result?.outcome ?? change.status.toLowerCase(),
          reason: result?.outcomeReason ?? '',
          faults: [...new Set(struck.map(({ name }) => name))],
        });
        world.trace(() => `end ${change.id} ${result?.outcome} ${result?.outcomeReason}: ${result?.detail}`);
      },
    });
  }
}
