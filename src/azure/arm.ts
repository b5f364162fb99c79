import {
  bearerTokenAuthenticationPolicy,
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineFromOptions,
  createPipelineRequest,
  exponentialRetryPolicy,
  type HttpClient,
  type HttpMethods,
  type Pipeline,
  type PipelineResponse,
  systemErrorRetryPolicy,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { RenewalError } from '../errors.ts';
import { armAnswerError, armErrorBody, armSilence, explain, restSeconds, retryAfterSeconds } from './arm-error.ts';
import { armUrl } from './arm-id.ts';
import { noRedirects } from './no-redirects.ts';

export interface ArmOptions {
  readonly endpoint: string;
  readonly credential: TokenCredential;
  /** Of the token; the public cloud's when absent, whatever the endpoint is. */
  readonly scope?: string;
  /** PEM of a CA that the endpoint is trusted by. */
  readonly tls?: { readonly ca: string };
  /** Takes the place of the network. */
  readonly httpClient?: HttpClient;
  /** Wait before the first repeat of a request that got no answer or a server error. */
  readonly retryMilliseconds?: number;
}

/** An operation that goes on in Azure after the answer. */
export interface ArmOperation {
  /** `status`: the URL answers with a status document. `location`: it answers 202 until the operation is over. */
  readonly kind: 'status' | 'location';
  readonly url: string;
}

export type ArmWrite =
  /** `restSeconds`: the quota of this identity is used up, and comes back so late. Resource Graph alone tells it. */
  | { readonly state: 'done'; readonly body: unknown; readonly restSeconds?: number }
  | { readonly state: 'running'; readonly operation: ArmOperation; readonly retryAfterSeconds: number };

export type ArmOperationStatus =
  | { readonly state: 'running'; readonly retryAfterSeconds: number }
  | { readonly state: 'succeeded'; readonly body: unknown }
  | { readonly state: 'failed'; readonly reason: string };

/** A write that is refused when somebody else was first: `ifNoneMatch: '*'` makes, and replaces nothing. */
export type ArmCondition = { readonly ifMatch: string } | { readonly ifNoneMatch: '*' };

/**
 * Azure Resource Manager. Ids are ARM resource ids; the API version goes by their type. Throws `RenewalError` with an
 * `arm-*` code. Bodies are whatever Azure sent: the caller checks the part it needs.
 */
export interface Arm {
  /** `undefined` when there is no such resource (404). `expand`: the part that Azure leaves out otherwise. */
  get(id: string, expand?: 'instanceView'): Promise<unknown>;
  put(id: string, body: unknown, when?: ArmCondition): Promise<ArmWrite>;
  patch(id: string, body: unknown): Promise<ArmWrite>;
  post(id: string, body?: unknown): Promise<ArmWrite>;
  /** That there is nothing to delete is fine. */
  remove(id: string, when?: ArmCondition): Promise<void>;
  /** The members of a collection, page by page. */
  list(id: string): AsyncIterable<unknown>;
  /** One look at a long-running operation. Waiting is the orchestration's, never this process's. */
  operation(operation: ArmOperation): Promise<ArmOperationStatus>;
}

interface Call {
  readonly method: HttpMethods;
  readonly url: URL;
  readonly body?: unknown;
  readonly when?: ArmCondition | undefined;
}

/** How long one attempt may take: App Service reads the vault while the PUT of a certificate waits. */
const attemptMilliseconds = 60_000;
/** Between two looks at an operation when Azure does not say: status reads have limits of their own. */
const defaultRetryAfterSeconds = 30;

export function createArm(options: ArmOptions): Arm {
  const pipeline = pipelineOf(options);
  const client = options.httpClient ?? createDefaultHttpClient();
  const send = async ({ method, url, body, when }: Call): Promise<PipelineResponse> => {
    const request = createPipelineRequest({
      method,
      url: url.href,
      timeout: attemptMilliseconds,
      headers: createHttpHeaders({
        accept: 'application/json',
        'content-type': 'application/json',
        ...headersOf(when),
      }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return pipeline.sendRequest(client, request).catch((error: unknown) => {
      throw armSilence(actionOf(method, url), error);
    });
  };
  const write = async (
    method: HttpMethods,
    id: string,
    { body, when }: Pick<Call, 'body' | 'when'>,
  ): Promise<ArmWrite> => {
    const url = armUrl(options.endpoint, id);
    return written(url, accepted({ method, url }, await send({ method, url, body, when })));
  };
  return {
    async get(id, expand) {
      const call: Call = { method: 'GET', url: armUrl(options.endpoint, id) };
      if (expand !== undefined) call.url.searchParams.set('$expand', expand);
      const response = await send(call);
      return response.status === 404 ? undefined : bodyOf(accepted(call, response));
    },
    put: (id, body, when) => write('PUT', id, { body, when }),
    patch: (id, body) => write('PATCH', id, { body }),
    post: (id, body) => write('POST', id, { body }),
    async remove(id, when) {
      const call: Call = { method: 'DELETE', url: armUrl(options.endpoint, id), when };
      const response = await send(call);
      if (response.status !== 404) accepted(call, response);
    },
    async *list(id) {
      for (let url: URL | undefined = armUrl(options.endpoint, id); url !== undefined; ) {
        const call: Call = { method: 'GET', url };
        const page = pageOf(call, bodyOf(accepted(call, await send(call))));
        yield* page.value;
        url = page.nextLink ? ownUrl(options.endpoint, page.nextLink) : undefined;
      }
    },
    async operation(operation) {
      const call: Call = { method: 'GET', url: ownUrl(options.endpoint, operation.url) };
      return statusOf(operation, accepted(call, await send(call)));
    },
  };
}

function headersOf(when: ArmCondition | undefined): Readonly<Record<string, string>> {
  if (when === undefined) return {};
  return 'ifMatch' in when ? { 'if-match': when.ifMatch } : { 'if-none-match': when.ifNoneMatch };
}

/**
 * Requests that got no answer or a server error are repeated in place, all of them being safe to repeat. A request to
 * slow down is not waited for here: ARM may ask for minutes, and those belong into a durable timer.
 */
function pipelineOf({ credential, scope, tls, retryMilliseconds = 1000 }: ArmOptions): Pipeline {
  const pipeline = createPipelineFromOptions({
    ...(tls !== undefined && { tlsOptions: { ca: tls.ca } }),
    userAgentOptions: { userAgentPrefix: `perennial/${packageJson.version}` },
    ...noRedirects,
  });
  const retry = { maxRetries: 3, retryDelayInMs: retryMilliseconds, maxRetryDelayInMs: 8 * retryMilliseconds };
  pipeline.removePolicy({ name: 'defaultRetryPolicy' });
  pipeline.addPolicy(exponentialRetryPolicy(retry), { phase: 'Retry' });
  pipeline.addPolicy(systemErrorRetryPolicy(retry), { phase: 'Retry' });
  const scopes = scope ?? 'https://management.azure.com/.default';
  pipeline.addPolicy(bearerTokenAuthenticationPolicy({ credential, scopes }), { phase: 'Sign' });
  return pipeline;
}

function accepted({ method, url }: Call, response: PipelineResponse): PipelineResponse {
  if (response.status >= 200 && response.status < 300) return response;
  throw armAnswerError(actionOf(method, url), response);
}

/** The id without the query: operation URLs carry tokens of their own there. */
function actionOf(method: HttpMethods, url: URL): string {
  return `${method} ${decoded(url.pathname)}`;
}

/** For people. A path of an answer may be written in any way, also one that stands for nothing. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}

function bodyOf(response: PipelineResponse): unknown {
  const text = response.bodyAsText ?? '';
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new RenewalError('arm-unreachable', `arm: answer ${response.status} is not JSON`);
  }
}

function written(url: URL, response: PipelineResponse): ArmWrite {
  const status = response.headers.get('azure-asyncoperation');
  const location = response.status === 202 ? response.headers.get('location') : undefined;
  const after = status ?? location;
  if (after === undefined) {
    const rest = restSeconds(response);
    return { state: 'done', body: bodyOf(response), ...(rest !== undefined && { restSeconds: rest }) };
  }
  const operation: ArmOperation = { kind: status === undefined ? 'location' : 'status', url: ownUrl(url, after).href };
  return { state: 'running', operation, retryAfterSeconds: retryAfterSeconds(response) ?? defaultRetryAfterSeconds };
}

const statusDocument = z.looseObject({
  status: z.string(),
  error: armErrorBody.optional(),
});

function statusOf({ kind }: ArmOperation, response: PipelineResponse): ArmOperationStatus {
  const running = {
    state: 'running',
    retryAfterSeconds: retryAfterSeconds(response) ?? defaultRetryAfterSeconds,
  } as const;
  if (kind === 'location') return response.status === 202 ? running : { state: 'succeeded', body: bodyOf(response) };
  const document = statusDocument.safeParse(bodyOf(response)).data;
  if (document === undefined) throw new RenewalError('arm-unreachable', 'arm: the operation answered without a status');
  if (document.status === 'Succeeded') return { state: 'succeeded', body: document };
  if (document.status !== 'Failed' && document.status !== 'Canceled') return running;
  return { state: 'failed', reason: explain(document.error ?? { code: document.status, message: 'no reason given' }) };
}

const pageShape = z.looseObject({ value: z.array(z.unknown()), nextLink: z.string().nullish() });

function pageOf({ url }: Call, body: unknown): z.infer<typeof pageShape> {
  const page = pageShape.safeParse(body);
  if (page.success) return page.data;
  throw new RenewalError('arm-unreachable', `arm: ${actionOf('GET', url)} failed: the answer is not a list`);
}

/** A URL that an answer named. The token goes with it, so that it must lead to where the answer came from. */
function ownUrl(endpoint: string | URL, text: string): URL {
  const url = URL.canParse(text, String(endpoint)) ? new URL(text, endpoint) : undefined;
  if (url?.origin === new URL(endpoint).origin) return url;
  throw new RenewalError('arm-refused', `arm: an answer points to another host: ${url?.host ?? 'not a URL'}`);
}
