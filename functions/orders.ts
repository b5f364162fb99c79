import type { HttpRequest } from '@azure/functions';
import * as df from 'durable-functions';
import type { IncomingBody } from '../src/api/call-body.ts';
import { postCallback } from '../src/api/callbacks.ts';
import { getCsr, listOrders, postChain, postRejection } from '../src/api/orders.ts';
import { handled } from './handled.ts';

df.app.client.http('listOrders', {
  route: 'orders',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call) => listOrders(call)),
});

df.app.client.http('getCsr', {
  route: 'orders/{reference}/csr',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled((call, request) => getCsr(call, request.params.reference)),
});

df.app.client.http('uploadChain', {
  route: 'orders/{reference}/chain',
  methods: ['POST'],
  authLevel: 'function',
  handler: handled((call, request) => postChain(call, request.params.reference, bodyOf(request))),
});

df.app.client.http('rejectOrder', {
  route: 'orders/{reference}/reject',
  methods: ['POST'],
  authLevel: 'function',
  handler: handled((call, request) =>
    postRejection(call, request.params.reference, {
      contentType: request.headers.get('content-type'),
      body: bodyOf(request),
    }),
  ),
});

// Its signature opens it: whoever answers for a CA needs no key to the rest of the app.
df.app.client.http('orderCallback', {
  route: 'callbacks/{reference}',
  methods: ['POST'],
  authLevel: 'anonymous',
  handler: handled((call, request) =>
    postCallback(call, request.params.reference, {
      contentType: request.headers.get('content-type'),
      header: (name) => request.headers.get(name),
      body: bodyOf(request),
    }),
  ),
});

function bodyOf(request: HttpRequest): IncomingBody {
  return { length: request.headers.get('content-length'), stream: request.body };
}
