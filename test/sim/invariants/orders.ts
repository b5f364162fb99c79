import { eventType } from '../../../local/host/engine/history.ts';
import { type Instance, isFinished } from '../../../local/host/hub/instance.ts';
import type { OrderRow } from '../../../src/estate/port.ts';
import type { Outcome } from '../../../src/renewal/outcomes.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { World } from '../world/world.ts';
import type { Invariant } from './invariant.ts';
import { finalizedOrder, knownOf, vaultMutation } from './known.ts';

const HOUR = 3_600_000;
const settled: readonly Outcome[] = ['renewed', 'not-needed', 'cancelled'];

/** The steps and children that an orchestration has asked for, oldest first. */
function askedFor({ history }: Instance): readonly unknown[] {
  const asks: readonly unknown[] = [eventType.taskScheduled, eventType.subOrchestrationCreated];
  return history.filter(({ EventType }) => asks.includes(EventType)).map(({ Name }) => Name);
}

/**
 * Renewals of a certificate that have not ended, by the hub's own state. One that has closed its row, and was not told that
 * it was written, has to close once more: in the seconds until then, or the hours when its timer comes late, the certificate
 * is free for the next. It does nothing else any more, which I2 checks as well.
 */
function running(world: World, certificate: string, closed: ReadonlySet<string>): readonly string[] {
  const all = [...(world.hub?.instances.all() ?? [])];
  const isOver = (instance: Instance): boolean =>
    isFinished(instance) || (closed.has(instance.id) && askedFor(instance).at(-1) === 'close');
  const open = all.filter((instance) => instance.name === 'renewCertificate' && !isOver(instance));
  return open.filter(({ id }) => world.certificateOfRenewal(id) === certificate).map(({ id }) => id);
}

/** After these the app may have to open an operation again that it had opened already. */
const disturbances: readonly FaultName[] = [
  'kv.foreign-discard',
  'kv.foreign-merge',
  'kv.foreign-pending',
  'kv.soft-delete',
  'net.late',
  'host.late-activity',
  // A renewal that is started again makes the request anew when the policy asks for another one by now.
  'kv.policy-edit',
];

const ranks: readonly OrderRow['state'][] = ['requesting', 'requested', 'submitted', 'issued', 'rejected', 'merged'];

export const orderInvariants: readonly Invariant[] = [
  {
    id: 'I2',
    says: 'of each certificate at most one renewal runs, an order is placed by one that runs alone, and close is the last step',
    watch({ world, check }) {
      const known = knownOf(world);
      const closed = new Set<string>();
      const ordered = (renewalId: string): void => {
        const open = running(world, world.certificateOfRenewal(renewalId) ?? '', closed);
        const others = open.filter((id) => id !== renewalId);
        check(others.length === 0, () => `an order of ${renewalId} while ${others.join(', ')} runs`);
      };
      return {
        row(before, { renewalId, state }) {
          const isClosing = before?.state === 'renewing' && before.renewalId === renewalId && state === 'idle';
          if (isClosing && renewalId !== undefined) closed.add(renewalId);
        },
        change(change) {
          if (change.change === 'turn') {
            const instance = world.hub?.instances.get(change.id);
            if (instance?.name !== 'renewCertificate') return;
            const asked = askedFor(instance);
            const after = asked.includes('close') ? asked.slice(asked.indexOf('close')) : [];
            check(
              after.every((name) => name === 'close'),
              () => `${change.id} goes on after its close: ${after.join(', ')}`,
            );
          }
          if (change.change !== 'create' || change.instance.name !== 'renewCertificate') return;
          const certificate = world.certificateOfRenewal(change.instance.id) ?? '';
          const open = running(world, certificate, closed);
          check(open.length <= 1, () => `${certificate}: ${open.join(' and ')} run side by side`);
        },
        issuance: ({ renewalId }) => ordered(renewalId),
        request(seen) {
          // What comes late was sent when it was right.
          if (seen.isLate) return;
          const order = finalizedOrder(seen);
          if (order !== undefined) ordered(known.renewalOf(order) ?? '');
          const mutation = vaultMutation(seen);
          if (mutation?.kind === 'create' && world.certificate(mutation.certificate)?.ca === 'partner')
            ordered(known.rows.get(mutation.certificate)?.renewalId ?? '');
        },
      };
    },
  },
  {
    id: 'I10',
    says: 'one order a renewal, and one operation in the vault an attempt, unless somebody else took it away',
    watch({ world, check }) {
      const known = knownOf(world);
      const orders = new Map<string, number>();
      const creates = new Map<string, number>();
      const ordered = (renewalId: string): void => {
        const count = (orders.get(renewalId) ?? 0) + 1;
        orders.set(renewalId, count);
        check(count === 1, () => `${renewalId} has placed ${count} orders`);
      };
      return {
        issuance: ({ renewalId }) => ordered(renewalId),
        request(seen) {
          const order = finalizedOrder(seen);
          if (order !== undefined) ordered(known.renewalOf(order) ?? order);
          const mutation = vaultMutation(seen);
          if (mutation?.kind !== 'create') return;
          const count = (creates.get(mutation.certificate) ?? 0) + 1;
          creates.set(mutation.certificate, count);
          const attempts = known.rows.get(mutation.certificate)?.attempt ?? 0;
          const disturbed = world.faults.injections.filter(({ name }) => disturbances.includes(name)).length;
          check(
            count <= attempts + disturbed,
            () => `${mutation.certificate}: ${count} operations in ${attempts} attempts, ${disturbed} disturbances`,
          );
        },
      };
    },
  },
  {
    id: 'I14',
    says: 'rows, orders and instances take allowed edges only; an end is final',
    watch: ({ world, check }) => ({
      row(before, after) {
        const [from, to] = [before?.state ?? 'idle', after.state];
        const isNew = after.renewalId !== before?.renewalId;
        const who = `${after.vault}/${after.name}`;
        check(
          after.attempt === (before?.attempt ?? 0) + (isNew ? 1 : 0),
          () => `${who}: attempt ${before?.attempt} became ${after.attempt}`,
        );
        check(!isNew || to === 'renewing', () => `${who}: ${from} became ${to} with another renewal`);
        check(!(from === 'idle' && to === 'renewing' && !isNew), () => `${who}: ${after.renewalId} runs again`);
        if (from === 'renewing' && isNew) {
          const old = world.hub?.instances.get(before?.renewalId ?? '');
          check(old !== undefined && isFinished(old), () => `${who}: ${before?.renewalId} was overtaken while it runs`);
        }
      },
      order(before, after) {
        if (before === undefined) return;
        const isForward = ranks.indexOf(after.state) >= ranks.indexOf(before.state);
        check(isForward, () => `order ${after.renewalId}: ${before.state} became ${after.state}`);
        const lost = (['reference', 'chain', 'accepted'] as const).filter(
          (field) => before[field] !== undefined && after[field] === undefined,
        );
        check(
          lost.length === 0 || before.csrSha256 !== after.csrSha256,
          () => `order ${after.renewalId} lost ${lost.join(', ')}`,
        );
      },
      change(change) {
        if (change.change !== 'create') return;
        const isAgain = world.endedRenewals.has(change.instance.id);
        check(!isAgain, () => `${change.instance.id} was started again after its end`);
      },
    }),
  },
  {
    id: 'I18',
    says: 'after a failure the next attempt waits 1, 2, 4 … 32 hours, however often the host starts again',
    watch: ({ world, check }) => ({
      row(before, after) {
        const now = world.appClock.now().getTime();
        const who = `${after.vault}/${after.name}`;
        const begins = after.state === 'renewing' && after.renewalId !== before?.renewalId;
        if (begins && after.startReason !== 'manual') {
          // The clock of the app may have been set back since the attempt before.
          const next = Date.parse(before?.nextAttemptAt ?? '1970-01-01T00:00:00Z') - 1_300_000;
          check(now >= next, () => `${who}: an attempt before ${before?.nextAttemptAt}`);
        }
        if (before?.state !== 'renewing' || after.state !== 'idle' || after.lastOutcome === undefined) return;
        // One that an operator has terminated is not closed by itself: the next start finds it.
        if (world.endedRenewals.has(after.renewalId ?? '')) return;
        const isGood = settled.includes(after.lastOutcome);
        const failed = isGood ? 0 : before.failedAttempts + 1;
        check(
          after.failedAttempts === failed,
          () => `${who}: ${after.failedAttempts} failed attempts instead of ${failed}`,
        );
        const wait = after.nextAttemptAt === undefined ? undefined : (Date.parse(after.nextAttemptAt) - now) / HOUR;
        const wanted = isGood ? undefined : Math.min(2 ** (failed - 1), 32);
        const fits = wanted === undefined ? wait === undefined : wait !== undefined && Math.abs(wait - wanted) < 0.5;
        check(fits, () => `${who}: after ${after.lastOutcome} it waits ${wait} hours instead of ${wanted}`);
      },
    }),
  },
];
