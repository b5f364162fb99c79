import { subjectText } from '../../../src/certificate/names.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import type { StandClock } from '../../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../../emulator.ts';
import { createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { aboveOf } from '../certify.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { retryAfterOf, troubleOf, truncated } from '../trouble.ts';
import { EjbcaError, enrol, finalize, type Issued, type Registration, WaitingForApproval } from './enrolments.ts';

export interface EjbcaOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  readonly faults?: readonly IssuerFault[];
  readonly certificateAuthority?: string;
  readonly certificateProfile?: string;
  readonly endEntityProfile?: string;
  /** DNS suffixes that the end entity profile allows; absent: every name. */
  readonly suffixes?: readonly string[];
  readonly lifeDays?: number;
  /** Whether somebody has to approve each new end entity. */
  readonly approval?: boolean;
  /** Whether an answer tells the number of a request apart from its words, as newer versions do. */
  readonly tellsRequests?: boolean;
}

/** EJBCA's REST API, version 1, with what only its owner sees and does. */
export interface EjbcaEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs. */
  roots(): readonly Buffer[];
  certificates(): readonly Issued[];
}

export interface EjbcaServer extends Required<Pick<EjbcaOptions, 'clock' | 'lifeDays' | 'approval'>> {
  readonly suffixes: readonly string[] | undefined;
  readonly tellsRequests: boolean;
  readonly names: { readonly ca: string; readonly certificateProfile: string; readonly endEntityProfile: string };
  readonly faults: IssuerFaults;
  readonly authorities: Authorities;
  readonly registration: Registration;
}

export function createEjbca(options: EjbcaOptions): EjbcaEmulator {
  const { clock, keyPool, suffixes, lifeDays = 90, approval = false, tellsRequests = true } = options;
  const chance = createChance(options.random);
  const faults = createIssuerFaults(chance, options.faults);
  const server: EjbcaServer = {
    ...{ clock, suffixes, lifeDays, approval, tellsRequests, faults },
    names: {
      ca: options.certificateAuthority ?? 'Stand EJBCA',
      certificateProfile: options.certificateProfile ?? 'SERVER',
      endEntityProfile: options.endEntityProfile ?? 'servers',
    },
    authorities: createAuthorities({ called: 'Stand EJBCA', clock, chance, keyPool }),
    registration: { endEntities: new Map(), requests: new Map(), certificates: [] },
  };
  return {
    faults,
    roots: () => server.authorities.roots(),
    certificates: () => server.registration.certificates,
    handle: async (request) => truncated(faults, await answerOf(server, request)),
  };
}

interface Call {
  readonly ids: readonly string[];
  readonly url: URL;
  /** What of the body is an object. */
  readonly body: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly method: string;
  readonly path: RegExp;
  readonly run: (server: EjbcaServer, call: Call) => EmulatorResponse | Promise<EmulatorResponse>;
}

const operations: readonly Operation[] = [
  { method: 'POST', path: /^\/certificate\/pkcs10enroll$/, run: pkcs10enroll },
  { method: 'POST', path: /^\/certificate\/(\d+)\/finalize$/, run: finalizeEnrolment },
  { method: 'POST', path: /^\/certificate\/search$/, run: search },
  { method: 'GET', path: /^\/ca\/([^/]+)\/certificate\/download$/, run: download },
  { method: 'PUT', path: /^\/certificate\/([^/]+)\/([^/]+)\/revoke$/, run: revoke },
];

const BASE = '/ejbca/ejbca-rest-api/v1';

async function answerOf(server: EjbcaServer, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { pathname } = request.url;
  const trouble = troubleOf(server.faults, pathname.endsWith('/pkcs10enroll'));
  if (trouble !== undefined) return failure(trouble.status, 'General failure.', retryAfterOf(trouble));
  try {
    return await operate(server, request);
  } catch (error) {
    if (error instanceof EjbcaError) return failure(error.status, error.message);
    if (!(error instanceof WaitingForApproval)) throw error;
    const told = server.tellsRequests ? { request_id: error.request } : {};
    return jsonResponse(202, { status_code: 202, info_message: error.message, ...told });
  }
}

function operate(server: EjbcaServer, request: EmulatorRequest): EmulatorResponse | Promise<EmulatorResponse> {
  const path = request.url.pathname.startsWith(`${BASE}/`) ? request.url.pathname.slice(BASE.length) : '';
  const found = operations.find((operation) => operation.path.test(path));
  if (found === undefined)
    return { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>Not found</html>' };
  if (request.method !== found.method) throw new EjbcaError(405, 'Method not allowed');
  if (request.clientCertificate === undefined || server.faults.strike('credentials-refused')) {
    throw new EjbcaError(403, 'Authentication failed: no client certificate of an administrator.');
  }
  const ids = (found.path.exec(path) ?? []).slice(1).map(decodeURIComponent);
  const body = jsonBody(request);
  const isObject = typeof body === 'object' && body !== null;
  if (request.method === 'POST' && !isObject) throw new EjbcaError(400, 'Malformed request');
  return found.run(server, { ids, url: request.url, body: isObject ? (body as Call['body']) : {} });
}

async function pkcs10enroll(server: EjbcaServer, { body }: Call): Promise<EmulatorResponse> {
  const { der } = await enrol(server, body);
  const above = aboveOf(server.authorities, server.faults, []);
  const chain = body.include_chain === true ? { certificate_chain: above.map((one) => one.toString('base64')) } : {};
  return jsonResponse(201, { ...shapeOf(der, 'once'), ...chain });
}

async function finalizeEnrolment(server: EjbcaServer, { ids, body }: Call): Promise<EmulatorResponse> {
  return jsonResponse(201, shapeOf((await finalize(server, Number(ids[0]), body)).der, 'once'));
}

/** One criterion is understood: an end entity by its whole name. */
function search({ registration }: EjbcaServer, { body }: Call): EmulatorResponse {
  const [criterion, ...more] = Array.isArray(body.criteria) ? body.criteria : [];
  const { property, operation, value } = (criterion ?? {}) as Record<string, unknown>;
  if (more.length > 0 || property !== 'QUERY' || operation !== 'EQUAL')
    throw new EjbcaError(400, 'Invalid criteria value.');
  const most = Number(body.max_number_of_results);
  if (!(most > 0)) throw new EjbcaError(400, 'Invalid maximum number of results, must be more than 0.');
  const found = registration.certificates.filter(({ username }) => username === value);
  const certificates = found.slice(0, most).map(({ der }) => shapeOf(der, 'twice'));
  return jsonResponse(200, { certificates, more_results: found.length > most });
}

/** The CA and those above it with the root, in PEM. */
function download(server: EjbcaServer, { ids }: Call): EmulatorResponse {
  const above = aboveOf(server.authorities, server.faults, []);
  const [issuing] = server.authorities.chains()[0] ?? [];
  if (issuing === undefined || subjectText(readCertificate(issuing).subject) !== ids[0]) {
    throw new EjbcaError(404, `CA doesn't exist with id: ${ids[0]}`);
  }
  const [root] = server.authorities.roots();
  const body = [...above, root].map((der) => derToPem(der)).join('');
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
}

const reasons = ['UNSPECIFIED', 'KEY_COMPROMISE', 'AFFILIATION_CHANGED', 'SUPERSEDED', 'CESSATION_OF_OPERATION'];

function revoke({ registration, clock }: EjbcaServer, { ids, url }: Call): EmulatorResponse {
  const [dn = '', serial = ''] = ids;
  const reason = url.searchParams.get('reason') ?? '';
  if (!reasons.includes(reason)) throw new EjbcaError(400, 'Invalid revocation reason.');
  if (!/^(?:0x)?[0-9a-f]+$/i.test(serial)) throw new EjbcaError(400, 'Invalid serial number format.');
  const found = registration.certificates.find((one) => {
    const { issuer, serial: own } = readCertificate(one.der);
    return subjectText(issuer) === dn && BigInt(`0x${own}`) === BigInt(`0x${serial.replace(/^0x/i, '')}`);
  });
  if (found === undefined) throw new EjbcaError(404, `Certificate with serial number ${serial} was not found.`);
  if (found.revoked !== undefined)
    throw new EjbcaError(409, `Certificate with serial number ${serial} is already revoked.`);
  found.revoked = reason;
  return jsonResponse(200, {
    ...{ issuer_dn: dn, serial_number: serial, revocation_reason: reason, revoked: true },
    ...{ revocation_date: clock.now().toISOString(), message: 'Successfully revoked' },
  });
}

function shapeOf(der: Buffer, encoded: 'once' | 'twice'): object {
  const once = der.toString('base64');
  return {
    certificate: encoded === 'once' ? once : Buffer.from(once).toString('base64'),
    serial_number: readCertificate(der).serial.toUpperCase(),
    response_format: 'DER',
  };
}

function failure(status: number, message: string, headers: Record<string, string> = {}): EmulatorResponse {
  return jsonResponse(status, { error_code: status, error_message: message }, headers);
}
