/** The app as a person with curl sees it: its HTTP API, with a function key. */
export interface AppClient {
  /** Asks for a renewal by hand. */
  renew(request: { vault: string; certificate: string; force: boolean }): Promise<Answer>;
  renewal(id: string): Promise<Record<string, unknown> | undefined>;
  /** One row a certificate that the app has looked at. */
  list(): Promise<readonly ListedRenewal[]>;
  /** Runs a timer's function at once, as the portal does. */
  runNow(functionName: string): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface ListedRenewal {
  readonly id?: string;
  readonly vault: string;
  readonly certificate: string;
}

/** An answer that the demo cannot go on with. */
export class AppAnswerError extends Error {
  override readonly name = 'AppAnswerError';
}

export function createAppClient(url: string, keys: { readonly function: string; readonly master: string }): AppClient {
  const call = async (method: string, path: string, body?: unknown, key = keys.function): Promise<Answer> => {
    const response = await answerOf(`${url}${path}`, {
      method,
      headers: { 'x-functions-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
  return {
    renew: (request) => call('POST', '/api/renewals', request),
    async renewal(id) {
      const answer = await call('GET', `/api/renewals/${id}`);
      return answer.status === 404 ? undefined : answer.body;
    },
    async list() {
      const answer = await call('GET', '/api/renewals');
      if (answer.status !== 200)
        throw new AppAnswerError(`GET /api/renewals: ${answer.status} ${JSON.stringify(answer.body)}`);
      return (answer.body.renewals ?? []) as ListedRenewal[];
    },
    async runNow(functionName) {
      const answer = await call('POST', `/admin/functions/${functionName}`, {}, keys.master);
      if (answer.status >= 300) throw new AppAnswerError(`POST /admin/functions/${functionName}: ${answer.status}`);
    },
  };
}

/** A connection that was kept may have been closed while this process was busy: what only reads is asked once more. */
async function answerOf(url: string, request: RequestInit & { readonly method: string }): Promise<Response> {
  const ask = (): Promise<Response> => fetch(url, { ...request, signal: AbortSignal.timeout(30_000) });
  if (request.method !== 'GET') return ask();
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TypeError) return ask();
    throw error;
  }
}
