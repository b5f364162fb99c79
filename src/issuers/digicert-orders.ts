import { z } from 'zod';
import { readCsr } from '../certificate/csr.ts';
import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import { RenewalError } from '../errors.ts';
import type { DigicertMode } from '../plan/issuers/digicert.ts';
import type { DigicertClient } from './digicert-client.ts';

const number = z.number().int();
const text = z.string();

/** GET /order/certificate/{id}: what is looked at. */
const orderShape = z.looseObject({
  id: number,
  status: text,
  date_created: text.optional().catch(undefined),
  certificate: z.looseObject({ id: number.optional().catch(undefined), csr: text.optional().catch(undefined) }),
  requests: z
    .array(z.looseObject({ status: text.optional().catch(undefined), comments: text.optional().catch(undefined) }))
    .catch([]),
});
export type DigicertOrder = z.infer<typeof orderShape>;

const listShape = z.looseObject({
  orders: z
    .array(z.looseObject({ id: number, status: text, date_created: text.optional().catch(undefined) }))
    .catch([]),
});

/** GET /order/certificate/{id}/reissue and …/duplicate. */
const certificatesShape = z.looseObject({
  certificates: z
    .array(
      z.looseObject({
        id: number,
        status: text,
        csr: text.optional().catch(undefined),
        date_created: text.optional().catch(undefined),
      }),
    )
    .catch([]),
});
export type DigicertCertificate = z.infer<typeof certificatesShape>['certificates'][number];

/** Ends of an order with which it is over. */
export const ends: readonly string[] = ['rejected', 'canceled', 'revoked', 'expired'];

export function orderOf(client: DigicertClient, id: number): Promise<DigicertOrder | undefined> {
  return client.read(`/order/certificate/${id}`, orderShape);
}

/** Newest first, as many as a busy name may have had while one answer was lost, and no older than a CSR may be. */
const LOOKED_AT = 20;
const OLDEST_MILLISECONDS = 60 * 86_400_000;

/**
 * The order of ours that was made with this CSR and has not ended: `filters[common_name]` finds the candidates, the CSR
 * of each tells which it is, because no key is asked for twice.
 */
export async function findOrder(
  client: DigicertClient,
  { commonName, spkiSha256, now }: { readonly commonName: string; readonly spkiSha256: string; readonly now: Date },
): Promise<number | undefined> {
  const query = `filters[common_name]=${encodeURIComponent(commonName)}&sort=-date_created&limit=${LOOKED_AT}`;
  const list = await client.read(`/order/certificate?${query}`, listShape);
  for (const { id, status, date_created: created } of list?.orders ?? []) {
    const isOld = Date.parse(created ?? '') < now.getTime() - OLDEST_MILLISECONDS;
    if (ends.includes(status) || isOld) continue;
    const order = await orderOf(client, id);
    if (isOfKey(order?.certificate.csr, spkiSha256)) return id;
  }
  return undefined;
}

const goodness = ['issued', 'approved', 'pending'];

/** The reissue or duplicate that was asked for with this key: an issued one before one that waits, before one that was rejected. */
export async function findCertificate(
  client: DigicertClient,
  { order, mode, spkiSha256 }: { readonly order: number; readonly mode: DigicertMode; readonly spkiSha256: string },
): Promise<DigicertCertificate | undefined> {
  const list = await client.read(`/order/certificate/${order}/${mode}`, certificatesShape);
  if (list === undefined) throw new RenewalError('issuer-misconfigured', `digicert: there is no order ${order}`);
  const rank = ({ status }: DigicertCertificate): number => {
    const place = goodness.indexOf(status);
    return place < 0 ? goodness.length : place;
  };
  return list.certificates.filter(({ csr }) => isOfKey(csr, spkiSha256)).toSorted((a, b) => rank(a) - rank(b))[0];
}

/** `csr` is PEM, with or without line breaks. */
function isOfKey(csr: string | undefined, spkiSha256: string): boolean {
  try {
    const der = Buffer.from((csr ?? '').replace(/-----[A-Z ]+-----/g, ''), 'base64');
    return readCsr(der).spkiSha256 === spkiSha256;
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return false;
    throw error;
  }
}

/** base64 DERs, leaf first, when this certificate is for that key: never the newest for its own sake. */
export async function download(
  client: DigicertClient,
  certificate: number,
  spkiSha256: string,
): Promise<readonly string[] | undefined> {
  const answer = await client.call('GET', `/certificate/${certificate}/download/format/pem_all`);
  const found = answer.status === 200 ? findCertificates(answer.text) : undefined;
  if (found?.state !== 'read') {
    const told = found === undefined ? `status ${answer.status}` : found.detail;
    throw new RenewalError('issuer-unreachable', `digicert: download failed: certificate=${certificate}: ${told}`);
  }
  const [leaf, ...rest] = found.ders;
  if (leaf === undefined || readCertificate(leaf).spkiSha256 !== spkiSha256) return undefined;
  return [leaf, ...rest].map((der) => Buffer.from(der).toString('base64'));
}
