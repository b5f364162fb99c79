import { RenewalError } from '../errors.ts';
import type { CredentialRow } from '../estate/app-rows.ts';
import type { Versioned } from '../estate/port.ts';
import { credentialsOf } from '../issuers/credentials.ts';
import type { Estate } from '../plan/types.ts';
import type { Dependencies } from './dependencies.ts';

/** Told so early that a look that comes a day late, and some days without anybody, still leave thirty. */
const EARLY_DAYS = 35;
const DAY = 86_400_000;
/** A little less than a day: sweeps are an hour apart, and not to the second. */
const LOOK_EVERY = DAY - 1_800_000;

/** A credential that somebody has to look after before issuers, or receivers of webhooks, refuse it. */
export interface CredentialTold {
  /** `{vault}/{secrets|keys|certificates}/{name}`. */
  readonly credential: string;
  /** Names of the issuers that use it, with commas between; absent: none does. */
  readonly issuers?: string;
  /** Ids of targets that use it, with commas between, at most ten; absent: none does. */
  readonly targets?: string;
  readonly state: CredentialState;
  readonly expiresAt?: string;
  /** Why it could not be looked at: an error code. */
  readonly problem?: string;
}

export const credentialStates = {
  expiring: 'it expires within 35 days',
  expired: 'it has expired',
  'not-yet-valid': 'it is not valid yet',
  disabled: 'it is disabled in its vault',
  unreadable: 'it could not be looked at, and `problem` says why',
} as const;
export type CredentialState = keyof typeof credentialStates;

/** When a credential expires, ISO 8601; `issuer` is `none` of one that only targets use. */
export interface CredentialExpiry {
  readonly issuer: string;
  readonly credential: string;
  readonly expiresAt: string;
}

/**
 * Looks at every credential of every issuer and target, each once a day at the most, and tells of those that will be refused soon, or
 * already are. What cannot be looked at for now keeps what was known of it. `onExpiry` hears of each that expires at all.
 */
export async function watchCredentials(
  estate: Estate,
  app: Dependencies,
  onExpiry: (expiry: CredentialExpiry) => void = () => undefined,
): Promise<readonly CredentialTold[]> {
  const told: CredentialTold[] = [];
  for (const [credential, { issuers, targets }] of usersOf(estate)) {
    const row = await look(credential, app);
    const state = stateOf(row, app.clock.now());
    const { expiresAt, problem } = row;
    const named = issuers.length > 0 ? issuers : ['none'];
    if (expiresAt !== undefined) for (const issuer of named) onExpiry({ issuer, credential, expiresAt });
    if (state === undefined) continue;
    const more = { ...(expiresAt !== undefined && { expiresAt }), ...(problem !== undefined && { problem }) };
    const users = {
      ...(issuers.length > 0 && { issuers: issuers.join(', ') }),
      ...(targets.length > 0 && { targets: targets.slice(0, NAMED).join(', ') }),
    };
    told.push({ credential, ...users, state, ...more });
  }
  return told;
}

/** One secret may be that of a thousand targets. */
const NAMED = 10;

interface Users {
  readonly issuers: string[];
  readonly targets: string[];
}

function usersOf(estate: Estate): ReadonlyMap<string, Users> {
  const users = new Map<string, Users>();
  const usersFor = (id: string): Users => {
    const known = users.get(id) ?? { issuers: [], targets: [] };
    users.set(id, known);
    return known;
  };
  for (const [name, plan] of Object.entries(estate.issuers))
    for (const id of credentialsOf(plan)) usersFor(id).issuers.push(name);
  for (const target of estate.certificates.flatMap(({ targets }) => targets))
    for (const id of credentialsOf(target)) usersFor(id).targets.push(target.id);
  return users;
}

async function look(id: string, app: Dependencies): Promise<CredentialRow> {
  const known = await app.rows.get('credential', id);
  const now = app.clock.now();
  if (known !== undefined && now.getTime() - Date.parse(known.row.lookedAt) < LOOK_EVERY) return known.row;
  const seen = await see(id, app);
  // A vault that is away says nothing about the credential: the next sweep looks again.
  if (seen === undefined) return known?.row ?? { lookedAt: now.toISOString(), enabled: true };
  await keep(id, seen, known, app);
  return seen;
}

async function see(id: string, app: Dependencies): Promise<CredentialRow | undefined> {
  const lookedAt = app.clock.now().toISOString();
  try {
    return { lookedAt, ...(await app.credentialFacts(id)) };
  } catch (error) {
    if (!(error instanceof RenewalError)) throw error;
    const { code, retry } = error;
    return retry ? undefined : { lookedAt, enabled: true, problem: code };
  }
}

/** Of two sweeps at once either will do. */
async function keep(id: string, row: CredentialRow, known: Versioned<CredentialRow> | undefined, app: Dependencies) {
  try {
    await app.rows.save('credential', id, row, known?.etag);
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
  }
}

function stateOf({ enabled, notBefore, expiresAt, problem }: CredentialRow, now: Date): CredentialState | undefined {
  if (problem !== undefined) return 'unreadable';
  if (!enabled) return 'disabled';
  const left = expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - now.getTime();
  if (left <= 0) return 'expired';
  if (notBefore !== undefined && Date.parse(notBefore) > now.getTime()) return 'not-yet-valid';
  return left < EARLY_DAYS * DAY ? 'expiring' : undefined;
}
