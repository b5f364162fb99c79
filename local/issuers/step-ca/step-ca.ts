import { derToPem } from '../../../src/certificate/pem.ts';
import type { StandClock } from '../../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../../emulator.ts';
import { type Chance, createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { readPublicKey } from '../acme/public-key.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { StepCaError } from './errors.ts';
import { revoke } from './revoke.ts';
import { sign } from './sign.ts';
import { createTokens, type Tokens } from './tokens.ts';

export interface StepCaOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  /** Its keys and certificates; made anew by default. */
  readonly authorities?: Authorities;
  /** Of the one JWK provisioner: its name, and its public key as a JWK. */
  readonly provisioner: { readonly name: string; readonly key: object };
  /** `maxTLSCertDuration`; 90 days by default. */
  readonly longestSeconds?: number;
  /** The policy: which DNS names may be certified; all by default. */
  readonly allows?: (name: string) => boolean;
  readonly faults?: readonly IssuerFault[];
}

export interface StepCaCertificate {
  readonly der: Buffer;
  /** Decimal. */
  readonly serial: string;
  readonly names: readonly string[];
}

/** What every operation needs. */
export interface StepCaServer {
  readonly clock: Pick<StandClock, 'now'>;
  readonly chance: Chance;
  readonly authorities: Authorities;
  readonly faults: IssuerFaults;
  readonly tokens: Tokens;
  readonly longestSeconds: number;
  readonly allows: (name: string) => boolean;
  readonly certificates: StepCaCertificate[];
  /** CRLReason by serial number, also of serial numbers that nobody knows. */
  readonly revoked: Map<string, number>;
}

/** A step-ca with one JWK provisioner, and what only its owner sees and does. */
export interface StepCaEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs: the root that chains end at, and another one. */
  roots(): readonly [Buffer, Buffer];
  certificates(): readonly StepCaCertificate[];
  /** CRLReason of a serial number (decimal), once it is revoked. */
  revocationOf(serial: string): number | undefined;
}

const NINETY_DAYS_SECONDS = 90 * 86_400;
const RETRY_SECONDS = '60';

export function createStepCa(options: StepCaOptions): StepCaEmulator {
  const chance = createChance(options.random);
  const { clock, keyPool, provisioner } = options;
  const server: StepCaServer = {
    ...{ clock, chance, certificates: [], revoked: new Map() },
    authorities: options.authorities ?? createAuthorities({ called: 'Stand step-ca', clock, chance, keyPool }),
    faults: createIssuerFaults(chance, options.faults),
    tokens: createTokens(clock, { name: provisioner.name, key: readPublicKey(provisioner.key) }),
    longestSeconds: options.longestSeconds ?? NINETY_DAYS_SECONDS,
    allows: options.allows ?? (() => true),
  };
  return {
    faults: server.faults,
    roots: () => server.authorities.roots(),
    certificates: () => server.certificates,
    revocationOf: (serial) => server.revoked.get(serial),
    handle: async (request) => spoiled(server, request, await answerOf(server, request)),
  };
}

async function answerOf(server: StepCaServer, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { faults } = server;
  if (faults.strike('server-error')) return new StepCaError(500).toResponse();
  if (faults.strike('busy')) return { status: 503, headers: { 'retry-after': RETRY_SECONDS } };
  if (isSigning(request) && faults.strike('rate-limited'))
    return { status: 429, headers: { 'retry-after': RETRY_SECONDS } };
  try {
    return await operation(server, request);
  } catch (error) {
    if (error instanceof StepCaError) return error.toResponse();
    throw error;
  }
}

async function operation(server: StepCaServer, request: EmulatorRequest): Promise<EmulatorResponse> {
  const { method, url } = request;
  const path = url.pathname.replace(/^\/1\.0(?=\/)/, '');
  if (method === 'GET' && path === '/health') return jsonResponse(200, { status: 'ok' });
  if (method === 'GET' && path === '/roots') {
    return jsonResponse(201, { crts: [derToPem(server.authorities.roots()[0])] });
  }
  const act = { '/sign': sign, '/revoke': revoke }[path];
  if (act === undefined)
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
  if (method !== 'POST') return { status: 405, headers: {} };
  const body = jsonBody(request);
  if (typeof body !== 'object' || body === null) throw new StepCaError(400, 'error decoding json.');
  return act(server, { body: { ...body }, audience: `${url.origin}/1.0${path}` });
}

const isSigning = ({ url }: EmulatorRequest): boolean => url.pathname.endsWith('/sign');

/** What happens to a whole answer on its way. */
function spoiled({ faults }: StepCaServer, request: EmulatorRequest, answer: EmulatorResponse): EmulatorResponse {
  const { body } = answer;
  if (isSigning(request) && faults.strike('lost-answer')) return { status: 502, headers: {} };
  if (typeof body !== 'string' || faults.strike('truncated-body') === undefined) return answer;
  return { ...answer, body: body.slice(0, body.length >> 1) };
}
