import type { HttpRequest } from '@azure/functions';
import * as df from 'durable-functions';
import type { SignedCall } from '../src/api/callbacks.ts';
import { postWorkerAnswer, postWorkerCall } from '../src/api/relay.ts';
import { handled } from './handled.ts';

// Their signatures open them: a worker beside a CA needs no key to the rest of the app.
df.app.client.http('workerCall', {
  route: 'relay/{issuer}/requests',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: handled((call, request) => postWorkerCall(call, request.params.issuer ?? '', signed(request))),
});

df.app.client.http('workerAnswer', {
  route: 'relay/{issuer}/answers',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: handled((call, request) => postWorkerAnswer(call, request.params.issuer ?? '', signed(request))),
});

function signed({ headers, body }: HttpRequest): SignedCall {
  return {
    contentType: headers.get('content-type'),
    header: (name) => headers.get(name),
    body: { length: headers.get('content-length'), stream: body },
  };
}
