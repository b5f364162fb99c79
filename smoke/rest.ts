import type { TokenCredential } from '@azure/identity';
import { isLoopback } from '../src/config/loopback.ts';
import { messageOf, SmokeError } from './errors.ts';
import { at, textAt } from './json.ts';

/** One request. `scope` is of the token that goes with it; absent: no token. */
export interface RestCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly scope?: string;
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back, whatever its status. `body` is the JSON, `undefined` for anything else; `text` is as it was sent. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
  readonly headers: Headers;
  /** Azure's word for the error, wherever the service puts it; empty when there is none. */
  readonly code: string;
}

/** Calls Azure as whoever is signed in. */
export interface Rest {
  /** Repeats what got no answer, 429 or 5xx, a few times. Throws `SmokeError` when there is no answer at all. */
  call(request: RestCall): Promise<Answer>;
}

export interface RestOptions {
  readonly tokens: Tokens;
  /** Ends what waits. */
  readonly signal?: AbortSignal;
  /** Before the first repeat; doubled for each one. */
  readonly pauseMilliseconds?: number;
}

const TRIES = 5;
const LONGEST_PAUSE_SECONDS = 30;
const ANSWER_SECONDS = 60;
/** A token is asked for anew this long before it ends. */
const TOKEN_MARGIN_MILLISECONDS = 300_000;

export function createRest(options: RestOptions): Rest {
  return { call: (request) => repeated(request, options) };
}

/** Answers with an access token for a scope. */
export type Tokens = (scope: string) => Promise<string>;

/** The Azure CLI is a process for each token: each is kept until shortly before its end. */
export function tokensOf(credential: TokenCredential): Tokens {
  const known = new Map<string, { readonly token: string; readonly until: number }>();
  return async (scope) => {
    const found = known.get(scope);
    if (found !== undefined && Date.now() < found.until) return found.token;
    const issued = await credential.getToken(scope).catch((error: unknown) => {
      throw new SmokeError(`sign-in: no token for ${scope}: ${messageOf(error).split('\n', 1)[0] ?? ''}`);
    });
    if (issued === null)
      throw new SmokeError(`sign-in: no token for ${scope}: sign in with az login or azd auth login`);
    known.set(scope, { token: issued.token, until: issued.expiresOnTimestamp - TOKEN_MARGIN_MILLISECONDS });
    return issued.token;
  };
}

async function repeated(request: RestCall, options: RestOptions): Promise<Answer> {
  const { pauseMilliseconds = 1000, signal } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const answer = await once(request, options);
    const isPassing = !('status' in answer) || answer.status === 429 || answer.status >= 500;
    if ('status' in answer && (!isPassing || attempt === TRIES)) return answer;
    if (attempt === TRIES) throw new SmokeError(`${actionOf(request)}: no answer: ${(answer as NoAnswer).why}`);
    await pause(pauseOf(answer, pauseMilliseconds * 2 ** (attempt - 1)), signal);
  }
}

interface NoAnswer {
  readonly why: string;
}

async function once(request: RestCall, { tokens, signal }: RestOptions): Promise<Answer | NoAnswer> {
  const { method, url, scope, body } = request;
  const headers = {
    ...request.headers,
    ...(scope !== undefined && { authorization: await bearer(url, scope, tokens) }),
  };
  const isText = typeof body === 'string';
  const limits = [AbortSignal.timeout(ANSWER_SECONDS * 1000), ...(signal ? [signal] : [])];
  try {
    const response = await fetch(url, {
      ...{ method, redirect: 'manual', signal: AbortSignal.any(limits) },
      headers: {
        accept: 'application/json',
        ...(body !== undefined && !isText && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
    });
    return answerOf(response, await response.text());
  } catch (error) {
    signal?.throwIfAborted();
    const cause = error instanceof Error ? at(error.cause, 'code') : undefined;
    return { why: typeof cause === 'string' ? cause : error instanceof Error ? error.name : 'unknown' };
  }
}

/** A token goes nowhere without TLS. */
async function bearer(url: URL, scope: string, tokens: Tokens): Promise<string> {
  if (url.protocol !== 'https:')
    throw new SmokeError(`${url.origin}: a token is never sent without TLS; write https://`);
  return `Bearer ${await tokens(scope)}`;
}

function answerOf(response: Response, text: string): Answer {
  const body = parsed(text);
  const said = ['error', 'odata.error'].map((name) => textAt(body, name, 'code')).find((code) => code !== '');
  const code = said ?? (textAt(body, 'Code') || response.headers.get('x-ms-error-code') || textAt(body, 'code'));
  return { status: response.status, body, text, headers: response.headers, code };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // XML of storage, a page of a proxy, nothing: the status has to do.
    return undefined;
  }
}

function pauseOf(answer: Answer | NoAnswer, milliseconds: number): number {
  const told = 'status' in answer ? Number(answer.headers.get('retry-after') ?? Number.NaN) : Number.NaN;
  return Number.isFinite(told) ? Math.min(told, LONGEST_PAUSE_SECONDS) * 1000 : milliseconds;
}

/** Waits, or throws what the signal was aborted with. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

/** The answer when it is one of success. Throws `SmokeError` with status and Azure's own word otherwise. */
export function accepted(request: Pick<RestCall, 'method' | 'url'>, answer: Answer): Answer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new SmokeError(`${actionOf(request)}: ${saidBy(answer)}`);
}

/** Status, Azure's word for it, and the first of its sentences. */
export function saidBy({ status, code, body }: Answer): string {
  const message = textAt(body, 'error', 'message') || textAt(body, 'Message') || textAt(body, 'detail');
  const sentence = message.replace(/\s+/g, ' ').slice(0, 240);
  return [String(status), code, sentence].filter((part) => part !== '').join(' ');
}

function actionOf({ method, url }: Pick<RestCall, 'method' | 'url'>): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** Whether everything is on this machine: the stand, and not Azure. */
export function isStand(url: URL): boolean {
  return isLoopback(url.hostname);
}
