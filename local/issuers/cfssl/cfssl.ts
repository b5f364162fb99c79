import type { StandClock } from '../../clock.ts';
import type { Emulator, EmulatorRequest, EmulatorResponse } from '../../emulator.ts';
import { type Chance, createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { type Authorities, createAuthorities } from '../authorities.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { answered, CfsslError, failed, objectIn } from './answers.ts';
import { info, revoke } from './records.ts';
import { authsign, sign } from './sign.ts';

/** A signing profile of cfssl's configuration. */
export interface CfsslProfile {
  readonly expirySeconds: number;
  /** Whether requests must carry the HMAC of the one key that this server knows. */
  readonly isAuthenticated: boolean;
  /** Every name has to match. */
  readonly nameWhitelist?: RegExp;
}

export interface CfsslOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  /** Its keys and certificates; made anew by default. */
  readonly authorities?: Authorities;
  /** Of `auth_keys`: hex. */
  readonly authKey: string;
  /** By name; the one that is called `default` is for whoever names none that is known. */
  readonly profiles?: Readonly<Record<string, CfsslProfile>>;
  /** Without one there is no `/revoke`; there is by default. */
  readonly hasDatabase?: boolean;
  readonly faults?: readonly IssuerFault[];
}

export interface CfsslCertificate {
  readonly der: Buffer;
  /** Decimal. */
  readonly serial: string;
  readonly authorityKeyId: string;
  /** CRLReason, once it is revoked. */
  revoked?: number;
}

/** What every operation needs. */
export interface CfsslServer {
  readonly clock: Pick<StandClock, 'now'>;
  readonly chance: Chance;
  readonly authorities: Authorities;
  readonly faults: IssuerFaults;
  readonly authKey: Buffer;
  readonly profiles: Readonly<Record<string, CfsslProfile>>;
  readonly certificates: CfsslCertificate[];
}

/** A `cfssl serve` with one CA, and what only its owner sees and does. */
export interface CfsslEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs: the root that chains end at, and another one. */
  roots(): readonly [Buffer, Buffer];
  /** DER of the CA between the root and the one that signs. */
  intermediate(): Buffer;
  certificates(): readonly CfsslCertificate[];
}

const NINETY_DAYS_SECONDS = 90 * 86_400;

const usualProfiles: Readonly<Record<string, CfsslProfile>> = {
  default: { expirySeconds: 3600, isAuthenticated: true },
  tls: { expirySeconds: NINETY_DAYS_SECONDS, isAuthenticated: true, nameWhitelist: /(^|\.)contoso\.example$/ },
  open: { expirySeconds: NINETY_DAYS_SECONDS, isAuthenticated: false },
};

const RETRY_SECONDS = '60';

export function createCfssl(options: CfsslOptions): CfsslEmulator {
  const chance = createChance(options.random);
  const { clock, keyPool, authKey, hasDatabase = true } = options;
  const server: CfsslServer = {
    ...{ clock, chance, certificates: [] },
    authorities: options.authorities ?? createAuthorities({ called: 'Stand cfssl', clock, chance, keyPool }),
    faults: createIssuerFaults(chance, options.faults),
    authKey: Buffer.from(authKey, 'hex'),
    profiles: options.profiles ?? usualProfiles,
  };
  const operations: Readonly<Record<string, Operation>> = {
    info,
    sign,
    authsign,
    ...(hasDatabase && { revoke }),
  };
  return {
    faults: server.faults,
    roots: () => server.authorities.roots(),
    intermediate: () => server.authorities.chains()[0]?.[1] ?? Buffer.alloc(0),
    certificates: () => server.certificates,
    handle: async (request) => spoiled(server, request, await answerOf(server, operations, request)),
  };
}

type Operation = (server: CfsslServer, body: Readonly<Record<string, unknown>>) => object | Promise<object>;

async function answerOf(
  server: CfsslServer,
  operations: Readonly<Record<string, Operation>>,
  { method, url, body }: EmulatorRequest,
): Promise<EmulatorResponse> {
  const { faults } = server;
  if (faults.strike('server-error')) return { status: 500, headers: {} };
  if (faults.strike('busy')) return { status: 503, headers: { 'retry-after': RETRY_SECONDS } };
  const name = /^\/api\/v1\/cfssl\/(\w+)$/.exec(url.pathname)?.[1] ?? '';
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation === undefined)
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
  if (method !== 'POST') return failed(new CfsslError(405, `Method is not allowed:"${method}"`, 405));
  if (isSigning(url) && faults.strike('rate-limited'))
    return { status: 429, headers: { 'retry-after': RETRY_SECONDS } };
  try {
    return answered(await operation(server, objectIn(Buffer.from(body).toString('utf8'))));
  } catch (error) {
    if (error instanceof CfsslError) return failed(error);
    throw error;
  }
}

const isSigning = ({ pathname }: URL): boolean => pathname.endsWith('sign');

/** What happens to a whole answer on its way. */
function spoiled({ faults }: CfsslServer, { url }: EmulatorRequest, answer: EmulatorResponse): EmulatorResponse {
  const { body } = answer;
  if (isSigning(url) && faults.strike('lost-answer')) return { status: 502, headers: {} };
  if (typeof body !== 'string' || faults.strike('truncated-body') === undefined) return answer;
  return { ...answer, body: body.slice(0, body.length >> 1) };
}
