import { Agent, type AgentOptions } from 'node:https';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  type PipelineResponse,
  tracingPolicy,
} from '@azure/core-rest-pipeline';
import packageJson from '../package.json' with { type: 'json' };
import { AddressRefusedError, type AddressRule, guardedLookup } from './address.ts';
import type { Clock } from './clock.ts';
import { RenewalError } from './errors.ts';
import { retryAfterSeconds } from './retry-after.ts';

export interface HttpsOptions {
  /** Who is called, for messages: the kind of an issuer, the id of a target. */
  readonly who: string;
  /** Of which codes the errors are: `issuer-unreachable` or `target-unreachable`, and so on. */
  readonly side: 'issuer' | 'target';
  /** How a URL is told in messages; absent: by its host and path. */
  readonly shown?: (url: string) => string;
  readonly clock: Clock;
  /** PEM of the authorities that vouch for the host; absent: the public ones. */
  readonly trust?: readonly string[];
  /** Which addresses may be connected to. */
  readonly mayConnect: AddressRule;
  /** With which TLS clients are told apart: PEM of the certificate, its chain and its key, as the vault has them now. */
  readonly clientCertificate?: () => Promise<string>;
  /** Takes the place of the network. */
  readonly httpClient?: HttpClient;
}

export interface HttpsRequest {
  readonly method: HttpMethods;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Statuses that are answered and not thrown, because whoever is called says more about them in its own form. */
  readonly handsOn?: readonly number[];
}

/** Whatever was answered but a redirect, a request to slow down, a server error, or half of a refusal: those are thrown. */
export interface HttpsAnswer {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly text: string;
  /** Of the `Retry-After` header. */
  readonly retryAfterSeconds: number | undefined;
}

/** HTTP as strangers are spoken to. Throws `RenewalError` (`issuer-*`, `target-*`); never says what a request carried. */
export interface Https {
  send(request: HttpsRequest): Promise<HttpsAnswer>;
}

const CALL_MILLISECONDS = 30_000;
/** The request came too late or too early (RFC 9110 15.5.9, RFC 8470 5.2): nothing is said about it. */
const NOT_HEARD: readonly number[] = [408, 425];
/** A chain of certificates is a few kilobytes, a list of validation failures some dozens. */
const LARGEST_ANSWER = 1024 * 1024;

/**
 * Calls over https, verified against the host's own authorities, to addresses that the estate file allows. Redirects
 * are not followed: a host that moves is configured anew. Nothing is repeated here: the orchestration does that.
 */
export function createHttps(options: HttpsOptions): Https {
  const { who, side, shown = hostAndPath, mayConnect, clock } = options;
  const client = options.httpClient ?? createDefaultHttpClient();
  // What a renewal asks carries the renewal's trace, as all its requests do.
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(tracingPolicy());
  const agentNow = agentsOf(options);
  return {
    async send(request) {
      const at: Call = { side, words: `${who}: ${request.method} ${shown(request.url)} failed` };
      const url = allowedUrl(request.url, at, mayConnect);
      const sent = pipelineRequest(request, url, await agentNow());
      const response = await pipeline.sendRequest(client, sent).catch((error: unknown) => {
        throw silence(at, error);
      });
      const text = await textOf(response, at);
      const wait = retryAfterSeconds(response.headers.get('retry-after'), clock.now());
      const { status } = response;
      const answer = { status, text, header: (name: string) => response.headers.get(name), retryAfterSeconds: wait };
      if (request.handsOn?.includes(status) === true) return answer;
      if (status >= 300 && status < 400) throw misconfigured(at, `${status}, and redirects are not followed`);
      if (status === 429) throw new RenewalError(`${side}-throttled`, `${at.words}: 429`, { retryAfterSeconds: wait });
      if (status >= 500 || NOT_HEARD.includes(status)) throw unreachable(at, `${status}`, wait);
      if (status >= 400 && isHalf(text)) throw unreachable(at, `${status}, and half of an answer`, wait);
      return answer;
    },
  };
}

/** One agent keeps its connections, until another client certificate takes the place of the one that they were made with. */
function agentsOf({ who, side, trust, mayConnect, clientCertificate }: HttpsOptions): () => Promise<Agent> {
  const options: AgentOptions = {
    keepAlive: true,
    lookup: guardedLookup(mayConnect),
    ...(trust !== undefined && trust.length > 0 && { ca: [...trust] }),
  };
  let kept: { readonly pem: string | undefined; readonly agent: Agent } | undefined;
  return async () => {
    const pem = await clientCertificate?.();
    if (kept !== undefined && kept.pem === pem) return kept.agent;
    kept?.agent.destroy();
    kept = {
      pem,
      agent: new Agent({ ...options, ...(pem !== undefined && clientIdentity(pem, { side, words: who })) }),
    };
    return kept.agent;
  };
}

/** A certificate that TLS would stumble over at each connection is told once, in words; never what it holds. */
function clientIdentity(pem: string, at: Call): { readonly cert: string; readonly key: string } {
  try {
    createSecureContext({ cert: pem, key: pem });
  } catch {
    throw misconfigured(at, 'the client certificate is not PEM of a certificate and its key');
  }
  return { cert: pem, key: pem };
}

function pipelineRequest({ method, headers = {}, body }: HttpsRequest, url: URL, agent: Agent) {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const made = createPipelineRequest({
    method,
    url: url.href,
    // The client's own time limit ends with the headers.
    abortSignal: AbortSignal.timeout(CALL_MILLISECONDS),
    headers: createHttpHeaders({
      'user-agent': `perennial/${packageJson.version}`,
      // Some servers refuse chunks.
      ...(bytes !== undefined && { 'content-length': String(bytes.length) }),
      ...headers,
    }),
    ...(bytes !== undefined && { body: bytes }),
    // So that an answer is read only as far as it is wanted.
    streamResponseStatusCodes: new Set([Number.POSITIVE_INFINITY]),
  });
  // Among the options above it would be left out.
  made.agent = agent;
  return made;
}

function allowedUrl(text: string, at: Call, mayConnect: AddressRule): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '') throw misconfigured(at, 'not an https address');
  // A socket asks nobody what an address means.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayConnect(host)) throw misconfigured(at, new AddressRefusedError(host).message);
  return url;
}

async function textOf(response: PipelineResponse, at: Call): Promise<string> {
  const stream = response.readableStreamBody;
  if (stream === undefined) return within(response.bodyAsText ?? '', at);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > LARGEST_ANSWER) break;
      chunks.push(bytes);
    }
  } catch (error) {
    throw silence(at, error);
  }
  if (size > LARGEST_ANSWER) throw tooLarge(at);
  return Buffer.concat(chunks).toString('utf8');
}

function within(text: string, at: Call): string {
  if (text.length > LARGEST_ANSWER) throw tooLarge(at);
  return text;
}

function tooLarge(at: Call): RenewalError {
  return unreachable(at, `the answer is larger than ${LARGEST_ANSWER} bytes`);
}

/**
 * Of a refusal in JSON that was cut on its way: whether it is one, and of what, stood in the rest. The type of the content tells
 * nothing: some send JSON as plain text.
 */
function isHalf(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

/** Whose codes an error has, and what its message begins with. */
interface Call {
  readonly side: HttpsOptions['side'];
  readonly words: string;
}

function misconfigured({ side, words }: Call, problem: string): RenewalError {
  return new RenewalError(`${side}-misconfigured`, `${words}: ${problem}`);
}

function unreachable({ side, words }: Call, problem: string, retryAfterSeconds?: number): RenewalError {
  return new RenewalError(`${side}-unreachable`, `${words}: ${problem}`, { retryAfterSeconds });
}

/** What a certificate or an address that is not believed looks like: nothing that passes by itself. */
const DISTRUST = /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|HOSTNAME_)/;

/** The alerts with which a host refuses a client's certificate, or the lack of one (RFC 8446 6.2), as OpenSSL writes them. */
const REFUSED =
  /alert[ _](bad[ _]certificate|unsupported[ _]certificate|certificate[ _](?:revoked|expired|unknown|required)|unknown[ _]ca|access[ _]denied|handshake[ _]failure)/i;

/** There was no answer. The cause's own text stays out: it may repeat the request and what it carried. */
function silence(at: Call, error: unknown): RenewalError {
  if (error instanceof RenewalError) return error;
  const { code, message } = factsOf(error);
  if (code === 'ADDRESS_REFUSED') return misconfigured(at, message);
  if (DISTRUST.test(code)) return misconfigured(at, `the host's certificate is not trusted: ${code}`);
  const [, alert] = REFUSED.exec(`${code} ${message}`) ?? [];
  if (alert !== undefined) {
    const words = alert.toLowerCase().replaceAll('_', ' ');
    return misconfigured(at, `the host refuses our client certificate, or the lack of one: ${words}`);
  }
  const told = code === 'AbortError' ? `no answer within ${CALL_MILLISECONDS / 1000} s` : code;
  return new RenewalError(`${at.side}-unreachable`, `${at.words}: ${told}`, { cause: { code } });
}

function factsOf(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: 'no answer', message: '' };
  const { code } = error as { code?: unknown };
  return { code: typeof code === 'string' ? code : error.name, message: error.message };
}

/** Host and path: a query may carry what nobody should read. */
function hostAndPath(text: string): string {
  if (!URL.canParse(text)) return 'not a URL';
  const { host, pathname } = new URL(text);
  return `${host}${pathname}`.slice(0, 200);
}
