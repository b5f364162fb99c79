import { flowInvariants } from './flow.ts';
import type { Invariant } from './invariant.ts';
import { journalInvariants } from './journal.ts';
import { livenessInvariants } from './liveness.ts';
import { orderInvariants } from './orders.ts';
import { targetInvariants } from './targets.ts';
import { vaultInvariants } from './vault.ts';

const notYet: readonly Invariant[] = [
  { id: 'I4', says: 'every merge has its approval when the plan asks for one', missing: 'plans name no approvers yet' },
  { id: 'I15', says: 'key creations and CA calls stay within their budgets', missing: 'nothing paces them yet' },
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

/** All invariants, those that cannot be broken yet included. */
export const invariants: readonly Invariant[] = [
  ...vaultInvariants,
  ...orderInvariants,
  ...journalInvariants,
  ...flowInvariants,
  ...targetInvariants,
  ...livenessInvariants,
  reach,
  ...notYet,
].sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
