import { Agent } from 'node:https';
import { isIP } from 'node:net';
import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
  type HttpMethods,
  isRestError,
  type PipelineResponse,
  tracingPolicy,
} from '@azure/core-rest-pipeline';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { AddressRefusedError, type AddressRule, guardedLookup } from '../address.ts';
import { RenewalError } from '../errors.ts';
import { kubernetesAnswerError } from './kubernetes-error.ts';

export interface KubernetesApiOptions {
  /** https URL of the cluster's API server. */
  readonly server: URL;
  /** PEM of the cluster's own CA: nobody else vouches for its server. */
  readonly ca: string;
  /** A token of Entra ID for the cluster. */
  readonly token: () => Promise<string>;
  readonly mayConnect: AddressRule;
  /** Takes the place of the network. */
  readonly httpClient?: HttpClient;
}

/**
 * The Kubernetes API of one cluster. Paths begin with `/api` or `/apis`. Redirects are not followed and nothing is repeated
 * here: the orchestration does that. Throws `RenewalError` with an `arm-*` code.
 */
export interface KubernetesApi {
  /** `undefined` when there is no such object (404). */
  get(path: string): Promise<unknown>;
  /** The members of a collection, page by page. */
  list(path: string): Promise<readonly unknown[]>;
  /** Strategic merge patch. `arm-conflict` when its `metadata.resourceVersion` is not the newest any more (409). */
  patch(path: string, body: unknown): Promise<unknown>;
}

interface Call {
  readonly method: HttpMethods;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Admission webhooks may take 30 s of their own. */
const CALL_MILLISECONDS = 45_000;
const PAGE = '500';
const MOST_PAGES = 20;

export function createKubernetesApi(options: KubernetesApiOptions): KubernetesApi {
  const { server, ca, token, mayConnect } = options;
  const client = options.httpClient ?? createDefaultHttpClient();
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(tracingPolicy());
  const agent = new Agent({ ca: [ca], lookup: guardedLookup(mayConnect) });
  const send = async ({ method, path, query = {}, body }: Call): Promise<PipelineResponse> => {
    const at = actionOf({ method, path });
    // A socket asks nobody what an address means.
    const host = server.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !mayConnect(host))
      throw new RenewalError('arm-refused', `${at} failed: ${new AddressRefusedError(host).message}`);
    const url = new URL(path, server);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const request = createPipelineRequest({
      method,
      url: url.href,
      abortSignal: AbortSignal.timeout(CALL_MILLISECONDS),
      headers: createHttpHeaders({
        accept: 'application/json',
        authorization: `Bearer ${await token()}`,
        'user-agent': `perennial/${packageJson.version}`,
        ...(body !== undefined && { 'content-type': 'application/strategic-merge-patch+json' }),
      }),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    // Among the options above it would be left out.
    request.agent = agent;
    return pipeline.sendRequest(client, request).catch((error: unknown) => {
      throw silence(at, error);
    });
  };
  return {
    async get(path) {
      const response = await send({ method: 'GET', path });
      return response.status === 404 ? undefined : bodyOf({ method: 'GET', path }, response);
    },
    async list(path) {
      const found: unknown[] = [];
      const call: Call = { method: 'GET', path };
      let from: string | undefined;
      for (let page = 0; page < MOST_PAGES; page++) {
        const query = { limit: PAGE, ...(from !== undefined && { continue: from }) };
        const { items, metadata } = pageOf(call, bodyOf(call, await send({ ...call, query })));
        found.push(...items);
        from = metadata.continue;
        if (!from) return found;
      }
      throw new RenewalError('arm-refused', `${actionOf(call)} failed: more than ${found.length} objects`);
    },
    patch: async (path, body) => bodyOf({ method: 'PATCH', path }, await send({ method: 'PATCH', path, body })),
  };
}

function actionOf({ method, path }: Pick<Call, 'method' | 'path'>): string {
  return `kubernetes: ${method} ${path}`;
}

/** The cause's own text stays out: it may repeat the request and its token. */
function silence(at: string, error: unknown): RenewalError {
  const { name: own = 'unknown', message = '' } = error instanceof Error ? error : {};
  const code = isRestError(error) ? (error.code ?? own) : own;
  const isRefused = code === 'ADDRESS_REFUSED';
  return new RenewalError(
    isRefused ? 'arm-refused' : 'arm-unreachable',
    `${at} failed: ${isRefused ? message : `no answer: ${code}`}`,
  );
}

function bodyOf(call: Call, response: PipelineResponse): unknown {
  if (response.status < 200 || response.status >= 300) throw kubernetesAnswerError(actionOf(call), response);
  try {
    return JSON.parse(response.bodyAsText ?? '') as unknown;
  } catch {
    throw new RenewalError('arm-unreachable', `${actionOf(call)} failed: answer ${response.status} is not JSON`);
  }
}

const listShape = z.looseObject({
  metadata: z.looseObject({ continue: z.string().optional() }),
  items: z.array(z.unknown()),
});

function pageOf(call: Call, body: unknown): z.infer<typeof listShape> {
  const page = listShape.safeParse(body);
  if (page.success) return page.data;
  throw new RenewalError('arm-unreachable', `${actionOf(call)} failed: the answer is not a list`);
}
