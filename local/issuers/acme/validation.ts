import { createHash } from 'node:crypto';
import { AcmeProblem, type ProblemDocument } from './problem.ts';
import type { Authorization, Challenge } from './records.ts';
import type { AcmeServer } from './settings.ts';

const VALID_LIFE = 30 * 24 * 3_600_000;

/** Looks once, as public CAs do: authorization and challenge are valid or invalid afterwards (RFC 8555 7.1.6). */
export async function lookForAnswer(
  server: AcmeServer,
  authorization: Authorization,
  challenge: Challenge,
): Promise<void> {
  const at = challenge.validateAt ?? server.clock.now();
  const refusal = await refusalOf(server, authorization, challenge);
  // The client may have given it up meanwhile.
  if (authorization.status !== 'pending') return;
  if (refusal === undefined) {
    challenge.status = 'valid';
    challenge.validated = at;
    authorization.status = 'valid';
    authorization.expires = new Date(at.getTime() + VALID_LIFE);
    return;
  }
  challenge.error = refusal;
  server.limits.count('failures', failureKey(authorization));
  if (server.faults.strike('stays-pending', [authorization.host]) !== undefined) {
    challenge.status = 'pending';
    challenge.validateAt = undefined;
    return;
  }
  challenge.validated = at;
  challenge.status = 'invalid';
  authorization.status = 'invalid';
}

/** Failed validations are counted for this. */
export const failureKey = ({ account, host }: Pick<Authorization, 'account' | 'host'>): string =>
  `${account.id} ${host}`;

async function refusalOf(
  server: AcmeServer,
  { account, host }: Authorization,
  { type, token }: Challenge,
): Promise<ProblemDocument | undefined> {
  const planted = plantedRefusal(server, host);
  if (planted !== undefined) return planted;
  if (type === 'http-01') {
    const url = `http://${host}/.well-known/acme-challenge/${token}`;
    return new AcmeProblem('connection', `Fetching ${url}: Connection refused`).toDocument();
  }
  const name = `_acme-challenge.${host}`;
  const wanted = createHash('sha256').update(`${token}.${account.key.thumbprint}`).digest('base64url');
  try {
    return judge(name, await server.txt(await endOf(server, name)), wanted);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return new AcmeProblem('dns', `DNS problem: SERVFAIL looking up TXT for ${name}: ${cause}`).toDocument();
  }
}

/** Boulder's resolver gives up after as many. */
const MOST_LINKS = 10;

async function endOf({ cname }: AcmeServer, name: string): Promise<string> {
  let at = name;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const target = await cname(at);
    if (target === undefined) return at;
    at = target;
  }
  throw new TypeError('too many CNAMEs');
}

/** As Boulder words it. Records of others under the name do no harm. */
function judge(name: string, texts: readonly string[], wanted: string): ProblemDocument | undefined {
  if (texts.includes(wanted)) return undefined;
  const [first] = texts;
  const more = texts.length > 1 ? ` (and ${texts.length - 1} more)` : '';
  const detail =
    first === undefined ? `No TXT record found at ${name}` : `Incorrect TXT record "${first}"${more} found at ${name}`;
  return new AcmeProblem('unauthorized', detail).toDocument();
}

function plantedRefusal({ faults }: AcmeServer, host: string): ProblemDocument | undefined {
  if (faults.strike('caa', [host])) {
    return new AcmeProblem('caa', `CAA record for ${host} prevents issuance`).toDocument();
  }
  if (faults.strike('dns', [host])) {
    const detail = `DNS problem: SERVFAIL looking up TXT for _acme-challenge.${host}`;
    return new AcmeProblem('dns', detail).toDocument();
  }
  if (faults.strike('unauthorized', [host])) {
    const detail = `Incorrect TXT record "something else" found at _acme-challenge.${host}`;
    return new AcmeProblem('unauthorized', detail).toDocument();
  }
  return undefined;
}
