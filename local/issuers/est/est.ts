import { timingSafeEqual } from 'node:crypto';
import type { StandClock } from '../../clock.ts';
import type { Emulator, EmulatorRequest, EmulatorResponse } from '../../emulator.ts';
import { createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { aboveOf } from '../certify.ts';
import { certsOnly } from '../certs-only.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { retryAfterOf, troubleOf, truncated } from '../trouble.ts';
import { createEnrolments, type Enrolments } from './enrolments.ts';

export interface EstOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  /** Its keys and certificates; made anew by default. */
  readonly authorities?: Authorities;
  readonly faults?: readonly IssuerFault[];
  /** Passwords by user. Whoever comes with a TLS client certificate that is believed needs none. */
  readonly users?: Readonly<Record<string, string>>;
  /** The path segment after `/.well-known/est`. */
  readonly label?: string;
  /** DNS suffixes that it certifies; absent: every name. */
  readonly suffixes?: readonly string[];
  readonly lifeDays?: number;
  /** For how long somebody looks at each request. */
  readonly pendingSeconds?: number;
  /** When a request that waits is to come again; 30 seconds by default. */
  readonly retrySeconds?: number;
  /** DER of what it wants in a CSR (RFC 7030 4.5.2); absent: it has no wishes, and says 204. */
  readonly attributes?: Uint8Array;
  /** Whether base64 comes in lines of 64 characters; RFC 8951 has both read. */
  readonly lineBreaks?: boolean;
}

/** An EST server (RFC 7030, RFC 8951), with what only its owner sees and does. */
export interface EstEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs. */
  roots(): readonly Buffer[];
  /** DERs of all leaves that it has made. */
  certificates(): readonly Buffer[];
}

interface EstServer {
  readonly options: EstOptions;
  readonly faults: IssuerFaults;
  readonly authorities: Authorities;
  readonly enrolments: Enrolments;
}

export function createEst(options: EstOptions): EstEmulator {
  const { clock, keyPool } = options;
  const chance = createChance(options.random);
  const faults = createIssuerFaults(chance, options.faults);
  const authorities = options.authorities ?? createAuthorities({ called: 'Stand EST', clock, chance, keyPool });
  const enrolments = createEnrolments({ ...options, authorities, faults });
  const server = { options, faults, authorities, enrolments };
  return {
    faults,
    roots: () => authorities.roots(),
    certificates: enrolments.certificates,
    handle: async (request) => measured(truncated(faults, await answerOf(server, request))),
  };
}

type Operation = (server: EstServer, request: EmulatorRequest) => Promise<EmulatorResponse>;

const operations: Readonly<Record<string, { readonly method: string; readonly run: Operation }>> = {
  cacerts: { method: 'GET', run: caCertificates },
  csrattrs: { method: 'GET', run: attributes },
  simpleenroll: { method: 'POST', run: enroll },
};

async function answerOf(server: EstServer, request: EmulatorRequest): Promise<EmulatorResponse> {
  const trouble = troubleOf(server.faults, request.method === 'POST');
  if (trouble !== undefined) return words(trouble.status, 'The server cannot answer now.', retryAfterOf(trouble));
  const operation = operationAt(server.options, request.url.pathname);
  if (operation === undefined) return words(404, 'Not found.');
  if (request.method !== operation.method) return words(405, 'Method not allowed.', { allow: operation.method });
  return operation.run(server, request);
}

function operationAt({ label }: EstOptions, path: string) {
  const base = `/.well-known/est/${label === undefined ? '' : `${label}/`}`;
  const name = path.startsWith(base) ? path.slice(base.length) : '';
  return Object.hasOwn(operations, name) ? operations[name] : undefined;
}

/** Anybody may ask (RFC 7030 4.1.2). The root is in it, as it must be. */
async function caCertificates({ options, authorities, faults }: EstServer): Promise<EmulatorResponse> {
  return inBase64(options, certsOnly([...aboveOf(authorities, faults, []), ...authorities.roots().slice(0, 1)]), {
    'content-type': 'application/pkcs7-mime',
  });
}

async function attributes({ options }: EstServer): Promise<EmulatorResponse> {
  if (options.attributes === undefined) return { status: 204, headers: {} };
  return inBase64(options, options.attributes, { 'content-type': 'application/csrattrs' });
}

async function enroll(server: EstServer, request: EmulatorRequest): Promise<EmulatorResponse> {
  if (!isKnown(server, request)) {
    const challenge = { 'www-authenticate': 'Basic realm="estrealm", charset="UTF-8"' };
    return words(401, 'The client is not known.', challenge);
  }
  if (!/^application\/pkcs10\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return words(415, 'The content type has to be application/pkcs10.');
  }
  const der = fromBase64(new TextDecoder().decode(request.body));
  if (der === undefined) return words(400, 'The request is not base64.');
  const outcome = await server.enrolments.ask(der);
  switch (outcome.state) {
    case 'refused':
      return words(outcome.status, outcome.reason);
    case 'pending':
      return words(202, 'Somebody is looking at the request.', { 'retry-after': String(outcome.retryAfterSeconds) });
    case 'issued':
      return inBase64(server.options, certsOnly([outcome.der]), {
        'content-type': 'application/pkcs7-mime; smime-type=certs-only',
      });
    default:
      return outcome satisfies never;
  }
}

/** By TLS client certificate or by HTTP Basic (RFC 7030 3.3.2 and 3.2.3). */
function isKnown({ options, faults }: EstServer, { headers, clientCertificate }: EmulatorRequest): boolean {
  if (faults.strike('credentials-refused') !== undefined) return false;
  if (clientCertificate !== undefined) return true;
  const [, token = ''] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
  const shown = Buffer.from(token, 'base64');
  return Object.entries(options.users ?? {}).some(([user, password]) => {
    const expected = Buffer.from(`${user}:${password}`);
    return expected.length === shown.length && timingSafeEqual(expected, shown);
  });
}

function fromBase64(text: string): Buffer | undefined {
  const joined = text.replace(/\s+/g, '');
  const isBase64 = joined !== '' && joined.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(joined);
  return isBase64 ? Buffer.from(joined, 'base64') : undefined;
}

function inBase64(
  { lineBreaks = false }: EstOptions,
  der: Uint8Array,
  headers: Record<string, string>,
): EmulatorResponse {
  const text = Buffer.from(der).toString('base64');
  const body = lineBreaks ? text.replace(/.{1,64}/g, '$&\r\n') : text;
  return { status: 200, headers: { 'content-transfer-encoding': 'base64', ...headers }, body };
}

/** For people (RFC 7030 4.2.3). */
function words(status: number, body: string, headers: Record<string, string> = {}): EmulatorResponse {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body };
}

/** Clients of others do not read chunks. */
function measured(answer: EmulatorResponse): EmulatorResponse {
  if (answer.status === 204) return answer;
  const length = String(Buffer.byteLength(answer.body ?? ''));
  return { ...answer, headers: { ...answer.headers, 'content-length': length } };
}
