import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { VaultPkiPlan } from '../plan/issuers/vault-pki.ts';
import { notIssued } from './ask-once.ts';
import { createCredential } from './credential.ts';
import type { IssuerAnswer, IssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import { oneLine } from './words.ts';

/** What the server answers: data, or why there is none. */
export type VaultPkiAnswer =
  | { readonly state: 'done'; readonly answer: IssuerAnswer }
  | { readonly state: 'refused'; readonly status: number; readonly words: string };

/** HashiCorp Vault's or OpenBao's HTTP API (api-docs), with a token that is got and kept here. Throws `issuer-*` codes. */
export interface VaultPkiClient {
  /** Logs in where that is needed, so that nothing but the call itself can fail afterwards. */
  logIn(): Promise<void>;
  /** POST below `/v1/`. A token that is refused is got anew, once. */
  post(path: string, body: object): Promise<VaultPkiAnswer>;
}

export interface VaultPkiClientOptions {
  readonly plan: Pick<VaultPkiPlan, 'url' | 'namespace' | 'login'>;
  readonly http: IssuerHttp;
  readonly secret: (id: string) => Promise<string>;
  /** A token of the app's identity for an audience. */
  readonly token: (audience: string) => Promise<string>;
  readonly clock: Pick<Clock, 'now'>;
}

export function createVaultPkiClient(options: VaultPkiClientOptions): VaultPkiClient {
  const { plan } = options;
  const base = `${plan.url.replace(/\/+$/, '')}/v1`;
  const send: Send = async (path, body, token) => {
    const headers = {
      ...{ 'content-type': 'application/json', 'x-vault-request': 'true' },
      ...(plan.namespace !== undefined && { 'x-vault-namespace': plan.namespace }),
      ...(token !== undefined && { 'x-vault-token': token }),
    };
    const url = `${base}/${path}`;
    return read(await options.http.send({ method: 'POST', url, headers, body: JSON.stringify(body), handsOn: [503] }));
  };
  const tokens = createTokens(options, send);
  return {
    logIn: async () => void (await tokens.current()),
    async post(path, body) {
      const first = await send(path, body, await tokens.current());
      if (first.state === 'done' || first.status !== FORBIDDEN) return first;
      tokens.forget();
      // What was refused has issued nothing, and neither has a login that fails.
      const token = await tokens.current().catch((error: unknown) => {
        if (!(error instanceof RenewalError)) throw error;
        const { code, message, retryAfterSeconds } = error;
        throw new RenewalError(code, message, { retryAfterSeconds, cause: notIssued });
      });
      return send(path, body, token);
    },
  };
}

type Send = (path: string, body: object, token?: string) => Promise<VaultPkiAnswer>;

const FORBIDDEN = 403;
/** Not consistent yet, a standby of another cluster, sealed (api-docs, "HTTP status codes"). */
const LATER: readonly number[] = [412, 472, 473, 503];

const errorShape = z.looseObject({ errors: z.array(z.string()) });

function read(answer: IssuerAnswer): VaultPkiAnswer {
  if (answer.status === 200 || answer.status === 204) return { state: 'done', answer };
  const said = readJson(answer, errorShape)?.errors.join('; ') ?? '';
  const words = said === '' ? `status ${answer.status}` : oneLine(said);
  if (!LATER.includes(answer.status)) return { state: 'refused', status: answer.status, words };
  const { retryAfterSeconds } = answer;
  throw new RenewalError('issuer-unreachable', `vault-pki: ${words}`, { retryAfterSeconds, cause: notIssued });
}

const loginShape = z.looseObject({
  auth: z.looseObject({ client_token: z.string().min(1), lease_duration: z.number().min(0) }),
});

/** A token without an end is asked for again after an hour: its role may have changed. */
const ENDLESS_SECONDS = 3600;
/** A token is not used in the last tenth of its life, nor in its last minute where that is shorter. */
const LAST_SECONDS = 60;

interface Tokens {
  current(): Promise<string>;
  forget(): void;
}

function createTokens({ plan: { login }, secret, token, clock }: VaultPkiClientOptions, send: Send): Tokens {
  const secretId = login.kind === 'approle' ? createCredential(() => secret(login.secretId), clock) : undefined;
  const credentials = async (): Promise<object> =>
    login.kind === 'approle'
      ? { role_id: login.roleId, secret_id: (await secretId?.value())?.trim() }
      : { role: login.role, jwt: await token(login.audience) };
  const logIn = async (): Promise<{ readonly token: string; readonly until: number }> => {
    const asked = clock.now().getTime();
    const answer = await send(`auth/${login.mount}/login`, await credentials());
    if (answer.state === 'refused') {
      secretId?.forget();
      const message = `vault-pki: login failed: ${answer.words} (${answer.status})`;
      throw new RenewalError('issuer-misconfigured', message);
    }
    const auth = readJson(answer.answer, loginShape)?.auth;
    if (auth === undefined) throw new RenewalError('issuer-unreachable', 'vault-pki: login answered without a token');
    const seconds = auth.lease_duration === 0 ? ENDLESS_SECONDS : auth.lease_duration;
    return { token: auth.client_token, until: asked + (seconds - Math.min(LAST_SECONDS, seconds / 10)) * 1000 };
  };
  let kept: ReturnType<typeof logIn> | undefined;
  const begin = (): ReturnType<typeof logIn> => {
    const begun = logIn();
    kept = begun;
    begun.catch(() => {
      if (kept === begun) kept = undefined;
    });
    return begun;
  };
  return {
    async current() {
      const known = await (kept ?? begin());
      if (clock.now().getTime() < known.until) return known.token;
      return (await begin()).token;
    },
    forget: () => {
      kept = undefined;
    },
  };
}
