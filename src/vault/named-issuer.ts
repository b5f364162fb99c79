import type { CertificatePolicy } from '@azure/keyvault-certificates';
import { RenewalError } from '../errors.ts';
import { attempt } from './connection.ts';
import { isConflict, isUnknownIssuer } from './errors.ts';
import { type NamedCertificate, pendingOperation } from './named-certificate.ts';
import { cancelOperation, createOperation, readOperation } from './operation.ts';
import type { NamedIssuerRequest, PendingFacts } from './port.ts';

/**
 * Orders the next version from the issuer of the policy. The policy goes back as it came: key, reuse of the key, names, life
 * and lifetime actions are its owner's. Three calls: pending operation, policy, create. One when the issuer is at it already.
 */
export async function orderFromIssuer(
  certificate: NamedCertificate,
  request: NamedIssuerRequest,
): Promise<PendingFacts> {
  const there = await pendingOperation(certificate);
  if (there?.status === 'inProgress') return ofIssuer(there, request);
  const { client, connection, vault, name } = certificate;
  const policy = await attempt(connection, { action: 'read policy', vault, name }, (abortSignal) =>
    client.getCertificatePolicy(name, { abortSignal }),
  );
  assertIssuer(policy, request);
  const { tags } = request;
  const made = await attempt(connection, { action: 'order', vault, name }, async (limit) => {
    try {
      return await createOperation(client, { name, policy, tags }, limit);
    } catch (error) {
      if (isUnknownIssuer(error)) {
        const message = `key-vault: order failed: vault=${vault}, name=${name}: the vault knows no issuer ${request.issuer}`;
        throw new RenewalError('issuer-misconfigured', message);
      }
      // The client repeats a create that got no answer; the vault then says that one is in progress: it may be ours.
      if (!isConflict(error)) throw error;
      const pending = await readOperation(client, name, limit);
      if (pending?.status !== 'inProgress') throw error;
      return pending;
    }
  });
  return ofIssuer(made, request);
}

/** Issuers of a vault compare without case, as certificates do. */
export function isSameIssuer(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The operation, when that issuer works on it. Whoever asked decides what becomes of another one. */
function ofIssuer(pending: PendingFacts, { vault, name, issuer }: NamedIssuerRequest): PendingFacts {
  if (isSameIssuer(pending.issuer, issuer)) return pending;
  const message = `key-vault: order failed: vault=${vault}, name=${name}: a request with issuer ${pending.issuer} is pending`;
  throw new RenewalError('vault-conflict', message);
}

function assertIssuer(
  { issuerName = 'Unknown' }: CertificatePolicy,
  { vault, name, issuer }: NamedIssuerRequest,
): void {
  if (isSameIssuer(issuerName, issuer)) return;
  const message = `key-vault: order failed: vault=${vault}, name=${name}: the policy names ${issuerName}, not ${issuer}`;
  throw new RenewalError('vault-refused', message);
}

/** Two calls; one when nothing is left to cancel. An operation that has ended meanwhile is answered as it ended. */
export async function requestCancellation(certificate: NamedCertificate): Promise<PendingFacts | undefined> {
  const pending = await pendingOperation(certificate);
  if (pending?.status !== 'inProgress' || pending.cancellationRequested === true) return pending;
  const { client, connection, vault, name } = certificate;
  try {
    return await attempt(connection, { action: 'cancel', vault, name }, (limit) =>
      cancelOperation(client, name, limit),
    );
  } catch (error) {
    const after = await pendingOperation(certificate);
    if (after?.status === 'inProgress' && after.cancellationRequested !== true) throw error;
    return after;
  }
}
