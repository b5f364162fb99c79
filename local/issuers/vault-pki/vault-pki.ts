import type { StandClock } from '../../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../../emulator.ts';
import { type Chance, createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { type AuthOptions, createTokens, type Tokens } from './auth.ts';
import { VaultPkiError } from './error.ts';
import { revoke, sign } from './pki.ts';

/** A role of the PKI engine. */
export interface PkiRole {
  /** A name has to be one of them or below one. */
  readonly allowedDomains: readonly string[];
  /** A longer life is cut to it, with a warning. */
  readonly maxTtlSeconds: number;
  /** `no_store`: the engine forgets what it has issued. */
  readonly isForgetful?: boolean;
}

export interface VaultPkiOptions extends AuthOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  /** Where the engine is mounted; `pki` by default. */
  readonly mount?: string;
  /** All calls have to be for it; absent: the root one. */
  readonly namespace?: string;
  readonly roles: Readonly<Record<string, PkiRole>>;
  readonly faults?: readonly IssuerFault[];
}

export interface PkiCertificate {
  readonly der: Buffer;
  /** Hex with colons. */
  readonly serial: string;
  readonly isStored: boolean;
  revokedAt?: number;
}

/** What every operation needs. */
export interface VaultPkiServer {
  readonly clock: Pick<StandClock, 'now'>;
  readonly chance: Chance;
  readonly authorities: Authorities;
  readonly faults: IssuerFaults;
  readonly roles: Readonly<Record<string, PkiRole>>;
  readonly tokens: Tokens;
  readonly certificates: PkiCertificate[];
}

/** HashiCorp Vault with a PKI engine, and what only its owner sees and does. */
export interface VaultPkiEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs: the root that chains end at, and another one. */
  roots(): readonly [Buffer, Buffer];
  certificates(): readonly PkiCertificate[];
  /** How many logins there were. */
  loginCount(): number;
  /** Takes every token back, as a restart without storage or an operator does. */
  revokeTokens(): void;
  seal(isSealed: boolean): void;
}

const RETRY_SECONDS = '60';

export function createVaultPki(options: VaultPkiOptions): VaultPkiEmulator {
  const chance = createChance(options.random);
  const { clock, keyPool, roles, mount = 'pki', namespace = '' } = options;
  const faults = createIssuerFaults(chance, options.faults);
  const tokens = createTokens(options, { clock, chance, faults });
  const authorities = createAuthorities({ called: 'Stand Vault PKI', clock, chance, keyPool });
  const server: VaultPkiServer = { clock, chance, authorities, faults, roles, tokens, certificates: [] };
  let isSealed = false;
  return {
    faults,
    roots: () => authorities.roots(),
    certificates: () => server.certificates,
    loginCount: () => tokens.count(),
    revokeTokens: () => tokens.forget(),
    seal: (sealed) => {
      isSealed = sealed;
    },
    async handle(request) {
      const answer = await answerOf(server, request, { mount, namespace, isSealed });
      return spoiled(server, request, answer);
    },
  };
}

interface Place {
  readonly mount: string;
  readonly namespace: string;
  readonly isSealed: boolean;
}

async function answerOf(server: VaultPkiServer, request: EmulatorRequest, place: Place): Promise<EmulatorResponse> {
  const { faults } = server;
  try {
    if (place.isSealed) throw new VaultPkiError(503, 'Vault is sealed');
    if (faults.strike('server-error')) throw new VaultPkiError(500, 'internal error');
    if (faults.strike('busy')) return { status: 503, headers: { 'retry-after': RETRY_SECONDS } };
    return await operation(server, request, place);
  } catch (error) {
    if (!(error instanceof VaultPkiError)) throw error;
    return jsonResponse(error.status, { errors: error.message === '' ? [] : [error.message] });
  }
}

async function operation(
  server: VaultPkiServer,
  request: EmulatorRequest,
  { mount, namespace }: Place,
): Promise<EmulatorResponse> {
  const { method, url, headers } = request;
  const path = url.pathname.replace(/^\/v1\//, '');
  const isHere = (headers['x-vault-namespace'] ?? '') === namespace;
  if (!isHere) throw new VaultPkiError(404, `no handler for route "${path}". route entry not found.`);
  const body = bodyOf(request);
  const login = server.tokens.logIn(path, body);
  if (login !== undefined) return jsonResponse(200, { request_id: server.chance.guid(), data: null, auth: login });
  const [, verb, role = ''] = path.startsWith(`${mount}/`) ? path.slice(mount.length).split('/') : [];
  server.tokens.demand(headers['x-vault-token'], path);
  if (verb !== 'sign' && verb !== 'revoke') {
    throw new VaultPkiError(404, `no handler for route "${path}". route entry not found.`);
  }
  if (method !== 'POST' && method !== 'PUT') throw new VaultPkiError(405, '');
  if (verb === 'sign' && server.faults.strike('rate-limited')) {
    return { status: 429, headers: { 'retry-after': RETRY_SECONDS } };
  }
  const { data, warnings } = verb === 'sign' ? await sign(server, role, body) : revoke(server, body);
  const common = { request_id: server.chance.guid(), lease_id: '', renewable: false, lease_duration: 0 };
  return jsonResponse(200, { ...common, data, warnings, auth: null });
}

function bodyOf(request: EmulatorRequest): Readonly<Record<string, unknown>> {
  const body = jsonBody(request);
  if (typeof body === 'object' && body !== null) return { ...body };
  throw new VaultPkiError(400, 'failed to parse JSON input: unexpected end of JSON input');
}

const isSigning = ({ url }: EmulatorRequest): boolean => url.pathname.includes('/sign/');

/** What happens to a whole answer on its way. */
function spoiled({ faults }: VaultPkiServer, request: EmulatorRequest, answer: EmulatorResponse): EmulatorResponse {
  const { body } = answer;
  if (isSigning(request) && faults.strike('lost-answer')) return { status: 502, headers: {} };
  if (typeof body !== 'string' || faults.strike('truncated-body') === undefined) return answer;
  return { ...answer, body: body.slice(0, body.length >> 1) };
}
