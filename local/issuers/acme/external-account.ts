import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignedCall } from './call.ts';
import { readObject } from './json.ts';
import { type Jws, readJws } from './jws.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import { readPublicKey } from './public-key.ts';
import type { AcmeServer } from './settings.ts';

/** RFC 8555 7.3.4. Answers with the binding as it was sent; `undefined` when there is none and none is needed. */
export function checkBinding({ externalAccounts }: AcmeServer, call: SignedCall, binding: unknown): unknown {
  if (externalAccounts === undefined) return undefined;
  if (binding === undefined) {
    const detail =
      "ACME server policy requires newAccount requests must include a value for the 'externalAccountBinding' field";
    throw new AcmeProblem('externalAccountRequired', detail);
  }
  const jws = readJws(binding);
  checkHeader(jws, call.url);
  const secret = externalAccounts.get(String(jws.header.kid));
  if (secret === undefined) throw unauthorized("the field 'kid' references a key that is not known to the ACME server");
  if (!isAuthentic(jws, secret)) throw unauthorized('external account binding JWS verification error');
  const bound = readPublicKey(readObject(jws.payload, 'the payload of the external account binding'));
  if (bound.thumbprint === call.key.thumbprint) return binding;
  const detail = 'external account binding payload key does not match account key authenticating request';
  throw new AcmeProblem('badPublicKey', detail);
}

function checkHeader({ header }: Jws, url: string): void {
  if (header.alg !== 'HS256') throw malformed("the 'alg' field in external account binding must be HS256");
  if ('nonce' in header) throw malformed("the 'nonce' field must be absent in external account binding");
  if (header.url !== url) throw malformed("the 'url' field in external account binding differs from outer JWS");
}

function isAuthentic({ signingInput, signature }: Jws, secret: Uint8Array): boolean {
  const expected = createHmac('sha256', secret).update(signingInput).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}
