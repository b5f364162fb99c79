import type { AcmeAccount } from './acme-account.ts';
import type { AcmeClient } from './acme-client.ts';
import { wordsOf } from './acme-problem.ts';
import { crlReasons, type RevokeRequest, type RevokeResult } from './port.ts';

export interface AcmeRevocation {
  readonly client: Pick<AcmeClient, 'directory'>;
  readonly account: Pick<AcmeAccount, 'post'>;
}

/**
 * RFC 8555 7.6, signed by the account: the CA allows it to the account that ordered the certificate, and some to one that
 * has proved all of its names. The key of the certificate itself signs nothing here: it never leaves its vault.
 */
export async function revokeCertificate(
  { client, account }: AcmeRevocation,
  { certificate, reason }: RevokeRequest,
): Promise<RevokeResult> {
  const { revokeCert } = await client.directory();
  if (revokeCert === undefined) return { state: 'refused', reason: 'the CA revokes nothing over ACME' };
  const answer = await account.post(revokeCert, {
    certificate: Buffer.from(certificate, 'base64').toString('base64url'),
    // RFC 5280 5.3.1: a reason that says nothing is left out.
    ...(reason !== 'unspecified' && { reason: crlReasons[reason] }),
  });
  if (answer.state === 'done' || answer.problem.type === 'alreadyRevoked') return { state: 'revoked' };
  return { state: 'refused', reason: wordsOf(answer.problem) };
}
