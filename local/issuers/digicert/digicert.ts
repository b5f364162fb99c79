import type { StandClock } from '../../clock.ts';
import type { Emulator, EmulatorRequest, EmulatorResponse } from '../../emulator.ts';
import { createChance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import { createAuthorities } from '../authorities.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';
import { retryAfterOf, troubleOf, truncated } from '../trouble.ts';
import { createDesk, type Desk, type DeskCertificate } from './desk.ts';
import { DigicertError, refused } from './errors.ts';
import { routes } from './routes.ts';

export interface DigicertOptions {
  readonly clock: Pick<StandClock, 'now'>;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  readonly apiKey: string;
  /** Whether the key is an administrator's, who may skip approvals; it is by default. */
  readonly isAdmin?: boolean;
  /** How long the validation of an order takes; none by default. */
  readonly validationSeconds?: number;
  /** How long a certificate lives after its reissue; three days by default. */
  readonly reissueGraceSeconds?: number;
  readonly faults?: readonly IssuerFault[];
}

/** CertCentral's Services API below `/services/v2`, and what only its owner sees and does. */
export interface DigicertEmulator extends Emulator {
  readonly faults: IssuerFaults;
  /** DERs: the root that chains end at, and another one. */
  roots(): readonly [Buffer, Buffer];
  certificates(): readonly DeskCertificate[];
  /** What an administrator does with everything that waits for one. */
  readonly desk: Desk;
}

/** Of one key, as dev.digicert.com says: 100 requests in five seconds. */
const LIMIT = { calls: 100, milliseconds: 5000 } as const;
const BASE = '/services/v2';

export function createDigicert(options: DigicertOptions): DigicertEmulator {
  const chance = createChance(options.random);
  const { clock, keyPool, apiKey } = options;
  const faults = createIssuerFaults(chance, options.faults);
  const authorities = createAuthorities({ called: 'Stand DigiCert', clock, chance, keyPool });
  const desk = createDesk({ ...options, authorities, faults });
  const heard: number[] = [];
  const isTooMuch = (): boolean => {
    const now = clock.now().getTime();
    while ((heard[0] ?? now) <= now - LIMIT.milliseconds) heard.shift();
    heard.push(now);
    return heard.length > LIMIT.calls;
  };
  const answer = async (request: EmulatorRequest): Promise<EmulatorResponse> => {
    const asks = isAsking(request);
    const trouble = troubleOf(faults, asks);
    if (trouble?.kind === 'rate-limited') return { ...tooMany(), headers: { ...retryAfterOf(trouble), ...JSON_TYPE } };
    if (trouble !== undefined) return { status: trouble.status, headers: retryAfterOf(trouble) };
    const key = request.headers['x-dc-devkey'];
    if (key !== apiKey || faults.strike('credentials-refused')) {
      return refused(new DigicertError(403, 'access_denied|invalid_api_key', 'The API key is not valid.'));
    }
    if (isTooMuch()) return tooMany();
    try {
      const done = await routes(desk, request, BASE);
      if (asks && faults.strike('lost-answer')) return { status: 502, headers: {} };
      return truncated(faults, done);
    } catch (error) {
      if (error instanceof DigicertError) return refused(error);
      throw error;
    }
  };
  return {
    ...{ faults, desk },
    roots: () => authorities.roots(),
    certificates: () => desk.certificates(),
    handle: answer,
  };
}

const JSON_TYPE = { 'content-type': 'application/json' } as const;

/** No Retry-After is documented. */
function tooMany(): EmulatorResponse {
  return refused(new DigicertError(429, 'request_limit_exceeded', 'Service unavailable, please limit request volume'));
}

function isAsking({ method, url }: EmulatorRequest): boolean {
  return method === 'POST' && url.pathname.startsWith(`${BASE}/order/certificate/`);
}
