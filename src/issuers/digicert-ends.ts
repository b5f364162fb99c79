import { z } from 'zod';
import { readCertificate } from '../certificate/read.ts';
import { RenewalError } from '../errors.ts';
import type { Digicert, Reference } from './digicert.ts';
import { wordsOf } from './digicert-client.ts';
import { orderOf } from './digicert-orders.ts';
import { readJson } from './json-answer.ts';
import type { CancelResult, RevocationReason, RevokeRequest, RevokeResult } from './port.ts';

/** `new` cancels the order, `reissue` what is pending of it; never an order that has a certificate. */
export async function cancel({ client }: Digicert, { mode, order: id }: Reference): Promise<CancelResult> {
  if (mode === 'duplicate') return { state: 'too-late', reason: 'CertCentral cancels no duplicate' };
  const order = await orderOf(client, id);
  if (order === undefined || order.status === 'canceled' || order.status === 'rejected') return { state: 'cancelled' };
  const open = mode === 'new' ? ['pending', 'needs_approval', 'waiting_pickup'] : ['reissue_pending'];
  if (!open.includes(order.status)) return { state: 'too-late', reason: `order ${id} is ${order.status}` };
  const body = { status: 'canceled', note: 'Cancelled by Perennial' };
  const answer = await client.call('PUT', `/order/certificate/${id}/status`, body);
  return answer.status < 300 ? { state: 'cancelled' } : { state: 'too-late', reason: wordsOf(answer) };
}

const reasons: Readonly<Record<RevocationReason, string>> = {
  unspecified: 'unspecified',
  keyCompromise: 'key_compromise',
  affiliationChanged: 'affiliation_changed',
  superseded: 'superseded',
  cessationOfOperation: 'cessation_of_operation',
};

const requestShape = z.looseObject({ id: z.number().int(), status: z.string() });

/** One certificate, by its serial number: never the order. Without `skipApproval` an administrator has to agree first. */
export async function revoke(
  { plan, client }: Digicert,
  { certificate, reason }: RevokeRequest,
): Promise<RevokeResult> {
  const { serial } = readCertificate(Buffer.from(certificate, 'base64'));
  const answer = await client.call('PUT', `/certificate/${serial.toUpperCase()}/revoke`, {
    ...{ revocation_reason: reasons[reason], comments: `Perennial: ${reason}`, skip_approval: plan.skipApproval },
  });
  if (answer.status === 204 || (answer.status < 300 && answer.text.trim() === '')) return { state: 'revoked' };
  if (answer.status < 300) {
    const request = readJson(answer, requestShape);
    if (request === undefined) throw new RenewalError('issuer-unreachable', 'digicert: revoke failed: not readable');
    return { state: 'requested', detail: `request ${request.id} is ${request.status} at CertCentral` };
  }
  const words = wordsOf(answer);
  return /already (?:been )?revoked/i.test(words) ? { state: 'revoked' } : { state: 'refused', reason: words };
}
