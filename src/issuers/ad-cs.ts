import type { AdCsPlan } from '../plan/issuers/ad-cs.ts';
import type { CancelResult, Issuer } from './port.ts';
import { asIssuer, createRelayedOrders, type RelayedDependencies, type RelayedOrders } from './relayed.ts';

export const kind = 'ad-cs';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof AdCsPlan, 'kind'>, string>> = {
  ca: 'Configuration string of the CA, as `certreq -config` takes it: host\\name.',
  template: 'Name of the certificate template (not its display name), or its OID.',
  secret:
    'Id of the secret in Key Vault that the worker signs with: `whsec_` and base64, or a text of 24 bytes or more. Several, apart by white space, while one takes the place of another.',
  retrieveSeconds: 'How long a request that waits for a manager of the CA is left alone; 900 when it is left out.',
  private: 'false for a CA that everybody trusts; true when it is left out.',
  pollSeconds: 'How often it is looked whether the worker has answered; 60 when it is left out.',
  answerDays: 'How many days an answer is waited for; 30 when it is left out.',
  chain: 'PEM certificates between leaf and root, for an answer that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

/**
 * An enterprise CA of Active Directory, which no cloud function can speak to: a worker beside it asks for what waits, runs
 * `certreq`, and brings back what that said. The order is given to one worker alone until it has a number at the CA, by
 * which it is found ever after; what the worker's words mean is decided here.
 */
export function create(plan: AdCsPlan, dependencies: RelayedDependencies): Issuer {
  const orders = createRelayedOrders(plan, dependencies);
  return {
    kind,
    afterLostAnswer: 'findable',
    capabilities: ['cancel'],
    isPrivate: plan.private,
    submit: (request) =>
      asIssuer('ad-cs: submit', request.renewalId, async () => {
        const placed = await orders.place(request);
        return 'state' in placed ? placed : { reference: placed.row.reference };
      }),
    poll: ({ reference }) => asIssuer('ad-cs: poll', reference, () => orders.look(reference)),
    cancel: ({ reference }) => asIssuer('ad-cs: cancel', reference, () => cancel(orders, reference)),
  };
}

/** `certreq` takes nothing back: what a worker has had may be at the CA, whatever is closed here. */
async function cancel(orders: RelayedOrders, reference: string): Promise<CancelResult> {
  const closed = await orders.close(reference, 'it was cancelled');
  const order = (await orders.find(reference))?.row;
  if (closed.state === 'too-late' || order?.worker === undefined || order.state === 'rejected') return closed;
  const { requestId, worker } = order;
  const reason =
    requestId === undefined
      ? `the worker ${worker} has had it: a request may be at the CA`
      : `the CA has it as request ${requestId}: deny it there`;
  return { state: 'too-late', reason };
}
