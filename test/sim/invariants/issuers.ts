import type { FaultName } from '../faults/catalogue.ts';
import type { Invariant } from './invariant.ts';
import { finalizedOrder, knownOf } from './known.ts';
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
    id: 'D3',
    says: 'an ACME order is finalized only when its URL is on record (design 4)',
    watch({ world, check }) {
      const known = knownOf(world);
      return {
        request(seen) {
          const order = finalizedOrder(seen);
          if (order === undefined) return;
          check(known.renewalOf(order) !== undefined, () => `${order} is finalized, and no row knows it`);
        },
      };
    },
  },
  {
    id: 'D9',
    says: 'answers to challenges are taken out of the zone again, unless something has kept the app from it (design 2)',
    watch: ({ world, check, mode }) => ({
      end() {
        const { publicCa } = world.cloud;
        if (mode !== 'liveness' || publicCa === undefined) return;
        const { injections } = world.faults;
        for (const { name, records } of publicCa.dns.zones.flatMap((zone) => zone.sets())) {
          const certificate = world.certificateOfHost(name.replace(/^_acme-challenge\./, ''));
          // What strikes the account's key strikes everybody.
          const isOurs = (struck = ''): boolean => struck === certificate || world.certificate(struck) === undefined;
          const struck = injections.filter((one) => isOurs(one.certificate)).length;
          check(records.length <= struck, () => `${name}: ${records.length} records are left, after ${struck} faults`);
        }
        check(true, () => '');
      },
    }),
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
