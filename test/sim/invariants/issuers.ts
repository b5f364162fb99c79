import type { FaultName } from '../faults/catalogue.ts';
import type { Invariant } from './invariant.ts';
import { knownOf } from './known.ts';
import { scheduledIn } from './scheduled.ts';

/** After these a step may run again although its answer, which asks for patience, was not lost. */
const repeats: readonly FaultName[] = ['host.crash', 'host.crash-all', 'host.dup-activity', 'host.late-activity'];

/** The app comes back after this time, whatever the issuer says. */
const LONGEST_WAIT_SECONDS = 6 * 3600;

/** The first try, and one after each wait of the table of retries. */
const MOST_TRIES = 10;

export const issuerInvariants: readonly Invariant[] = [
  {
    id: 'D3',
    says: 'an order is asked about only when its reference is on record (design 2, step 5)',
    watch({ world, check }) {
      const known = knownOf(world);
      return {
        asked(_renewalId, reference) {
          if (reference === undefined) return;
          const isStored = [...known.orders.values()].some((order) => order.reference === reference);
          check(isStored, () => `order ${reference} is polled, and no row knows it`);
        },
      };
    },
  },
  {
    id: 'I15',
    says: 'an issuer is not asked again before the time it named',
    watch({ world, check }) {
      const notBefore = new Map<string, number>();
      const isRepeated = repeats.some((name) => world.faults.rates.has(name));
      return {
        putOff(renewalId, seconds) {
          notBefore.set(renewalId, world.clock.milliseconds + Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000);
        },
        asked(renewalId) {
          // Whoever takes an order over does not know what its first owner was told.
          if (isRepeated || world.endedRenewals.has(renewalId)) return;
          const early = (notBefore.get(renewalId) ?? 0) - world.clock.milliseconds;
          check(early <= 0, () => `the issuer is asked ${Math.round(early / 1000)} seconds too early for ${renewalId}`);
        },
      };
    },
  },
  {
    id: 'D5',
    says: `a step is tried ${MOST_TRIES} times at the most (design 2)`,
    watch: ({ check }) => ({
      change(change) {
        for (const { renewalId, step, attempt } of scheduledIn(change))
          check(attempt <= MOST_TRIES, () => `${step} of ${renewalId} is tried ${attempt} times`);
      },
    }),
  },
];
