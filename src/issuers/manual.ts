import type { ManualPlan } from '../plan/issuers/manual.ts';
import type { Issuer } from './port.ts';
import { asIssuer, createRelayedOrders, type RelayedDependencies } from './relayed.ts';

export const kind = 'manual';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof ManualPlan, 'kind'>, string>> = {
  private: 'false for a CA that everybody trusts; true when it is left out.',
  pollSeconds: 'How often it is looked whether a chain was uploaded; 300 when it is left out.',
  answerDays: 'How many days an upload is waited for; 30 when it is left out.',
  chain: 'PEM certificates between leaf and root, for an upload that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

/** A person takes the CSR to a CA and brings the chain back, over our own API. */
export function create(plan: ManualPlan, dependencies: RelayedDependencies): Issuer {
  const orders = createRelayedOrders(plan, dependencies);
  return {
    kind,
    afterLostAnswer: 'same-order',
    capabilities: ['cancel'],
    isPrivate: plan.private,
    submit: (request) =>
      asIssuer('manual: submit', request.renewalId, async () => {
        const placed = await orders.place(request);
        return 'state' in placed ? placed : { reference: placed.row.reference };
      }),
    poll: ({ reference }) => asIssuer('manual: poll', reference, () => orders.look(reference)),
    cancel: ({ reference }) => asIssuer('manual: cancel', reference, () => orders.close(reference, 'it was cancelled')),
  };
}
