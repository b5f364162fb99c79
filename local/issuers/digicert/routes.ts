import { derToPem } from '../../../src/certificate/pem.ts';
import type { EmulatorRequest, EmulatorResponse } from '../../emulator.ts';
import type { Demand, Desk, DeskCertificate } from './desk.ts';
import { DigicertError, empty, json } from './errors.ts';

type Json = Readonly<Record<string, unknown>>;

interface Call {
  readonly desk: Desk;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Json;
}

const routesByShape: readonly (readonly [
  string,
  RegExp,
  (call: Call) => Promise<EmulatorResponse> | EmulatorResponse,
])[] = [
  ['GET', /^\/order\/certificate$/, list],
  ['GET', /^\/order\/certificate\/(\d+)$/, info],
  ['PUT', /^\/order\/certificate\/(\d+)\/status$/, cancel],
  ['GET', /^\/order\/certificate\/(\d+)\/(reissue|duplicate)$/, copies],
  ['POST', /^\/order\/certificate\/(\d+)\/(reissue|duplicate)$/, copy],
  ['POST', /^\/order\/certificate\/(\w+)$/, order],
  ['GET', /^\/certificate\/(\d+)\/download\/format\/pem_all$/, download],
  ['PUT', /^\/certificate\/([0-9A-F]+)\/revoke$/, revoke],
];

const PRODUCTS = ['ssl_basic', 'ssl_securesite_pro', 'ssl_dv_geotrust', 'private_ssl_plus'];

export async function routes(desk: Desk, request: EmulatorRequest, base: string): Promise<EmulatorResponse> {
  const { method, url, body } = request;
  const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) : '';
  for (const [verb, shape, run] of routesByShape) {
    const parts = verb === method ? shape.exec(path)?.slice(1) : undefined;
    if (parts !== undefined) return run({ desk, parts, query: url.searchParams, body: objectIn(body) });
  }
  throw new DigicertError(404, 'not_found|route', 'The specified route was not found.');
}

function objectIn(body: Uint8Array): Json {
  if (body.length === 0) return {};
  try {
    const read: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof read === 'object' && read !== null) return read as Json;
  } catch {
    // Told below, as anything else that is no object.
  }
  throw new DigicertError(400, 'invalid_json', 'The request body is not valid JSON.');
}

async function order({ desk, parts, body }: Call): Promise<EmulatorResponse> {
  const [product = ''] = parts;
  if (!PRODUCTS.includes(product))
    throw new DigicertError(404, 'not_found|product', `Product ${product} was not found.`);
  const { organization } = body as { organization?: { id?: unknown } };
  if (!product.includes('_dv_') && typeof organization?.id !== 'number') {
    throw new DigicertError(400, 'invalid_organization', 'An organization id is required for this product.');
  }
  const days = (body.order_validity as { days?: unknown } | undefined)?.days;
  if (typeof days !== 'number') throw new DigicertError(400, 'invalid_validity', 'order_validity is required.');
  return made(await desk.place('new', demandOf(body, days)));
}

async function copy({ desk, parts, body }: Call): Promise<EmulatorResponse> {
  const [id, mode] = [Number(parts[0]), parts[1] === 'duplicate' ? 'duplicate' : 'reissue'] as const;
  const first = primary(desk, id);
  if (statusOf(desk.ofOrder(id)) !== 'issued') {
    throw new DigicertError(400, `cannot_${mode}`, `Order ${id} is not in a state in which it can be ${mode}d.`);
  }
  return made(await desk.place(mode, demandOf(body, first.days), id));
}

function demandOf(body: Json, days: number): Demand {
  const { csr, common_name: commonName, dns_names: names } = (body.certificate ?? {}) as Json;
  if (typeof csr !== 'string' || typeof commonName !== 'string') {
    throw new DigicertError(400, 'missing_required_param', 'certificate.csr and certificate.common_name are required.');
  }
  const all = [commonName, ...(Array.isArray(names) ? names.map(String) : [])];
  return { csr, commonName, names: [...new Set(all)], days, skipApproval: body.skip_approval === true };
}

function made(one: DeskCertificate): EmulatorResponse {
  const status = one.status === 'needs_approval' ? 'pending' : 'approved';
  return json(201, { id: one.order, requests: [{ id: one.id + 1_000_000, status }], certificate_id: one.id });
}

/** The order's own certificate, or the one that a reissue has put in its place. */
function current(all: readonly DeskCertificate[]): DeskCertificate | undefined {
  const issued = all.filter(({ mode, status }) => mode !== 'duplicate' && status === 'issued');
  return issued.at(-1) ?? all[0];
}

function primary(desk: Desk, id: number): DeskCertificate {
  const first = desk.ofOrder(id)[0];
  if (first === undefined) throw new DigicertError(404, 'not_found|order', `Order ${id} was not found.`);
  return first;
}

function statusOf(all: readonly DeskCertificate[]): string {
  const pending = all.some(({ mode, status }) => mode === 'reissue' && /pending|needs_approval/.test(status));
  if (pending) return 'reissue_pending';
  const one = current(all);
  return one?.revoked !== undefined ? 'revoked' : (one?.status ?? 'pending');
}

function list({ desk, query }: Call): EmulatorResponse {
  const name = query.get('filters[common_name]');
  const ids = [...new Set(desk.all().map((one) => one.order))].toReversed();
  const orders = ids
    .map((id) => desk.ofOrder(id))
    .filter((all) => name === null || all[0]?.commonName === name)
    .slice(0, Number(query.get('limit') ?? 1000))
    .map((all) => ({
      ...{ id: all[0]?.order, status: statusOf(all), certificate: { common_name: all[0]?.commonName } },
      date_created: all[0]?.createdAt.toISOString(),
    }));
  return json(200, { orders, page: { total: orders.length, limit: 1000, offset: 0 } });
}

function info({ desk, parts }: Call): EmulatorResponse {
  const id = Number(parts[0]);
  primary(desk, id);
  const all = desk.ofOrder(id);
  const one = current(all);
  return json(200, {
    ...{ id, status: statusOf(all), date_created: all[0]?.createdAt.toISOString() },
    certificate: {
      common_name: one?.commonName,
      csr: one?.csr,
      ...(one?.der && { id: one.id, serial_number: one.serial }),
    },
    requests: all.map(({ status, comment }) => ({ status, comments: comment ?? '' })),
  });
}

function copies({ desk, parts }: Call): EmulatorResponse {
  const [id, mode] = [Number(parts[0]), parts[1]];
  primary(desk, id);
  const found = desk.ofOrder(id).filter((one) => one.mode === mode && one.status !== 'canceled');
  return json(200, {
    certificates: found.map((one) => ({
      ...{ id: one.id, common_name: one.commonName, csr: one.csr, date_created: one.createdAt.toISOString() },
      status: one.status === 'needs_approval' ? 'pending' : one.status,
    })),
  });
}

function cancel({ desk, parts, body }: Call): EmulatorResponse {
  const id = Number(parts[0]);
  primary(desk, id);
  const open = desk
    .ofOrder(id)
    .filter(({ status, mode }) => /pending|needs_approval/.test(status) && mode !== 'duplicate');
  if (body.status !== 'canceled' || open.length === 0) {
    throw new DigicertError(400, 'invalid_status', `The status of order ${id} cannot be changed to that.`);
  }
  for (const one of open) one.status = 'canceled';
  return empty();
}

function download({ desk, parts }: Call): EmulatorResponse {
  const one = desk.certificates().find(({ id }) => id === Number(parts[0]));
  if (one?.der === undefined) throw new DigicertError(404, 'not_found|certificate', 'The certificate was not found.');
  const body = [one.der, ...(one.above ?? [])].map((der) => derToPem(der)).join('');
  return { status: 200, headers: { 'content-type': 'application/x-pem-file' }, body };
}

function revoke({ desk, parts, body }: Call): EmulatorResponse {
  const serial = String(parts[0]).toLowerCase();
  const one = desk.certificates().find((other) => other.serial === serial);
  if (one === undefined) throw new DigicertError(404, 'not_found|certificate', 'The certificate was not found.');
  if (one.revoked !== undefined) throw new DigicertError(400, 'already_revoked', 'The certificate is already revoked.');
  if (statusOf(desk.ofOrder(one.order)) === 'reissue_pending') {
    throw new DigicertError(400, 'reissue_pending', 'A certificate with a pending reissue cannot be revoked.');
  }
  if (body.skip_approval === true && desk.isAdmin) {
    one.revoked = String(body.revocation_reason ?? 'unspecified');
    return empty();
  }
  one.revocation = 'pending';
  return json(201, {
    id: one.id + 2_000_000,
    type: 'revoke',
    status: 'pending',
    comments: String(body.comments ?? ''),
  });
}
