import { derToPem } from '../../../src/certificate/pem.ts';
import type { StandClock } from '../../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../../emulator.ts';
import { createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { aboveOf, certifyAt } from '../certify.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { readSubmittedCsr } from '../submitted-csr.ts';
import { retryAfterOf, troubleOf, truncated } from '../trouble.ts';

export interface GlobalSignOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  readonly faults?: readonly IssuerFault[];
  readonly apiKey: string;
  readonly apiSecret: string;
  /** DNS suffixes of the account's verified domains; absent: every name. */
  readonly suffixes?: readonly string[];
  readonly longestDays?: number;
  /** From the order to the certificate. */
  readonly issuanceSeconds?: number;
}

export interface IssuedAtGlobalSign {
  /** Upper-case hex without leading zeros. */
  readonly serial: string;
  readonly der: Buffer;
  readonly hosts: readonly string[];
  readonly readyAt: number;
  /** The reason. */
  revoked?: string;
}

/** GlobalSign's Atlas API (HVCA), version 2, with what only its owner sees and does. */
export interface GlobalSignEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs. */
  roots(): readonly Buffer[];
  certificates(): readonly IssuedAtGlobalSign[];
  /** How often somebody logged in. */
  readonly logins: () => number;
}

interface Server {
  readonly options: GlobalSignOptions;
  readonly faults: IssuerFaults;
  readonly authorities: Authorities;
  readonly issued: IssuedAtGlobalSign[];
  /** Tokens and when they end. */
  readonly tokens: Map<string, number>;
  readonly newToken: () => string;
}

/** A problem in the form of the API. */
class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, description: string, errors?: Readonly<Record<string, string>>) {
    super(description);
    this.status = status;
    this.errors = errors;
  }
}

const TOKEN_MILLISECONDS = 10 * 60_000;
const BASE = '/v2';

export function createGlobalSign(options: GlobalSignOptions): GlobalSignEmulator {
  const { clock, keyPool } = options;
  const chance = createChance(options.random);
  const faults = createIssuerFaults(chance, options.faults);
  const authorities = createAuthorities({ called: 'Stand Atlas', clock, chance, keyPool });
  const server: Server = {
    ...{ options, faults, authorities, issued: [], tokens: new Map() },
    newToken: () => chance.bytes(24).toString('base64url'),
  };
  return {
    faults,
    roots: () => authorities.roots(),
    certificates: () => server.issued,
    logins: () => server.tokens.size,
    handle: async (request) => truncated(faults, await answerOf(server, request)),
  };
}

async function answerOf(server: Server, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { method, url } = request;
  const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) : '';
  const trouble = troubleOf(server.faults, method === 'POST' && path === '/certificates');
  if (trouble !== undefined) return problem(trouble.status, 'service unavailable', retryAfterOf(trouble));
  try {
    return await operate(server, request, path);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { status, message, errors } = error;
    return problem(status, message, {}, errors);
  }
}

function operate(server: Server, request: EmulatorRequest, path: string): EmulatorResponse | Promise<EmulatorResponse> {
  const { method, url } = request;
  if (request.clientCertificate === undefined) throw new Problem(401, 'client certificate required');
  if (method === 'POST' && path === '/login') return login(server, request);
  authorize(server, request);
  const [, serial] = /^\/certificates\/([0-9A-Fa-f]+)$/.exec(path) ?? [];
  if (method === 'POST' && path === '/certificates') return order(server, request);
  if (method === 'GET' && path === '/trustchain') return trustChain(server);
  if (method === 'GET' && path === '/stats/issued') return listIssued(server, url);
  if (method === 'GET' && serial !== undefined) return show(server, serial);
  if (method === 'PATCH' && serial !== undefined) return revoke(server, serial, request);
  throw new Problem(404, 'not found');
}

function login(server: Server, request: EmulatorRequest): EmulatorResponse {
  const { apiKey, apiSecret, clock } = server.options;
  const body = objectIn(request);
  const isRight = body.api_key === apiKey && body.api_secret === apiSecret;
  if (!isRight || server.faults.strike('credentials-refused')) throw new Problem(401, 'login failed');
  const token = server.newToken();
  server.tokens.set(token, clock.now().getTime() + TOKEN_MILLISECONDS);
  return jsonResponse(200, { access_token: token });
}

function authorize({ tokens, options, faults }: Server, { headers }: EmulatorRequest): void {
  const [, token = ''] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? [];
  const until = tokens.get(token);
  const isOver = until === undefined || until <= options.clock.now().getTime();
  if (isOver || faults.strike('credentials-refused')) throw new Problem(401, 'unauthorized');
}

async function order(server: Server, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { options, faults } = server;
  const body = objectIn(request);
  const submitted = await readSubmittedCsr(body.public_key);
  if (submitted.state !== 'read') throw new Problem(422, 'invalid public key', { public_key: 'not a valid PKCS#10' });
  const { dns_names: wished } = partOf(body, 'san');
  const hosts = Array.isArray(wished) ? wished.map(String) : [];
  const { common_name: commonName } = partOf(body, 'subject_dn');
  checkNames(options, typeof commonName === 'string' ? [...hosts, commonName] : hosts);
  const life = lifeOf(options, partOf(body, 'validity'));
  if (faults.strike('rejected', hosts)) throw new Problem(422, 'request violates the validation policy');
  const wish = { spki: submitted.csr.spki, names: hosts, ...(typeof commonName === 'string' && { commonName }) };
  const made = certifyAt(server, { ...wish, ...life });
  const serial = made.serial.replace(/^(?:00)+(?=.)/, '').toUpperCase();
  const readyAt = options.clock.now().getTime() + (options.issuanceSeconds ?? 2) * 1000;
  server.issued.push({ serial, der: made.der, hosts, readyAt });
  return { status: 201, headers: { location: `${request.url.origin}${BASE}/certificates/${serial}` } };
}

/** Names come from the body alone: those of the request are not read. */
function checkNames({ suffixes }: GlobalSignOptions, names: readonly string[]): void {
  if (names.length === 0) throw new Problem(422, 'invalid request', { 'san.dns_names': 'at least one is required' });
  const isOurs = (name: string) => suffixes?.some((suffix) => name === suffix || name.endsWith(`.${suffix}`)) ?? true;
  const stranger = names.find((name) => !isOurs(name));
  if (stranger !== undefined) {
    throw new Problem(422, 'request violates the validation policy', {
      'san.dns_names': `${stranger} is not verified`,
    });
  }
}

function lifeOf(
  { longestDays = 397 }: GlobalSignOptions,
  { not_before: from, not_after: to }: Record<string, unknown>,
) {
  if (typeof from !== 'number' || typeof to !== 'number' || to <= from) {
    throw new Problem(422, 'invalid request', { validity: 'not_before and not_after are required' });
  }
  if (to - from > longestDays * 86_400) {
    throw new Problem(422, 'request violates the validation policy', { validity: `longer than ${longestDays} days` });
  }
  return { notBefore: new Date(from * 1000), notAfter: new Date(to * 1000) };
}

function trustChain({ authorities, faults }: Server): EmulatorResponse {
  const [root] = authorities.roots();
  return jsonResponse(
    200,
    [...aboveOf(authorities, faults, []), root].map((der) => derToPem(der)),
  );
}

function show({ issued, options, faults }: Server, serial: string): EmulatorResponse {
  const found = issued.find((one) => one.serial === serial.toUpperCase());
  const isReady = found !== undefined && found.readyAt <= options.clock.now().getTime();
  if (found === undefined || !isReady || faults.strike('held', found.hosts))
    throw new Problem(404, 'certificate not found');
  const status = found.revoked === undefined ? 'ISSUED' : 'REVOKED';
  return jsonResponse(200, { certificate: derToPem(found.der), status, updated_at: Math.floor(found.readyAt / 1000) });
}

function listIssued({ issued }: Server, url: URL): EmulatorResponse {
  const number = (name: string): number => Number(url.searchParams.get(name) ?? Number.NaN) * 1000;
  const found = issued.filter(({ readyAt }) => readyAt >= number('from') && readyAt <= number('to'));
  const most = Number(url.searchParams.get('per_page') ?? 100);
  const shapes = found.slice(0, most).map(({ serial }) => ({ serial_number: serial }));
  return jsonResponse(200, shapes, { 'total-count': String(found.length) });
}

const reasons = ['unspecified', 'affiliationChanged', 'keyCompromise', 'superseded', 'cessationOfOperation'];

function revoke({ issued }: Server, serial: string, request: EmulatorRequest): EmulatorResponse {
  const { revocation_reason: reason } = objectIn(request);
  const found = issued.find((one) => one.serial === serial.toUpperCase());
  if (found === undefined) throw new Problem(404, 'certificate not found');
  if (typeof reason !== 'string' || !reasons.includes(reason)) {
    throw new Problem(422, 'invalid request', { revocation_reason: 'not one that is known' });
  }
  if (found.revoked !== undefined) throw new Problem(422, 'certificate is already revoked');
  found.revoked = reason;
  return { status: 204, headers: {} };
}

function objectIn(request: EmulatorRequest): Readonly<Record<string, unknown>> {
  const body = jsonBody(request);
  if (typeof body !== 'object' || body === null) throw new Problem(400, 'malformed request');
  return body as Readonly<Record<string, unknown>>;
}

function partOf(body: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  const part = body[name];
  return typeof part === 'object' && part !== null ? (part as Record<string, unknown>) : {};
}

function problem(
  status: number,
  description: string,
  headers: Record<string, string> = {},
  errors?: Readonly<Record<string, string>>,
): EmulatorResponse {
  const body = { description, ...(errors !== undefined && { errors }) };
  return jsonResponse(status, body, { 'content-type': 'application/problem+json', ...headers });
}
