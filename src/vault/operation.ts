import { createHash } from 'node:crypto';
import type { CertificateClient, CertificatePolicy, CertificatePollerOptions } from '@azure/keyvault-certificates';
import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import { chainOrder } from './chain-order.ts';
import { isMissing } from './errors.ts';
import type { PendingFacts } from './port.ts';

/*
 * The client knows pending operations only as pollers, which hide the CSR of a new operation, throw away what a failed
 * one said, and read more than is asked for. Two of its public options make one call out of each: `onResponse` shows the
 * operation as it came, and an abort signal ends the poller before its next call.
 */

/** A poller that is told that it has begun starts with the operation, not with the certificate. */
const RESUMED = JSON.stringify({ state: { isStarted: true } });

const wireOperation = z.object({
  status: z.enum(['inProgress', 'completed', 'cancelled', 'failed']),
  csr: z.string().default(''),
  request_id: z.string().default(''),
  issuer: z.object({ name: z.string().default('Unknown') }).default({ name: 'Unknown' }),
  cancellation_requested: z.boolean().nullish(),
  error: z.object({ code: z.string().optional(), message: z.string().optional() }).nullish(),
});

/** One call: GET …/pending. */
export async function readOperation(
  client: CertificateClient,
  name: string,
  limit: AbortSignal,
): Promise<PendingFacts | undefined> {
  try {
    return await firstOperation(limit, (options) =>
      client.getCertificateOperation(name, { ...options, resumeFrom: RESUMED }),
    );
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A poller that is told that it has ended makes no call of its own. */
const ENDED = JSON.stringify({ state: { isStarted: true, isCompleted: true } });

/** One call: PATCH …/pending. */
export function cancelOperation(client: CertificateClient, name: string, limit: AbortSignal): Promise<PendingFacts> {
  return firstOperation(limit, async (options) => {
    const poller = await client.getCertificateOperation(name, { ...options, resumeFrom: ENDED });
    await poller.cancelOperation();
  });
}

export interface NewOperation {
  readonly name: string;
  readonly policy: CertificatePolicy;
  readonly tags: Readonly<Record<string, string>>;
}

/** One call: POST …/create, whose answer carries the CSR already. */
export function createOperation(
  client: CertificateClient,
  { name, policy, tags }: NewOperation,
  limit: AbortSignal,
): Promise<PendingFacts> {
  const { preserveCertificateOrder } = chainOrder;
  return firstOperation(limit, (options) =>
    client.beginCreateCertificate(name, policy, { ...options, tags: { ...tags }, preserveCertificateOrder }),
  );
}

async function firstOperation(
  limit: AbortSignal,
  begin: (options: CertificatePollerOptions) => Promise<unknown>,
): Promise<PendingFacts> {
  const enough = new AbortController();
  let seen: unknown;
  const options: CertificatePollerOptions = {
    abortSignal: AbortSignal.any([limit, enough.signal]),
    onResponse: ({ status, parsedBody }) => {
      if (status !== 200 && status !== 202) return;
      seen ??= parsedBody;
      enough.abort();
    },
  };
  try {
    await begin(options);
  } catch (error) {
    // The poller was ended by us, or complains of an operation that failed: the operation itself tells.
    if (seen === undefined) throw error;
  }
  return pendingFacts(seen);
}

/** Reads the operation as it came over the wire. */
export function pendingFacts(wire: unknown): PendingFacts {
  const read = wireOperation.safeParse(wire);
  if (!read.success) {
    throw new RenewalError(
      'vault-refused',
      `key-vault: the certificate operation cannot be read: ${read.error.message}`,
    );
  }
  const { status, csr, request_id, issuer, error, cancellation_requested } = read.data;
  return {
    status,
    csr,
    csrSha256: createHash('sha256').update(Buffer.from(csr, 'base64')).digest('hex'),
    issuer: issuer.name,
    requestId: request_id,
    ...(cancellation_requested === true && { cancellationRequested: true as const }),
    ...(error && { error: `${error.code ?? 'none'}: ${error.message ?? ''}`.slice(0, 400) }),
  };
}
