import type { Emulator, EmulatorRequest, EmulatorResponse } from '../../emulator.ts';
import { createChance } from '../../vault/chance.ts';
import { createAuthorities } from '../authorities.ts';
import { termsUrl } from './accounts.ts';
import { readSigned, shown } from './call.ts';
import { type AcmeFaults, createAcmeFaults } from './faults.ts';
import { createLimits } from './limits.ts';
import { createNonces } from './nonces.ts';
import { DIRECTORY_PATH, type Places, placesAt } from './places.ts';
import { AcmeProblem, malformed } from './problem.ts';
import { createRecords, type IssuedCertificate, type RenewalWindow } from './records.ts';
import { pastWindow, showRenewalInfo } from './renewal-info.ts';
import { type Operation, operations } from './routes.ts';
import { type AcmeSeed, seedCertificate } from './seed.ts';
import { type AcmeOptions, type AcmeServer, retryAfterHeader, usualProfiles } from './settings.ts';

/** An ACME server (RFC 8555, RFC 9773), with what only its owner sees and does. */
export interface AcmeEmulator extends Emulator {
  readonly faults: AcmeFaults;
  /** DERs: the root of the usual chain and that of the alternate one. */
  roots(): readonly [Buffer, Buffer];
  readonly certificates: () => readonly IssuedCertificate[];
  /** How many orders there were, in all. */
  readonly orderCount: () => number;
  /** A certificate of former days, as if it had been ordered. */
  seed(seed: AcmeSeed): IssuedCertificate;
  /** What the CA wishes for one certificate, or for all that there are; `now` as at a mass revocation. */
  suggestWindow(window: RenewalWindow | 'now', renewalId?: string): void;
}

export function createAcme(options: AcmeOptions): AcmeEmulator {
  const server = serverOf(options);
  return {
    faults: server.faults,
    roots: () => server.authorities.roots(),
    certificates: () => [...server.records.certificates.values()],
    orderCount: () => server.records.orders.size,
    seed: (seed) => seedCertificate(server, seed),
    suggestWindow(window, renewalId) {
      for (const certificate of server.records.certificates.values()) {
        if (renewalId !== undefined && certificate.renewalId !== renewalId) continue;
        certificate.window = window === 'now' ? pastWindow(server.clock.now()) : window;
      }
    },
    async handle(request) {
      const places = placesAt(request.url.origin);
      const answer = await answerOf(server, request, places);
      return truncated(server, { ...answer, headers: headersFor(server, { request, places, answer }) });
    },
  };
}

const SIX_HOURS = 6 * 3600;

function serverOf(options: AcmeOptions): AcmeServer {
  const { clock, txt, keyPool, externalAccounts } = options;
  const chance = createChance(options.random);
  return {
    ...{ clock, txt, chance },
    cname: options.cname ?? (async () => undefined),
    records: createRecords(),
    nonces: createNonces(chance),
    faults: createAcmeFaults(chance, options.faults),
    limits: createLimits(clock, options.quota),
    authorities: options.authorities ?? createAuthorities({ called: 'Stand ACME', clock, chance, keyPool }),
    profiles: new Map(Object.entries(options.profiles ?? usualProfiles)),
    externalAccounts: externalAccounts && new Map(Object.entries(externalAccounts)),
    blockedNames: options.blockedNames ?? [],
    reusePercent: options.reusePercent ?? 50,
    validationSeconds: options.validationSeconds ?? [0, 2],
    issuanceSeconds: options.issuanceSeconds ?? [0, 2],
    showsProcessing: options.showsProcessing ?? false,
    retryAfter: options.retryAfter ?? 'seconds',
    renewalInfoSeconds: options.renewalInfoSeconds ?? SIX_HOURS,
  };
}

async function answerOf(server: AcmeServer, request: EmulatorRequest, places: Places): Promise<EmulatorResponse> {
  try {
    failAsPlanted(server);
    return await (unsigned(server, request, places) ?? signed(server, request, places));
  } catch (error) {
    if (error instanceof AcmeProblem) return error.toResponse();
    throw error;
  }
}

const BUSY_SECONDS = 60;

function failAsPlanted(server: AcmeServer): void {
  const { faults } = server;
  if (faults.strike('server-error')) throw new AcmeProblem('serverInternal', 'Internal error');
  if (faults.strike('busy') === undefined) return;
  const headers = retryAfterHeader(server, BUSY_SECONDS);
  throw new AcmeProblem('rateLimited', 'Service busy; retry later.', { status: 503, headers });
}

/** What anybody may ask without a signature. */
function unsigned(server: AcmeServer, { method, url }: EmulatorRequest, places: Places): EmulatorResponse | undefined {
  const isRead = method === 'GET' || method === 'HEAD';
  if (url.pathname === DIRECTORY_PATH && isRead) return shown(200, directoryShape(server, places));
  if (url.href === places.newNonce && isRead) {
    return { status: method === 'GET' ? 204 : 200, headers: { 'cache-control': 'public, max-age=0, no-cache' } };
  }
  const asked = `${places.renewalInfo}/`;
  if (url.href.startsWith(asked) && isRead) return showRenewalInfo(server, url.href.slice(asked.length));
  if (url.href === termsUrl(places) && isRead) {
    return {
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: 'Certificates of this CA are good for nothing.',
    };
  }
  return undefined;
}

function signed(
  server: AcmeServer,
  request: EmulatorRequest,
  places: Places,
): EmulatorResponse | Promise<EmulatorResponse> {
  const found = findOperation(request.url.pathname);
  if (found === undefined) throw malformed('Page not found', 404);
  if (request.method !== 'POST') throw new AcmeProblem('malformed', 'Method not allowed', { status: 405 });
  const { signer, run } = found.operation;
  return run(server, readSigned(server, { request, places, ids: found.ids }, signer));
}

function findOperation(path: string): { readonly operation: Operation; readonly ids: readonly string[] } | undefined {
  for (const operation of operations) {
    const match = operation.path.exec(path);
    if (match !== null) return { operation, ids: match.slice(1) };
  }
  return undefined;
}

function directoryShape({ profiles, externalAccounts, renewalInfoSeconds }: AcmeServer, places: Places): object {
  const { newNonce, newAccount, newOrder, revokeCert, keyChange, renewalInfo } = places;
  return {
    ...{ newNonce, newAccount, newOrder, revokeCert, keyChange },
    ...(renewalInfoSeconds !== 'none' && { renewalInfo }),
    meta: {
      termsOfService: termsUrl(places),
      externalAccountRequired: externalAccounts !== undefined,
      profiles: Object.fromEntries([...profiles].map(([name, { description }]) => [name, description])),
    },
  };
}

/** A fresh nonce for whoever posts, and where the directory is (RFC 8555 6.5 and 7.1). */
function headersFor(
  { nonces }: AcmeServer,
  exchange: { readonly request: EmulatorRequest; readonly places: Places; readonly answer: EmulatorResponse },
): Record<string, string> {
  const { request, places, answer } = exchange;
  const isForNonce = request.method === 'POST' || request.url.href === places.newNonce;
  const isDirectory = request.url.pathname === DIRECTORY_PATH;
  const links = [...(isDirectory ? [] : [`<${places.directory}>;rel="index"`]), answer.headers.link ?? []].flat();
  return {
    'cache-control': 'public, max-age=0, no-cache',
    ...answer.headers,
    ...(links.length > 0 && { link: links.join(', ') }),
    ...(isForNonce && { 'replay-nonce': nonces.make() }),
  };
}

function truncated({ faults }: AcmeServer, answer: EmulatorResponse): EmulatorResponse {
  const { body } = answer;
  if (typeof body !== 'string' || faults.strike('truncated-body') === undefined) return answer;
  return { ...answer, body: body.slice(0, body.length >> 1) };
}
