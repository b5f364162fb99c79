import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type RawHttpHeadersInput,
  RestError,
} from '@azure/core-rest-pipeline';
import { describe, expect, it } from 'vitest';
import { type ArmOptions, createArm } from '../../../src/azure/arm.ts';

const endpoint = 'https://management.azure.com';
const collection = '/subscriptions/s/resourceGroups/web/providers/Microsoft.Web/certificates';
const id = `${collection}/c`;

interface Answer {
  readonly status?: number;
  readonly headers?: RawHttpHeadersInput;
  readonly body?: unknown;
}

/** Answers requests in order; an `Error` in the place of an answer is thrown. */
function scripted(...answers: (Answer | Error)[]) {
  const requests: PipelineRequest[] = [];
  const httpClient: HttpClient = {
    async sendRequest(request) {
      const answer = answers[Math.min(requests.length, answers.length - 1)] ?? {};
      requests.push({ ...request, headers: createHttpHeaders(request.headers.toJSON()) });
      if (answer instanceof Error) throw answer;
      const { status = 200, headers = {}, body } = answer;
      const bodyAsText = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
      return { request, status, headers: createHttpHeaders(headers), bodyAsText };
    },
  };
  return { httpClient, requests };
}

const credential = {
  getToken: async () => ({ token: 'eyJ.secret.token', expiresOnTimestamp: Date.now() + 3_600_000 }),
};

const arm = (httpClient: HttpClient, more: Partial<ArmOptions> = {}) =>
  createArm({ endpoint, credential, httpClient, retryMilliseconds: 1, ...more });

const armError = (code: string, message: string) => ({ error: { code, message } });

describe('createArm', () => {
  it('sends a token, the API version and who it is', async () => {
    const { httpClient, requests } = scripted({ body: { name: 'c' } });
    expect(await arm(httpClient).get(id)).toEqual({ name: 'c' });
    const [request] = requests;
    expect(request).toMatchObject({ method: 'GET', url: `${endpoint}${id}?api-version=2025-05-01` });
    expect(request?.headers.get('authorization')).toBe('Bearer eyJ.secret.token');
    expect(request?.headers.get('user-agent')).toMatch(/^perennial\/\d+\.\d+\.\d+ /);
  });

  it.each([
    [undefined, 'https://management.azure.com/.default'],
    ['https://management.usgovcloudapi.net/.default', 'https://management.usgovcloudapi.net/.default'],
  ])('asks for a token of scope %s', async (scope, asked) => {
    const scopes: unknown[] = [];
    const spy = {
      getToken: (of: string | string[]) => {
        scopes.push(of);
        return credential.getToken();
      },
    };
    const options = { credential: spy, endpoint: 'https://localhost:9', ...(scope !== undefined && { scope }) };
    await arm(scripted({}).httpClient, options).get(id);
    expect(scopes.flat()).toEqual([asked]);
  });

  it('tells "not there" from "not allowed"', async () => {
    const gone = scripted({ status: 404, body: armError('ResourceNotFound', 'x') });
    expect(await arm(gone.httpClient).get(id)).toBeUndefined();
    const refused = scripted({ status: 403, body: armError('AuthorizationFailed', 'The client does not have …') });
    await expect(arm(refused.httpClient).get(id)).rejects.toMatchObject({
      code: 'arm-forbidden',
      message: `arm: GET ${id} failed: 403 AuthorizationFailed: The client does not have …`,
    });
  });

  it.each([
    [400, armError('BadRequest', 'no'), 'arm-refused'],
    [401, armError('InvalidAuthenticationToken', 'no'), 'arm-forbidden'],
    [401, armError('ExpiredAuthenticationToken', 'too late'), 'arm-unreachable'],
    [404, armError('ResourceGroupNotFound', 'no'), 'arm-refused'],
    [409, armError('Conflict', 'no'), 'arm-refused'],
    [409, armError('AnotherOperationInProgress', 'wait'), 'arm-throttled'],
    [
      409,
      { Code: 'Conflict', Message: 'Cannot modify this site because another operation is in progress.' },
      'arm-throttled',
    ],
    [409, armError('Conflict', 'The request failed due to conflict with a concurrent request.'), 'arm-throttled'],
    [409, { Code: 'Conflict', Message: 'older shape' }, 'arm-refused'],
    [429, '<html>', 'arm-throttled'],
    [501, undefined, 'arm-unreachable'],
  ] as const)('maps a write that was answered with %s %j to %s', async (status, body, code) => {
    const { httpClient, requests } = scripted({ status, body });
    await expect(arm(httpClient).put(id, {})).rejects.toMatchObject({ code });
    expect(requests).toHaveLength(1);
  });

  it('hands on how long ARM wants to be left alone, and does not wait for it', async () => {
    const { httpClient, requests } = scripted({ status: 429, headers: { 'Retry-After': '1021' } });
    await expect(arm(httpClient).get(id)).rejects.toMatchObject({ code: 'arm-throttled', retryAfterSeconds: 1021 });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['a server error', { status: 502 }],
    ['a broken connection', new RestError('reset', { code: 'ECONNRESET' })],
  ])('repeats a request after %s', async (_, trouble) => {
    const { httpClient, requests } = scripted(trouble, trouble, { body: { name: 'c' } });
    expect(await arm(httpClient).put(id, { a: 1 })).toEqual({ state: 'done', body: { name: 'c' } });
    expect(requests.map((request) => request.body)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}']);
  });

  it.each([
    ['server errors', { status: 500, body: 'oops' }, '500'],
    ['silence', new RestError('Bearer eyJ.secret.token', { code: 'ECONNREFUSED' }), 'no answer: ECONNREFUSED'],
  ])('gives up after four times %s', async (_, trouble, said) => {
    const { httpClient, requests } = scripted(trouble);
    const message = expect.stringContaining(said);
    await expect(arm(httpClient).get(id)).rejects.toMatchObject({ code: 'arm-unreachable', message });
    expect(requests).toHaveLength(4);
  });

  it('tells which right is missing on what is linked', async () => {
    const message =
      `The client 'a' with object id 'a' has permission to perform action 'Microsoft.Network/applicationGateways/write' on ` +
      `scope '${'/x'.repeat(100)}'; however, it does not have permission to perform action(s) 'Microsoft.Network/x/join/action'`;
    const { httpClient } = scripted({ status: 403, body: armError('LinkedAuthorizationFailed', message) });
    await expect(arm(httpClient).put(id, {})).rejects.toMatchObject({
      code: 'arm-forbidden',
      message: expect.stringContaining(
        "does not have permission to perform action(s) 'Microsoft.Network/x/join/action'",
      ),
    });
  });

  it('tells the first of the details', async () => {
    const details = [
      { code: 'AccessDenied', message: "Access denied for 'x'" },
      { code: 'Other', message: 'more' },
    ];
    const body = { error: { code: 'SecretException', message: 'See details below:', details } };
    const { httpClient } = scripted({ status: 400, body });
    await expect(arm(httpClient).put(id, {})).rejects.toMatchObject({
      message: expect.stringMatching(/SecretException: See details below: \[AccessDenied: Access denied for 'x'\]$/),
    });
  });

  it('keeps tokens and long texts out of its errors', async () => {
    const message = `Bearer abc.def and eyJhbGciOi.J9x.sig\r\n${'x'.repeat(2000)}`;
    const { httpClient } = scripted({ status: 400, body: armError('BadRequest', message) });
    const error = await arm(httpClient)
      .get(id)
      .catch((thrown: Error) => thrown.message);
    expect(error).toMatch(/400 BadRequest: … and … x+$/);
    expect(String(error).length).toBeLessThan(500);
  });

  it('sends its token over TLS only', async () => {
    const { httpClient, requests } = scripted({});
    const plain = arm(httpClient, { endpoint: 'http://localhost:1' });
    await expect(plain.get(id)).rejects.toMatchObject({ code: 'arm-unreachable' });
    expect(requests).toEqual([]);
  });
});

describe('list', () => {
  async function all(httpClient: HttpClient): Promise<unknown[]> {
    const found: unknown[] = [];
    for await (const one of arm(httpClient).list(collection)) found.push(one);
    return found;
  }

  it('follows the pages', async () => {
    const nextLink = `${endpoint}${collection}?api-version=2025-05-01&$skiptoken=2`;
    const { httpClient, requests } = scripted(
      { body: { value: [1, 2], nextLink } },
      { body: { value: [3], nextLink: null } },
    );
    expect(await all(httpClient)).toEqual([1, 2, 3]);
    expect(requests[1]?.url).toBe(nextLink);
  });

  it('does not take its token to another host', async () => {
    const { httpClient, requests } = scripted({ body: { value: [], nextLink: 'https://else.example/' } });
    await expect(all(httpClient)).rejects.toMatchObject({
      code: 'arm-refused',
      message: expect.stringContaining('else.example'),
    });
    expect(requests).toHaveLength(1);
  });

  it.each([`${endpoint}/%zz`, 'https://', 'http://management.azure.com/x', '//else.example/', 'file:///etc/passwd'])(
    'goes nowhere when the next page is at %s',
    async (nextLink) => {
      const { httpClient } = scripted({ body: { value: [], nextLink } }, { status: 404 });
      await expect(all(httpClient)).rejects.toMatchObject({ name: 'RenewalError', code: 'arm-refused' });
    },
  );

  it('cannot tell when the answer is no list', async () => {
    await expect(all(scripted({ body: { items: [] } }).httpClient)).rejects.toMatchObject({ code: 'arm-unreachable' });
  });
});

describe('long-running operations', () => {
  const url = `${endpoint}/subscriptions/s/providers/Microsoft.Compute/locations/westeurope/operations/o?t=secret`;

  it.each([
    ['a status document', 201, { 'Azure-AsyncOperation': url, Location: `${endpoint}/l` }, { kind: 'status', url }],
    ['a location', 202, { Location: url }, { kind: 'location', url }],
  ])('answers with where to look when Azure goes on, by %s', async (_, status, headers, operation) => {
    const { httpClient } = scripted({ status, headers: { ...headers, 'Retry-After': '15' } });
    expect(await arm(httpClient).post(id)).toEqual({ state: 'running', operation, retryAfterSeconds: 15 });
  });

  it('takes a created resource as done', async () => {
    const { httpClient } = scripted({ status: 201, headers: { Location: url }, body: { name: 'c' } });
    expect(await arm(httpClient).patch(id, {})).toEqual({ state: 'done', body: { name: 'c' } });
  });

  const running = { state: 'running', retryAfterSeconds: 30 };
  it.each([
    ['status', 200, { status: 'InProgress' }, running],
    ['status', 200, { status: 'Updating' }, running],
    ['status', 200, { status: 'Succeeded' }, { state: 'succeeded', body: { status: 'Succeeded' } }],
    ['status', 200, { status: 'Failed', ...armError('Broken', 'why') }, { state: 'failed', reason: 'Broken: why' }],
    ['status', 200, { status: 'Canceled' }, { state: 'failed', reason: 'Canceled: no reason given' }],
    ['location', 202, undefined, running],
    ['location', 200, { name: 'c' }, { state: 'succeeded', body: { name: 'c' } }],
    ['location', 204, undefined, { state: 'succeeded', body: undefined }],
  ] as const)('looks once at a %s that answers %s %j', async (kind, status, body, expected) => {
    const { httpClient, requests } = scripted({ status, body });
    expect(await arm(httpClient).operation({ kind, url })).toEqual(expected);
    expect(requests).toHaveLength(1);
  });

  it('says nothing of an operation URL’s query when it fails', async () => {
    const { httpClient } = scripted({ status: 404, body: armError('NotFound', 'gone') });
    const error = await arm(httpClient)
      .operation({ kind: 'status', url })
      .catch((thrown: Error) => thrown.message);
    expect(error).not.toContain('secret');
  });
});

describe('what an error says', () => {
  it('is read in the capitals of App Service as well', async () => {
    const { httpClient } = scripted({
      status: 400,
      body: { Code: 'BadRequest', Message: 'The thumbprint is unknown.' },
    });
    await expect(arm(httpClient).get(id)).rejects.toMatchObject({
      code: 'arm-refused',
      message: expect.stringContaining('BadRequest: The thumbprint is unknown.'),
    });
  });

  it('counts as a passing conflict in capitals too', async () => {
    const body = { Code: 'AnotherOperationInProgress', Message: 'wait' };
    await expect(arm(scripted({ status: 409, body }).httpClient).get(id)).rejects.toMatchObject({
      code: 'arm-throttled',
    });
  });

  it('is cut from a megabyte of beginnings of tokens within a second, and holds none', async () => {
    const { httpClient } = scripted({ status: 400, body: armError('BadRequest', 'eyJ'.repeat(350_000)) });
    const before = process.cpuUsage();
    const error = await arm(httpClient)
      .get(id)
      .catch((thrown: Error) => thrown.message);
    expect(error).not.toContain('eyJ');
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1000);
  });
});
