import * as df from 'durable-functions';
import { openApi } from '../src/api/openapi.ts';
import { getRenewal, listRenewals, postCancel, postRenewal, postResume } from '../src/api/renewals.ts';
import { postRevocation } from '../src/api/revocation.ts';
import { handled } from './handled.ts';

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

df.app.client.http('resumeRenewal', {
  route: 'renewals/{id}/resume',
  methods: ['POST'],
  authLevel: 'function',
  handler: handled((call, request) => postResume(call, request.params.id)),
});

df.app.client.http('revokeCertificate', {
  route: 'certificates/{vault}/{name}/revoke',
  methods: ['POST'],
  authLevel: 'function',
  handler: handled(async ({ app }, request) =>
    postRevocation(app, {
      ...{ vault: request.params.vault, name: request.params.name },
      ...{ contentType: request.headers.get('content-type'), body: await request.text() },
    }),
  ),
});

df.app.client.http('openApi', {
  route: 'openapi.json',
  methods: ['GET'],
  authLevel: 'function',
  handler: handled(async () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: openApi() })),
});
