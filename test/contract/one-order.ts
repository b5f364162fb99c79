import { createCsr, type Keys } from '../../local/pki.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import type { CertificateDetails } from '../../src/certificate/types.ts';
import type { Issuer, OrderRequest, OrderStatus, PlacedOrder } from '../../src/issuers/port.ts';

/** Asks for a certificate of 90 days. */
export function orderFor(keys: Keys, dns: readonly string[], renewalId = 'renewal-1-AAAA'): OrderRequest {
  const csr = Buffer.from(createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys })).toString('base64');
  return { renewalId, csr, validityDays: 90 };
}

/** The order; a rejection is thrown. */
export async function placed(by: Issuer, request: OrderRequest): Promise<PlacedOrder> {
  const order = await by.submit(request);
  if ('state' in order) throw new TypeError(order.reason);
  return { ...order, csr: async () => request.csr };
}

/** Runs with a bench that is closed whatever happens. */
export async function using<B extends { readonly close: () => Promise<void> }, T>(
  starting: Promise<B>,
  run: (bench: B) => Promise<T>,
): Promise<T> {
  const bench = await starting;
  try {
    return await run(bench);
  } finally {
    await bench.close();
  }
}

/** The leaf of what must have been issued. */
export function leafOf(status: OrderStatus): CertificateDetails {
  if (status.state !== 'issued') throw new TypeError(JSON.stringify(status));
  return readCertificate(Buffer.from(status.chain[0] ?? '', 'base64'));
}
