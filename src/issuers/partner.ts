import { X509Certificate } from 'node:crypto';
import { pemToDer } from '../certificate/pem.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { isSelf, type PartnerPlan } from '../plan/issuers/partner.ts';
import type { PendingFacts, Vault } from '../vault/port.ts';
import { policyRefusal } from './partner-rules.ts';
import type { CancelResult, Issuer, Order, OrderStatus, PlacedOrder, VaultOperation } from './port.ts';
import { oneLine } from './words.ts';

export const kind = 'partner';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof PartnerPlan, 'kind'>, string>> = {
  issuerName:
    'The issuer as the vault and the policies of its certificates name it: DigiCert, GlobalSign or another account, or `Self`.',
  private: 'true for an authority that only this organisation trusts; Self always is.',
  chain: 'PEM certificates between leaf and root: of a finished version the vault shows the leaf alone.',
  roots: 'PEM certificates of the roots that a chain must end at; none for `Self`.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface PartnerDependencies {
  readonly vault: Pick<Vault, 'inspect' | 'cancel'>;
  readonly clock: Clock;
}

/** An order of Self takes seconds, one with validation of the organisation days: it is looked at after a tenth of its age. */
const SHORTEST_WAIT_SECONDS = 10;
const LONGEST_WAIT_SECONDS = 3600;

/**
 * An issuer inside the vault: a partner that the vault has an account with, or Self. What it is asked for is the policy of
 * the certificate; an order is the operation of the vault, and its reference the operation's URL. The vault knows one
 * operation a certificate, so that an answer that was lost is found there again.
 */
export function create(plan: PartnerPlan, { vault, clock }: PartnerDependencies): Issuer {
  return {
    kind,
    afterLostAnswer: 'same-order',
    capabilities: ['cancel'],
    isPrivate: plan.private || isSelf(plan.issuerName),
    inVault: {
      issuerName: plan.issuerName,
      refusal: (policy, now) => policyRefusal(plan, policy, now),
      reference: referenceOf,
      roots: (version) => (isSelf(plan.issuerName) ? itself(version) : plan.roots.flatMap((pem) => [...pemToDer(pem)])),
    },
    submit: () => Promise.reject(new RenewalError('bug', 'partner: the vault orders, nothing is submitted')),
    poll: async (order) => statusOf(order, await pendingOf(order, vault), clock),
    cancel: (order) => cancel(order, vault),
  };
}

/** `{vault}/certificates/{name}/pending?request_id=…`, as the vault itself names an operation. */
export function referenceOf({ vault, name, requestId, isForeign }: VaultOperation): string {
  const query = new URLSearchParams({ request_id: requestId, ...(isForeign && { begun: 'elsewhere' }) });
  return `${vault}/certificates/${name}/pending?${query.toString()}`;
}

/** Throws `bug` for a reference that is none of ours. */
export function operationOf({ reference }: Order): VaultOperation {
  const url = URL.canParse(reference) ? new URL(reference) : undefined;
  const [, name] = /^\/certificates\/([0-9A-Za-z-]{1,127})\/pending$/.exec(url?.pathname ?? '') ?? [];
  const requestId = url?.searchParams.get('request_id');
  if (url === undefined || name === undefined || !requestId)
    throw new RenewalError('bug', `partner: not the reference of an operation: ${reference.slice(0, 200)}`);
  return { vault: url.origin, name, requestId, isForeign: url.searchParams.get('begun') === 'elsewhere' };
}

/** A certificate that is signed by its own key, as those of Self are. */
function itself(version: Uint8Array): readonly Uint8Array[] {
  const certificate = new X509Certificate(version);
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey) ? [version] : [];
}

/** `undefined` when the operation is gone, or another one is there in its place. */
async function pendingOf(order: Order, vault: PartnerDependencies['vault']): Promise<PendingFacts | undefined> {
  const { vault: uri, name, requestId } = operationOf(order);
  const facts = await vault.inspect({ vault: uri, name });
  const pending = facts.state === 'present' ? facts.pending : undefined;
  return pending?.requestId === requestId ? pending : undefined;
}

function statusOf(order: PlacedOrder, pending: PendingFacts | undefined, clock: Clock): OrderStatus {
  switch (pending?.status) {
    case 'inProgress':
      return { state: 'pending', retryAfterSeconds: waitSeconds(order, clock) };
    case 'completed':
      return { state: 'issued', chain: [] };
    case 'failed':
      return { state: 'rejected', reason: oneLine(pending.error ?? 'the operation failed, and does not say why') };
    case 'cancelled':
      return { state: 'rejected', reason: 'the operation was cancelled in the vault' };
    default:
      return {
        state: 'rejected',
        reason: 'the operation is gone from the vault: it was deleted, or another one followed',
      };
  }
}

function waitSeconds({ placedAt }: PlacedOrder, clock: Clock): number {
  const now = clock.now().getTime();
  const age = (now - (placedAt === undefined ? now : Date.parse(placedAt))) / 1000;
  return Math.round(Math.min(Math.max(age / 10, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS));
}

/**
 * Whether a partner agrees is seen some seconds later: until then it cannot be told. What somebody else has begun is
 * theirs to cancel.
 */
async function cancel(order: Order, vault: PartnerDependencies['vault']): Promise<CancelResult> {
  const operation = operationOf(order);
  if (operation.isForeign)
    return { state: 'too-late', reason: 'somebody else began this operation: cancel it in the vault' };
  const before = await pendingOf(order, vault);
  const { requestId } = operation;
  const asked = before?.status === 'inProgress' ? await vault.cancel(operation) : before;
  const pending = asked?.requestId === requestId ? asked : undefined;
  switch (pending?.status) {
    case 'completed':
      return { state: 'too-late', reason: 'the vault has the new version already' };
    case 'inProgress': {
      const message = `partner: the issuer has not agreed yet to cancel: request=${requestId}, name=${operation.name}`;
      throw new RenewalError('vault-conflict', message, { retryAfterSeconds: SHORTEST_WAIT_SECONDS });
    }
    default:
      return { state: 'cancelled' };
  }
}
