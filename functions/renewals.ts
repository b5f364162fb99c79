import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { openApi } from '../src/api/openapi.ts';
import {
  type Answer,
  type Call,
  errorAnswer,
  getRenewal,
  listRenewals,
  postCancel,
  postRenewal,
} from '../src/api/renewals.ts';
import { currentApp } from '../src/app.ts';
import { createOrchestrations } from '../src/renewal/durable-client.ts';

type Handler = (call: Call, request: HttpRequest) => Promise<Answer>;

/** One way in: build the call, answer, and turn whatever was thrown into a problem document. */
function handled(handler: Handler) {
  return async (
    request: HttpRequest,
    client: df.DurableClient,
    context: InvocationContext,
  ): Promise<HttpResponseInit> => {
    try {
      const app = await currentApp();
      const base = app.settings.publicUrl ?? new URL(request.url).origin;
      return init(await handler({ app: { ...app, orchestrations: createOrchestrations(client) }, base }, request));
    } catch (error) {
      context.error(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return init(errorAnswer(error));
    }
  };
}

function init({ status, headers, body }: Answer): HttpResponseInit {
  return { status, headers: { ...headers }, body: JSON.stringify(body) };
}

df.app.client.http('startRenewal', {
  route: 'renewals',
  methods: ['POST'],
  authLevel: 'function',
  handler: handled(async (call, request) =>
    postRenewal(call, { contentType: request.headers.get('content-type'), body: await request.text() }),
  ),
});

df.app.client.http('listRenewals', {
  route: 'renewals',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call) => listRenewals(call)),
});

df.app.client.http('getRenewal', {
  route: 'renewals/{id}',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call, request) => getRenewal(call, request.params.id)),
});

df.app.client.http('cancelRenewal', {
  route: 'renewals/{id}/cancel',
  methods: ['POST'],
  authLevel: 'function',
  handler: handled((call, request) => postCancel(call, request.params.id)),
});

df.app.client.http('openApi', {
  route: 'openapi.json',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled(async () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: openApi() })),
});
