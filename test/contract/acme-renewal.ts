import { createCsr, createKeys, type Keys } from '../../local/pki.ts';
import type { Issuer, OrderRequest, OrderStatus } from '../../src/issuers/port.ts';
import { DOMAIN, type EmulatedAcme } from './acme-bench.ts';

let made: Promise<Keys> | undefined;

/** A request for these names; all have one key, which is slow to make. */
export async function requestOf(dns: readonly string[], replaces?: string): Promise<OrderRequest> {
  made ??= createKeys('P-256');
  const der = createCsr({ subject: `CN=${dns[0]}`, names: { dns }, keys: await made });
  const csr = Buffer.from(der).toString('base64');
  return { renewalId: 'renewal', csr, validityDays: 90, ...(replaces !== undefined && { replaces }) };
}

export const names = [`www.${DOMAIN}`, `*.${DOMAIN}`];

/** Places an order and polls it, as long as it takes; with what each poll answered. */
export async function renew(
  bench: EmulatedAcme,
  dns = names,
  by: Issuer = bench.issuer,
  replaces?: string,
): Promise<readonly OrderStatus[]> {
  const request = await requestOf(dns, replaces);
  const placed = await by.submit(request);
  if ('state' in placed) return [placed];
  const statuses: OrderStatus[] = [];
  for (let polls = 0; polls < 30; polls++) {
    const status = await by.poll({ ...placed, csr: async () => request.csr });
    statuses.push(status);
    if (status.state !== 'pending') break;
    bench.clock.advance(status.retryAfterSeconds * 1000);
  }
  return statuses;
}

/** The leaf (base64 DER) of a renewal that is expected to end well. */
export async function issued(bench: EmulatedAcme, replaces?: string): Promise<string> {
  const status = last(await renew(bench, names, bench.issuer, replaces));
  if (status?.state !== 'issued') throw new TypeError(JSON.stringify(status));
  return status.chain[0] ?? '';
}

export async function using<T>(bench: Promise<EmulatedAcme>, run: (bench: EmulatedAcme) => Promise<T>): Promise<T> {
  const open = await bench;
  try {
    return await run(open);
  } finally {
    await open.close();
  }
}

export const last = (statuses: readonly OrderStatus[]): OrderStatus | undefined => statuses.at(-1);
