import { STARTS_PER_VAULT } from '../world/app.ts';
import { clusterInvariants } from './clusters.ts';
import { flowInvariants } from './flow.ts';
import type { Invariant } from './invariant.ts';
import { issuerInvariants } from './issuers.ts';
import { journalInvariants } from './journal.ts';
import { livenessInvariants } from './liveness.ts';
import { orderInvariants } from './orders.ts';
import { partnerInvariants } from './partners.ts';
import { requestInvariants } from './requests.ts';
import { targetInvariants } from './targets.ts';
import { vaultInvariants } from './vault.ts';

const notYet: readonly Invariant[] = [
  { id: 'I4', says: 'every merge has its approval when the plan asks for one', missing: 'plans name no approvers yet' },
  { id: 'I20', says: 'a decision on an approval is final', missing: 'there are no approvals yet' },
  { id: 'I21', says: 'every critical alert is delivered or escalated', missing: 'there are no notifications yet' },
];

const reach: Invariant = {
  id: 'I19',
  says: 'no host is called that the estate does not know',
  watch: ({ check }) => ({
    stranger: (url) => check(false, () => `${url.host} was called`),
    request: () => check(true, () => ''),
  }),
};

/** What a person asks for waits for nobody, and what only deploys makes no key. */
const paced: Invariant = {
  id: 'I15',
  says: 'in ten seconds no more renewals of a vault start by themselves than its budget has',
  watch({ world, check }) {
    const starts = new Map<string, number>();
    return {
      row(before, after) {
        const isStart = after.state === 'renewing' && after.renewalId !== before?.renewalId;
        if (!isStart || after.startReason === 'manual' || after.startScope === 'deploy') return;
        // A clock that was wrong meanwhile passes the same ten seconds again.
        const window = Math.floor(Date.parse(after.lastAttemptAt ?? '') / 10_000);
        const key = `${after.vault} ${window} ${world.skew}`;
        const count = (starts.get(key) ?? 0) + 1;
        starts.set(key, count);
        check(count <= STARTS_PER_VAULT, () => `${count} renewals of ${after.vault} started in ten seconds`);
      },
    };
  },
};

/** All invariants, those that cannot be broken yet included. */
export const invariants: readonly Invariant[] = [
  ...vaultInvariants,
  ...orderInvariants,
  ...requestInvariants,
  ...issuerInvariants,
  ...partnerInvariants,
  ...journalInvariants,
  ...flowInvariants,
  ...targetInvariants,
  ...clusterInvariants,
  ...livenessInvariants,
  reach,
  paced,
  ...notYet,
].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
