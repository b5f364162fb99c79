import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type * as df from 'durable-functions';
import type { TextAnswer } from '../src/api/orders.ts';
import { type Answer, errorAnswer } from '../src/api/renewals.ts';
import type { App } from '../src/app.ts';
import type { StartDependencies } from '../src/renewal/start.ts';
import { inTrace } from '../src/trace.ts';
import { firstTraceParent } from '../src/trace-parent.ts';
import { appOf } from './app-of.ts';

interface Call {
  readonly app: App & StartDependencies;
  /** Where the caller reaches the app. */
  readonly base: string;
}

type Handler = (call: Call, request: HttpRequest) => Promise<Answer | TextAnswer>;

/** One way in: build the call, answer, and turn whatever was thrown into a problem document, by `answerTo`. */
export function handled(handler: Handler, answerTo: (error: unknown) => Answer = errorAnswer) {
  return async (
    request: HttpRequest,
    client: df.DurableClient,
    context: InvocationContext,
  ): Promise<HttpResponseInit> => {
    const trace = firstTraceParent(request.headers.get('traceparent'), context.traceContext?.traceParent);
    try {
      const app = await appOf(client, context);
      const base = app.settings.publicUrl ?? new URL(request.url).origin;
      const call = { app, base };
      return init(await inTrace(trace, () => handler(call, request)));
    } catch (error) {
      context.error(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
      return init(answerTo(error));
    }
  };
}

function init(answer: Answer | TextAnswer): HttpResponseInit {
  const { status, headers } = answer;
  return { status, headers: { ...headers }, body: 'text' in answer ? answer.text : JSON.stringify(answer.body) };
}
