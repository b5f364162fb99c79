import type { EmulatorResponse } from '../../emulator.ts';
import { accountOf, payloadOf, type SignedCall, shown } from './call.ts';
import { hostOf } from './names.ts';
import type { Places } from './places.ts';
import { malformed, unauthorized } from './problem.ts';
import type { Account, Authorization, Challenge, ChallengeType } from './records.ts';
import { type AcmeServer, later, retryAfterHeader } from './settings.ts';
import { lookForAnswer } from './validation.ts';

const DAY = 24 * 3_600_000;
const PENDING_LIFE = 7 * DAY;
const TOKEN_OCTETS = 32;

/** A valid one of the account that still holds, by chance, or a new one. */
export function authorizationFor(server: AcmeServer, account: Account, name: string): Authorization {
  const isWildcard = name.startsWith('*.');
  const host = hostOf(name);
  const now = server.clock.now();
  const known = [...server.records.authorizations.values()].find(
    (one) => one.account === account && one.host === host && one.isWildcard === isWildcard && isHeld(one, now),
  );
  if (known !== undefined && server.chance.integer(1, 100) <= server.reusePercent) return known;
  // Boulder offers no http-01 for a wildcard: a file on one host says nothing of the others.
  const types: readonly ChallengeType[] = isWildcard ? ['dns-01'] : shuffled(server);
  const challenges = types.map(
    (type): Challenge => ({
      ...{ id: server.chance.id(), type, status: 'pending' },
      token: server.chance.bytes(TOKEN_OCTETS).toString('base64url'),
    }),
  );
  const authorization: Authorization = {
    ...{ id: server.chance.id(), account, host, isWildcard, challenges, status: 'pending' },
    expires: new Date(now.getTime() + PENDING_LIFE),
  };
  server.records.authorizations.set(authorization.id, authorization);
  for (const challenge of challenges) server.records.challenges.set(challenge.id, { challenge, of: authorization });
  return authorization;
}

/** In no fixed order, as at pebble: a client that takes the first one is found out. */
function shuffled({ chance }: AcmeServer): readonly ChallengeType[] {
  return chance.integer(0, 1) === 0 ? ['http-01', 'dns-01'] : ['dns-01', 'http-01'];
}

/** Valid, and not yet over. */
export const isHeld = ({ status, expires }: Authorization, now: Date): boolean => status === 'valid' && expires > now;

/** What a client sees: time alone makes `expired` and `invalid` of it. */
export function statusOf({ status, expires }: Authorization, now: Date): string {
  if (expires > now) return status;
  if (status === 'valid') return 'expired';
  return status === 'pending' ? 'invalid' : status;
}

/** RFC 8555 7.5, and 7.5.2: the client gives it up. */
export async function showAuthorization(server: AcmeServer, call: SignedCall): Promise<EmulatorResponse> {
  const authorization = server.records.authorizations.get(call.ids[0] ?? '');
  if (authorization === undefined) throw malformed('Authorization not found', 404);
  if (authorization.account !== accountOf(call)) {
    throw unauthorized('Account authorizing the request is not the owner of the authorization');
  }
  if (call.payload.length > 0) {
    if (payloadOf(call).status !== 'deactivated') throw malformed('Invalid status value');
    if (['pending', 'valid'].includes(statusOf(authorization, server.clock.now())))
      authorization.status = 'deactivated';
  }
  await settleAuthorization(server, authorization);
  return shown(200, authorizationShape(server, authorization, call.places), waitHeader(server, authorization));
}

/** RFC 8555 7.5.1: an empty object says that the answer is there; an empty payload only looks. */
export async function answerChallenge(server: AcmeServer, call: SignedCall): Promise<EmulatorResponse> {
  const found = server.records.challenges.get(call.ids[0] ?? '');
  if (found === undefined) throw malformed('Challenge not found', 404);
  const { challenge, of } = found;
  if (of.account !== accountOf(call)) {
    throw unauthorized('Account authenticating request is not the owner of the challenge');
  }
  const up = { link: `<${call.places.authorization(of.id)}>;rel="up"` };
  await settleAuthorization(server, of);
  if (call.payload.length > 0) begin(server, call, found);
  const headers = { ...up, ...waitHeader(server, of) };
  return shown(200, challengeShape(server, challenge, call.places), headers);
}

function begin(server: AcmeServer, call: SignedCall, found: { challenge: Challenge; of: Authorization }): void {
  const { challenge, of } = found;
  if (Object.keys(payloadOf(call)).length > 0) throw malformed('challenge initiation POST JWS body was not "{}"');
  if (challenge.status === 'processing') return;
  if (challenge.status !== 'pending') {
    throw malformed(`Cannot update challenge with status ${challenge.status}, only status pending`);
  }
  const status = statusOf(of, server.clock.now());
  if (status !== 'pending') throw malformed(`Authorization is ${status}, not pending`);
  const slow = server.faults.strike('slow-validation', [of.host]);
  challenge.status = 'processing';
  challenge.validateAt = later(server, server.validationSeconds, slow?.seconds);
}

/** Does what is due by now. Nothing happens between two questions: what nobody asks about nobody sees. */
export async function settleAuthorization(server: AcmeServer, authorization: Authorization): Promise<void> {
  for (const challenge of authorization.challenges) {
    const isDue = challenge.validateAt !== undefined && challenge.validateAt <= server.clock.now();
    if (challenge.status !== 'processing' || !isDue) continue;
    challenge.looking ??= lookForAnswer(server, authorization, challenge).finally(() => {
      challenge.looking = undefined;
    });
    await challenge.looking;
  }
}

function waitHeader(server: AcmeServer, { challenges }: Authorization): Record<string, string> {
  const due = challenges.find(({ status }) => status === 'processing')?.validateAt;
  return due === undefined ? {} : retryAfterHeader(server, (due.getTime() - server.clock.now().getTime()) / 1000);
}

function authorizationShape(server: AcmeServer, authorization: Authorization, places: Places): object {
  const { host, isWildcard, challenges, status, expires } = authorization;
  // As Boulder and pebble do: once it is decided, what was tried is all that is shown.
  const tried = challenges.filter((challenge) => challenge.status !== 'pending');
  const offered = status === 'pending' ? challenges : tried;
  return {
    identifier: { type: 'dns', value: host },
    status: statusOf(authorization, server.clock.now()),
    expires: timestamp(expires),
    challenges: offered.map((challenge) => challengeShape(server, challenge, places)),
    ...(isWildcard && { wildcard: true }),
  };
}

function challengeShape(
  { showsProcessing }: AcmeServer,
  { id, type, token, status, validated, error }: Challenge,
  places: Places,
): object {
  const shownStatus = status === 'processing' && !showsProcessing ? 'pending' : status;
  return {
    ...{ type, url: places.challenge(id), token, status: shownStatus },
    ...(validated && { validated: timestamp(validated) }),
    ...(error && { error }),
  };
}

/** RFC 3339 without fractions of a second. */
export const timestamp = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, 'Z');
