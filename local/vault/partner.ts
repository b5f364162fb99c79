import { later, type VaultContext } from './call.ts';
import { readChain } from './chain.ts';
import { CANCEL_SECONDS, completePending, isRunning } from './issuance.ts';
import type { PartnerAnswer } from './provider.ts';
import type { CertificateRecord, Issuer, Pending } from './records.ts';

/** How often the vault asks a partner that does not say when to come back. */
const ASK_SECONDS = 10;
/** After this long without a final answer the vault gives up. */
const LONGEST_ORDER_DAYS = 30;

export interface PartnerOrder {
  readonly record: CertificateRecord;
  readonly pending: Pending;
  /** The account as it was when the operation began. */
  readonly issuer: Issuer;
}

/** Asks the partner by the clock, until its answer is final or somebody ends the operation. */
export function schedulePartner(vault: VaultContext, order: PartnerOrder, seconds = ASK_SECONDS): void {
  vault.at(later(vault.now(), seconds), () => {
    if (!isOpen(vault, order)) return;
    const answer = ask(vault, order);
    // An answer that is there at once takes effect at once, so that a virtual clock needs no turn of the event loop.
    if (answer instanceof Promise) void answer.catch(() => issuerFault()).then((final) => take(vault, order, final));
    else take(vault, order, answer);
  });
}

/** Withdraws the order by the clock, unless the partner has issued by then: what it has made cannot be taken back. */
export function scheduleWithdrawal(vault: VaultContext, order: PartnerOrder): void {
  const end = (answer: PartnerAnswer): void => {
    const { record, pending } = order;
    if (!isRunning(vault, record, pending)) return;
    if (answer.state === 'issued') accept(vault, order, answer.chain);
    else pending.status = 'cancelled';
  };
  vault.at(later(vault.now(), CANCEL_SECONDS), () => {
    if (!isRunning(vault, order.record, order.pending)) return;
    const answer = ask(vault, order);
    if (answer instanceof Promise) void answer.catch(() => issuerFault()).then(end);
    else end(answer);
  });
}

const isOpen = (vault: VaultContext, { record, pending }: PartnerOrder): boolean =>
  isRunning(vault, record, pending) && !pending.cancellationRequested;

function ask(vault: VaultContext, { record, pending, issuer }: PartnerOrder): PartnerAnswer | Promise<PartnerAnswer> {
  const account = {
    issuer: issuer.name,
    provider: issuer.provider,
    accountId: issuer.credentials.account_id,
    password: issuer.credentials.pwd,
    organizationId: issuer.organization.id,
  };
  const request = {
    vaultName: vault.options.name,
    certificateName: record.name,
    requestId: pending.requestId,
    certificateType: pending.policy.issuer.cty,
    validityMonths: pending.policy.x509_props.validity_months,
    submittedAt: pending.created,
    now: vault.now(),
  };
  try {
    return vault.provider(account, pending.csr, request);
  } catch {
    return issuerFault();
  }
}

/** What a partner's failure may have said stays with it: it may quote the account. */
const issuerFault = (message = 'The issuer could not be reached, or its answer could not be read.'): PartnerAnswer => ({
  state: 'rejected',
  code: 'Certificate issuer error',
  message,
});

function take(vault: VaultContext, order: PartnerOrder, answer: PartnerAnswer): void {
  const { record, pending } = order;
  if (!isOpen(vault, order)) return;
  switch (answer.state) {
    case 'pending':
      if (vault.now() < later(pending.created, LONGEST_ORDER_DAYS * 86_400)) {
        schedulePartner(vault, order, Math.max(1, answer.retryAfterSeconds ?? ASK_SECONDS));
      } else {
        take(vault, order, issuerFault(`The issuer did not answer within ${LONGEST_ORDER_DAYS} days.`));
      }
      return;
    case 'rejected':
      pending.status = 'failed';
      pending.error = { code: answer.code, message: answer.message };
      return;
    case 'issued':
      accept(vault, { record, pending }, answer.chain);
      return;
    default:
      answer satisfies never;
  }
}

function accept(
  vault: VaultContext,
  { record, pending }: Pick<PartnerOrder, 'record' | 'pending'>,
  chain: readonly Uint8Array[],
): void {
  const received = chainFor(pending, chain);
  if (received !== undefined) {
    completePending(vault, record, { received });
    return;
  }
  pending.status = 'failed';
  pending.error = {
    code: 'Certificate issuer error',
    message: 'The issuer sent a certificate that does not belong to the request.',
  };
}

function chainFor(pending: Pending, chain: readonly Uint8Array[]): ReturnType<typeof readChain> {
  try {
    return readChain(chain, pending.key);
  } catch {
    // Bytes that are no certificate belong to no request.
    return undefined;
  }
}
