import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Agent, request as httpsRequest } from 'node:https';

/** What a test needs to know of an answer. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; several of one name are joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON, `undefined` when it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

export interface AccountKey {
  readonly privateKey: KeyObject;
  readonly alg: 'ES256' | 'ES384' | 'RS256';
  readonly jwk: Readonly<Record<string, string>>;
}

/** A request as RFC 8555 6.2 wants it, any part of which a test may break. */
export interface SignedRequest {
  readonly url: string;
  readonly key: AccountKey;
  /** Absent: the key is sent as `jwk`. */
  readonly kid?: string | undefined;
  /** `undefined` is POST-as-GET. */
  readonly payload?: unknown;
  /** Replaces or adds members of the protected header; `undefined` takes one away. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Changes the finished JWS. */
  readonly bend?: (jws: Record<string, unknown>) => unknown;
  readonly contentType?: string;
  /** Sends the very answer that came, even a refused nonce. */
  readonly once?: boolean;
}

export const base64url = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url');
const jsonText = (value: unknown): string => base64url(JSON.stringify(value));

export function makeAccountKey(alg: AccountKey['alg'] = 'ES256', bits = 2048): AccountKey {
  const { privateKey, publicKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : generateKeyPairSync('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-384' });
  return { privateKey, alg, jwk: publicKey.export({ format: 'jwk' }) as Record<string, string> };
}

/** RFC 7638. */
export function thumbprint({ jwk }: AccountKey): string {
  const { crv, e, kty, n, x, y } = jwk;
  const canonical = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
}

/** What the TXT record of a dns-01 challenge has to hold (RFC 8555 8.4). */
export function dnsAnswer(token: string, key: AccountKey): string {
  return createHash('sha256')
    .update(`${token}.${thumbprint(key)}`)
    .digest('base64url');
}

export function makeJws(protectedHeader: unknown, payload: unknown, key: AccountKey): Record<string, unknown> {
  const head = jsonText(protectedHeader);
  const body = payload === undefined ? '' : jsonText(payload);
  const hash = key.alg === 'ES384' ? 'sha384' : 'sha256';
  const signature = sign(hash, Buffer.from(`${head}.${body}`), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return { protected: head, payload: body, signature: base64url(signature) };
}

/** RFC 8555 7.3.4: the account's key, vouched for with the secret that the CA gave. */
export function bindAccount(
  key: AccountKey,
  url: string,
  credential: { readonly kid: string; readonly secret: string },
) {
  const head = jsonText({ alg: 'HS256', kid: credential.kid, url });
  const payload = jsonText(key.jwk);
  const mac = createHmac('sha256', Buffer.from(credential.secret, 'base64url')).update(`${head}.${payload}`);
  return { protected: head, payload, signature: mac.digest('base64url') };
}

/** Speaks HTTPS to one ACME server, shares no code with the product, and does nothing that it is not told. */
export function createWire({ directoryUrl, ca }: { readonly directoryUrl: string; readonly ca: string }) {
  const agent = new Agent({ ca, keepAlive: true });
  let places: Readonly<Record<string, string>> | undefined;
  const call = (method: string, url: string, body?: string, contentType?: string): Promise<WireAnswer> =>
    send(agent, {
      method,
      url,
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    });
  const place = async (name: string): Promise<string> => {
    places ??= (await call('GET', directoryUrl)).json as Record<string, string>;
    return places[name] ?? '';
  };
  /** Those that came with answers, each to be used once. */
  const spare: string[] = [];
  const nonce = async (): Promise<string> =>
    spare.pop() ?? (await call('HEAD', await place('newNonce'))).headers['replay-nonce'] ?? '';

  const post = async (wanted: SignedRequest): Promise<WireAnswer> => {
    const { url, key, kid, payload, header = {}, bend = (jws) => jws, once = false } = wanted;
    const head = { alg: key.alg, nonce: await nonce(), url, ...(kid === undefined ? { jwk: key.jwk } : { kid }) };
    const body = JSON.stringify(bend(makeJws({ ...head, ...header }, payload, key)));
    const answer = await call('POST', url, body, wanted.contentType ?? 'application/jose+json');
    spare.push(...[answer.headers['replay-nonce'] ?? []].flat());
    return !once && String(answer.json?.type).endsWith(':badNonce') ? post(wanted) : answer;
  };
  return { call, place, nonce, post };
}

export type Wire = ReturnType<typeof createWire>;

interface PlainRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: string;
  readonly contentType?: string;
}

function send(agent: Agent, { method, url, body, contentType }: PlainRequest): Promise<WireAnswer> {
  const headers = {
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
  };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const flat = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
        resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(flat), text, json: parsed(text) });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function parsed(text: string): WireAnswer['json'] {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
