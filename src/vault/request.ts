import type { CertificatePolicy } from '@azure/keyvault-certificates';
import { compareNames, noNames } from '../certificate/alternative-names.ts';
import { readCsr } from '../certificate/csr.ts';
import { isSameSubject, readSubject } from '../certificate/names.ts';
import { RenewalError } from '../errors.ts';
import { attempt } from './connection.ts';
import { isConflict } from './errors.ts';
import { type NamedCertificate, pendingOperation, unlessMissing } from './named-certificate.ts';
import { createOperation, readOperation } from './operation.ts';
import { requestPolicy } from './policy.ts';
import type { CsrRequest, PendingFacts } from './port.ts';

/** Three calls: pending operation, policy, create. One when the operation that was asked for is there already. */
export async function requestCsr(certificate: NamedCertificate, request: CsrRequest): Promise<PendingFacts> {
  const there = await pendingOperation(certificate);
  if (there?.status === 'inProgress') return wanted(there, request);
  // A subject that cannot be compared afterwards is refused before a key is made for it.
  readSubject(request.subject);
  const policy = requestPolicy(request, await livePolicy(certificate));
  const { client, connection, vault, name } = certificate;
  const made = await attempt(connection, { action: 'request', vault, name }, async (limit) => {
    try {
      return await createOperation(client, { name, policy, tags: request.tags }, limit);
    } catch (error) {
      // The client repeats a create that got no answer; the vault then says that one is in progress: it may be ours.
      if (!isConflict(error)) throw error;
      const pending = await readOperation(client, name, limit);
      if (pending?.status !== 'inProgress') throw error;
      return pending;
    }
  });
  return wanted(made, request);
}

/** The operation, when its CSR is the one that was asked for. Whoever asked decides what becomes of another one. */
function wanted(pending: PendingFacts, request: CsrRequest): PendingFacts {
  const difference = differenceFrom(pending, request);
  if (difference === undefined) return pending;
  throw new RenewalError(
    'vault-conflict',
    `key-vault: request failed: vault=${request.vault}, name=${request.name}: another request is pending, its ${difference} differs`,
  );
}

function differenceFrom(pending: PendingFacts, request: CsrRequest): string | undefined {
  if (pending.issuer !== 'Unknown') return 'issuer';
  const csr = readCsr(Buffer.from(pending.csr, 'base64'));
  if (csr.keyType !== request.keyType) return 'key type';
  const names = compareNames({ ...noNames, dns: request.dnsNames }, { ...noNames, dns: csr.names.dns });
  if (names.missing.length > 0 || names.extra.length > 0) return 'list of names';
  return isSameSubject(readSubject(request.subject), csr.subject) ? undefined : 'subject';
}

function livePolicy({ client, connection, vault, name }: NamedCertificate): Promise<CertificatePolicy | undefined> {
  return attempt(connection, { action: 'read policy', vault, name }, (abortSignal) =>
    unlessMissing(client.getCertificatePolicy(name, { abortSignal })),
  );
}
