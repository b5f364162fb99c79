import { AcmeProblem, type Identifier, malformed, unauthorized } from './problem.ts';
import type { Account, IssuedCertificate, Order } from './records.ts';
import type { AcmeServer } from './settings.ts';

interface Replacement {
  readonly account: Account;
  readonly identifiers: readonly Identifier[];
  /** ARI id; absent: the order replaces nothing. */
  readonly id: string | undefined;
}

/** RFC 9773 5: known, of the same account, with a name in common, and not replaced by an order that still counts. */
export function readReplaced(server: AcmeServer, wish: Replacement): IssuedCertificate | undefined {
  const { account, identifiers, id } = wish;
  // A server without renewal information knows no such member, and members that it does not know it passes over.
  if (id === undefined || server.renewalInfoSeconds === 'none') return undefined;
  checkRenewalId(id);
  const certificate = server.records.byRenewalId.get(id);
  if (certificate === undefined) throw malformed('path or replaces field names no certificate of ours', 404);
  if (certificate.account !== account)
    throw unauthorized('requester account did not request the certificate being replaced');
  const names = new Set(certificate.identifiers.map(({ value }) => value));
  if (!identifiers.some(({ value }) => names.has(value))) {
    throw malformed('certificate being replaced shares no identifier with the order');
  }
  if (certificate.replacedBy !== undefined && counts(server, certificate.replacedBy)) {
    throw new AcmeProblem(
      'alreadyReplaced',
      `cannot indicate an order replaces certificate with ID ${id}: it already has a replacement order`,
    );
  }
  return certificate;
}

/** base64url of the key identifier, a dot, base64url of the serial number (RFC 9773 4.1). */
export function checkRenewalId(id: string): void {
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(id)) {
    throw malformed('path contained a certificate ID of the wrong form: key identifier, dot, serial number expected');
  }
}

/** Any that is not invalid. */
function counts({ clock }: AcmeServer, order: Order): boolean {
  if (order.certificate !== undefined) return true;
  const hasFailed = order.authorizations.some(({ status }) => status === 'invalid' || status === 'deactivated');
  return order.error === undefined && !hasFailed && order.expires > clock.now();
}
