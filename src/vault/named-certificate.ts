import type { CertificateClient } from '@azure/keyvault-certificates';
import { attempt, type VaultConnection } from './connection.ts';
import { isMissing } from './errors.ts';
import { readOperation } from './operation.ts';
import type { CertificateRef, PendingFacts } from './port.ts';

/** A certificate and the way to its vault. */
export interface NamedCertificate extends CertificateRef {
  readonly client: CertificateClient;
  readonly connection: VaultConnection;
}

export function pendingOperation({
  client,
  connection,
  vault,
  name,
}: NamedCertificate): Promise<PendingFacts | undefined> {
  return attempt(connection, { action: 'read operation', vault, name }, (limit) => readOperation(client, name, limit));
}

export async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
