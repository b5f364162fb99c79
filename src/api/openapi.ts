import { z } from 'zod';
import { cancelAccepted, renewalAccepted, renewalList, renewalNotNeeded, renewalView } from './answers.ts';
import { callback } from './callbacks.ts';
import { health, sweepView } from './health.ts';
import { orderList, orderView } from './order-view.ts';
import { orderRejection } from './orders.ts';
import { PROBLEM_TYPE, problemDocument } from './problems.ts';
import { MOST_DAYS, readersView } from './readers.ts';
import { workerAnswer, workerCall, workerTaken, workerTasks } from './relay.ts';
import { renewalRequest } from './renewal-request.ts';
import { revocation, revocationRequest } from './revocation.ts';
import { certificateUsesView, usesView } from './uses.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The API as an OpenAPI 3.1 document, made from the schemas that the app itself checks with. */
export function openApi(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Perennial',
      version: '1',
      description: 'Renews the certificates of an Azure Key Vault estate. Renewed means served.',
    },
    jsonSchemaDialect: DIALECT,
    security: [{ functionKey: [] }, { functionKeyInQuery: [] }],
    paths: paths(),
    components: {
      schemas: schemas(),
      securitySchemes: {
        functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
        functionKeyInQuery: { type: 'apiKey', in: 'query', name: 'code' },
        webhookSignature: {
          type: 'apiKey',
          in: 'header',
          name: 'webhook-signature',
          description: 'With webhook-id and webhook-timestamp, as Standard Webhooks 1.0.0 says.',
        },
      },
    },
  };
}

function paths(): object {
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{1,100}$' } };
  return {
    '/api/renewals': {
      get: operation('listRenewals', 'Every certificate with its newest renewal', {
        200: answer('Renewals', 'RenewalList'),
      }),
      post: {
        ...operation('startRenewal', 'Ask for a renewal', {
          200: answer('Nothing is to be done', 'RenewalNotNeeded'),
          202: { ...answer('Started, or running already', 'RenewalAccepted'), headers: operationHeaders() },
          ...problems(400, 404, 409, 413, 415, 422),
        }),
        requestBody: jsonBody('RenewalRequest'),
      },
    },
    ...orderPaths(),
    ...relayPaths(),
    '/api/openapi.json': {
      get: operation('getOpenApi', 'This document', {
        200: { description: 'OpenAPI 3.1', content: { 'application/json': {} } },
      }),
    },
    '/api/health': {
      get: operation('getHealth', 'Whether the app does its work', {
        200: answer('It does', 'Health'),
        503: answer(
          'Something is wrong with the app as a whole; a problem document when it cannot even tell, with `problems` where settings or estate file have to be mended',
          'Health',
        ),
      }),
    },
    '/api/sweep': {
      get: operation('getSweep', 'What the last sweep found', {
        200: answer('Its report', 'Sweep'),
        ...problems(404),
      }),
    },
    '/api/certificates/{vault}/{name}/readers': {
      parameters: [
        ...certificateParameters(),
        { name: 'days', in: 'query', schema: { type: 'integer', minimum: 1, maximum: MOST_DAYS, default: 30 } },
      ],
      get: operation('getReaders', 'Who read the secret of a certificate', {
        200: answer('Its readers, by the audit log of the vault', 'Readers'),
        ...problems(404, 422, 501),
      }),
    },
    '/api/uses': {
      get: operation('getUses', 'What the last look at where certificates are used found', {
        200: answer('Its report', 'Uses'),
        ...problems(404),
      }),
    },
    '/api/certificates/{vault}/{name}/uses': {
      parameters: certificateParameters(),
      get: operation('getCertificateUses', 'Where a certificate is used', {
        200: answer('Its uses, as Azure showed them at the last look', 'CertificateUses'),
        ...problems(404, 422),
      }),
    },
    '/api/certificates/{vault}/{name}/revoke': {
      parameters: certificateParameters(),
      post: {
        ...operation('revokeCertificate', 'Have a version of a certificate revoked by its issuer', {
          200: answer('It is revoked', 'Revocation'),
          202: answer('Somebody at the issuer has to agree', 'Revocation'),
          ...problems(400, 404, 409, 413, 415, 422),
        }),
        requestBody: { required: true, content: { 'application/json': { schema: reference('RevocationRequest') } } },
      },
    },
    '/api/renewals/{id}': {
      parameters: [id],
      get: operation('getRenewal', 'How far a renewal has come', {
        200: answer('The renewal', 'Renewal'),
        ...problems(400, 404),
      }),
    },
    '/api/renewals/{id}/cancel': {
      parameters: [id],
      post: operation('cancelRenewal', 'Stop a renewal at its next gate', {
        202: answer('It will stop', 'CancelAccepted'),
        ...problems(400, 404, 409),
      }),
    },
    '/api/renewals/{id}/resume': {
      parameters: [id],
      post: operation('resumeRenewal', 'Deploy a partly deployed version again where it is not served', {
        200: answer('Nothing is to be done', 'RenewalNotNeeded'),
        202: { ...answer('Started, or running already', 'RenewalAccepted'), headers: operationHeaders() },
        ...problems(400, 404, 409),
      }),
    },
  };
}

function orderPaths(): object {
  const reference = {
    name: 'reference',
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: '^[0-9a-f]{40}$' },
  };
  const parameters = [reference];
  const taken = { 200: answer('Taken; the same again is answered alike', 'Order') };
  const anything = { schema: { type: 'string', format: 'binary' } };
  return {
    '/api/orders': {
      get: operation('listOrders', 'Orders that wait for a person, a webhook or a worker', {
        200: answer('The orders, the oldest first', 'OrderList'),
      }),
    },
    '/api/orders/{reference}/csr': {
      parameters,
      get: operation('getCsr', 'The CSR of an order', {
        200: { description: 'PKCS#10 in PEM', content: { 'application/x-pem-file': { schema: { type: 'string' } } } },
        ...problems(404),
      }),
    },
    '/api/orders/{reference}/chain': {
      parameters,
      post: {
        ...operation('uploadChain', 'Hand in the chain of an order', { ...taken, ...problems(404, 409, 413, 422) }),
        requestBody: {
          required: true,
          description: 'PEM, DER or PKCS#7, of any content type; never a private key',
          content: { 'application/x-pem-file': anything, 'application/octet-stream': anything },
        },
      },
    },
    '/api/orders/{reference}/reject': {
      parameters,
      post: {
        ...operation('rejectOrder', 'Say that the CA refuses an order', {
          ...taken,
          ...problems(400, 404, 409, 413, 415, 422),
        }),
        requestBody: jsonBody('OrderRejection'),
      },
    },
    '/api/callbacks/{reference}': {
      parameters,
      post: {
        ...operation('orderCallback', "A webhook's signed answer", {
          ...taken,
          ...problems(400, 401, 404, 409, 413, 415, 422),
        }),
        security: [{ webhookSignature: [] }],
        requestBody: jsonBody('Callback'),
      },
    },
  };
}

function relayPaths(): object {
  const parameters = [{ name: 'issuer', in: 'path', required: true, schema: { type: 'string' } }];
  const security = [{ webhookSignature: [] }];
  return {
    '/api/relay/{issuer}/requests': {
      parameters,
      post: {
        ...operation('workerCall', 'What a worker beside a CA is to do; the answer is signed too', {
          200: answer('Its tasks, ten at most', 'WorkerTasks'),
          ...problems(400, 401, 413, 415, 422),
        }),
        security,
        requestBody: jsonBody('WorkerCall'),
      },
    },
    '/api/relay/{issuer}/answers': {
      parameters,
      post: {
        ...operation('workerAnswer', 'What came of a task', {
          200: answer('Taken', 'WorkerTaken'),
          ...problems(400, 401, 404, 409, 413, 415, 422),
        }),
        security,
        requestBody: jsonBody('WorkerAnswer'),
      },
    },
  };
}

function jsonBody(name: string): object {
  return { required: true, content: { 'application/json': { schema: reference(name) } } };
}

function certificateParameters(): readonly object[] {
  const text = (pattern: string) => ({ type: 'string', pattern });
  return [
    { name: 'vault', in: 'path', required: true, schema: text('^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$') },
    { name: 'name', in: 'path', required: true, schema: text('^[0-9A-Za-z-]{1,127}$') },
  ];
}

function operation(operationId: string, summary: string, responses: object): object {
  const always = { 401: { description: 'The key is missing or wrong' }, ...problems(500, 502, 503) };
  return { operationId, summary, responses: { ...always, ...responses } };
}

function operationHeaders(): object {
  const schema = { type: 'string' };
  return {
    Location: { description: 'The renewal', schema },
    'Operation-Location': { description: 'The renewal', schema },
    'Retry-After': { description: 'Seconds until it is worth asking', schema: { type: 'integer' } },
  };
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The call is malformed',
  401: 'The signature is missing, wrong, or of another time',
  404: 'Not there, or not in the estate',
  409: 'A rule, or what the vault holds, stands against it',
  413: 'The body is too large',
  415: 'The body is not declared as JSON',
  422: 'Fields are wrong',
  500: 'A mistake of the app',
  501: 'The app was not set up for it',
  502: 'Azure refused the app',
  503: 'Try again later; without Retry-After the settings or the estate file have to be mended first',
};

function problems(...statuses: readonly number[]): object {
  const schema = reference('Problem');
  const of = (status: number) => ({ description: MEANINGS[status] ?? '', content: { [PROBLEM_TYPE]: { schema } } });
  return Object.fromEntries(statuses.map((status) => [status, of(status)]));
}

function answer(description: string, name: string): object {
  return { description, content: { 'application/json': { schema: reference(name) } } };
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` };
}

const roots = {
  RenewalRequest: renewalRequest,
  RenewalAccepted: renewalAccepted,
  RenewalNotNeeded: renewalNotNeeded,
  Renewal: renewalView,
  RenewalList: renewalList,
  Health: health,
  Sweep: sweepView,
  Readers: readersView,
  Uses: usesView,
  CertificateUses: certificateUsesView,
  RevocationRequest: revocationRequest,
  Revocation: revocation,
  CancelAccepted: cancelAccepted,
  Order: orderView,
  OrderList: orderList,
  OrderRejection: orderRejection,
  Callback: callback,
  WorkerCall: workerCall,
  WorkerTasks: workerTasks,
  WorkerAnswer: workerAnswer,
  WorkerTaken: workerTaken,
  Problem: problemDocument,
};

/** The schemas by name; parts that have an id become references. `input`: later answers may hold more than this one says. */
function schemas(): object {
  const all = Object.entries(roots).flatMap(([name, schema]) => {
    const { $schema: _, $defs = {}, ...root } = z.toJSONSchema(schema, { io: 'input', override: plainDates });
    const parts = Object.entries($defs).map(([part, definition]) => [part, withoutId(definition)] as const);
    return [[name, withoutId(root)] as const, ...parts];
  });
  return JSON.parse(JSON.stringify(Object.fromEntries(all)).replaceAll('"#/$defs/', '"#/components/schemas/'));
}

/** `date-time` says it all; the pattern that zod adds to it is longer than the rest of the schema. */
function plainDates({ jsonSchema }: { readonly jsonSchema: { format?: string; pattern?: string } }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

function withoutId(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id'));
}
