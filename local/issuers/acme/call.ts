import { type EmulatorRequest, type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { type JsonObject, readObject } from './json.ts';
import { type Jws, readJws, verifyJws } from './jws.ts';
import type { Places } from './places.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import { type PublicKey, readPublicKey } from './public-key.ts';
import type { Account } from './records.ts';
import type { AcmeServer } from './settings.ts';

/** A request that was signed, by an account or by a key alone. */
export interface SignedCall {
  readonly places: Places;
  /** Values of the path, in its order. */
  readonly ids: readonly string[];
  readonly url: string;
  /** Absent when the key was sent itself. */
  readonly account?: Account;
  readonly key: PublicKey;
  readonly payload: Buffer;
}

/** Who may sign: an account that is known, a key that may be unknown, or either. */
export type Signer = 'account' | 'key' | 'either';

interface Unsigned {
  readonly request: EmulatorRequest;
  readonly places: Places;
  readonly ids: readonly string[];
}

/** Everything that RFC 8555 6.2 to 6.5 demand of a POST, in the order in which pebble and Boulder look. */
export function readSigned(server: AcmeServer, { request, places, ids }: Unsigned, signer: Signer): SignedCall {
  const { 'content-type': contentType = '', 'transfer-encoding': coding } = request.headers;
  if (coding !== undefined) throw malformed('missing Content-Length header on POST');
  if (!/^application\/jose\+json\s*(;|$)/i.test(contentType)) {
    throw malformed(
      'Invalid Content-Type header on POST. Content-Type must be "application/jose+json"',
      UNSUPPORTED_MEDIA_TYPE,
    );
  }
  const jws = readJws(readObject(request.body, 'the body'));
  const { account, key } = whoSigned(server, { jws, places, signer });
  verifyJws(jws, key);
  spendNonce(server, jws);
  const { href: url } = request.url;
  checkUrl(jws, url);
  return { places, ids, url, key, payload: jws.payload, ...(account && { account }) };
}

const UNSUPPORTED_MEDIA_TYPE = 415;

function whoSigned(
  server: AcmeServer,
  { jws, places, signer }: { readonly jws: Jws; readonly places: Places; readonly signer: Signer },
): { readonly account?: Account; readonly key: PublicKey } {
  const { jwk, kid } = jws.header;
  if (jwk !== undefined && kid !== undefined) throw malformed('jwk and kid header fields are mutually exclusive.');
  if (signer === 'key' || (signer === 'either' && kid === undefined)) return { key: readPublicKey(jwk) };
  const prefix = places.account('');
  if (typeof kid !== 'string' || !kid.startsWith(prefix)) {
    throw malformed('Key ID (kid) in JWS header missing expected URL prefix');
  }
  const account = server.records.accounts.get(kid.slice(prefix.length));
  if (account === undefined) throw new AcmeProblem('accountDoesNotExist', `Account ${kid} not found.`);
  if (account.status !== 'valid') throw unauthorized('Account has been deactivated');
  return { account, key: account.key };
}

function spendNonce({ nonces, faults }: AcmeServer, { header }: Jws): void {
  const { nonce } = header;
  if (typeof nonce !== 'string') throw new AcmeProblem('badNonce', 'JWS has no anti-replay nonce');
  if (!nonces.take(nonce) || faults.strike('bad-nonce') !== undefined) {
    throw new AcmeProblem('badNonce', `JWS has an invalid anti-replay nonce: ${nonce}`);
  }
}

function checkUrl({ header }: Jws, expected: string): void {
  const { url } = header;
  if (typeof url !== 'string') throw malformed("JWS header parameter 'url' required.");
  if (url === expected) return;
  throw malformed(`JWS header parameter 'url' incorrect. Expected "${expected}", got "${url}"`);
}

/** A call that only an account may make: the key alone does not get here. */
export function accountOf({ account }: SignedCall): Account {
  if (account === undefined) throw malformed('Key ID (kid) in JWS header missing expected URL prefix');
  return account;
}

/** RFC 8555 6.3: POST-as-GET has an empty payload, and not an empty object. */
export function asGet({ payload }: SignedCall): void {
  if (payload.length > 0) throw malformed('POST-as-GET requests must have a nil body');
}

export const payloadOf = ({ payload }: SignedCall): JsonObject => readObject(payload, 'the payload');

/** An answer with fields that are `undefined` left out. */
export function shown(status: number, body: object, headers: Record<string, string> = {}): EmulatorResponse {
  return jsonResponse(status, body, headers);
}
