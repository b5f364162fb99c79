import { afterEach, describe, expect, it, vi } from 'vitest';
import { SmokeError } from '../../../smoke/errors.ts';
import { accepted, createRest, tokensOf } from '../../../smoke/rest.ts';

const TOKEN = 'canary-token';
const url = new URL('https://vault.example/certificates?api-version=7.6');

afterEach(() => vi.unstubAllGlobals());

function answering(...answers: (Response | Error)[]) {
  const sent: Request[] = [];
  vi.stubGlobal('fetch', async (input: URL, init: RequestInit) => {
    sent.push(new Request(input, init));
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    if (answer instanceof Error) throw answer;
    return answer?.clone();
  });
  const rest = createRest({ tokens: async () => TOKEN, pauseMilliseconds: 1 });
  return { rest, sent };
}

const json = (status: number, body: object, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

describe('a call', () => {
  it('carries the token, and body and answer as JSON', async () => {
    const { rest, sent } = answering(json(200, { value: [] }));
    const answer = await rest.call({ method: 'POST', url, scope: 'x/.default', body: { a: 1 } });
    expect(answer).toMatchObject({ status: 200, body: { value: [] } });
    expect(sent[0]?.headers.get('authorization')).toBe(`Bearer ${TOKEN}`);
    expect(await sent[0]?.json()).toEqual({ a: 1 });
  });

  it.each([
    ['429', json(429, {}, { 'retry-after': '0' })],
    ['503', json(503, {})],
    ['no answer', Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })],
  ])('is repeated after %s', async (_what, first) => {
    const { rest, sent } = answering(first, json(200, {}));
    expect((await rest.call({ method: 'GET', url })).status).toBe(200);
    expect(sent).toHaveLength(2);
  });

  it('is not repeated without end, and says what there was in place of an answer', async () => {
    const { rest, sent } = answering(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND' } }));
    await expect(rest.call({ method: 'GET', url, scope: 'x' })).rejects.toThrow(
      new SmokeError('GET https://vault.example/certificates: no answer: ENOTFOUND'),
    );
    expect(sent).toHaveLength(5);
  });

  it('is not repeated after a refusal, which is an answer', async () => {
    const { rest, sent } = answering(json(403, { error: { code: 'Forbidden', message: 'no' } }));
    expect(await rest.call({ method: 'GET', url })).toMatchObject({ status: 403, code: 'Forbidden' });
    expect(sent).toHaveLength(1);
  });

  it('sends no token without TLS', async () => {
    const { rest, sent } = answering(json(200, {}));
    await expect(rest.call({ method: 'GET', url: new URL('http://x.example/'), scope: 'x' })).rejects.toThrow(
      'without TLS',
    );
    expect(sent).toEqual([]);
  });

  it('ends with the reason of the signal', async () => {
    answering(json(503, {}));
    const controller = new AbortController();
    const rest = createRest({ tokens: async () => TOKEN, signal: controller.signal, pauseMilliseconds: 60_000 });
    const call = rest.call({ method: 'GET', url });
    controller.abort(new SmokeError('interrupted'));
    await expect(call).rejects.toThrow('interrupted');
  });
});

describe('a refusal', () => {
  it.each([
    [
      'Resource Manager',
      { error: { code: 'AuthorizationFailed', message: 'no\nright' } },
      '403 AuthorizationFailed no right',
    ],
    ['App Service', { Code: 'BadRequest', Message: 'bad' }, '403 BadRequest bad'],
    ['storage', {}, '403 AuthorizationPermissionMismatch'],
  ])('of %s is told with its word', (_who, body, said) => {
    const headers = new Headers({ 'x-ms-error-code': 'AuthorizationPermissionMismatch' });
    const code = said.split(' ')[1] ?? '';
    const answer = { status: 403, body, text: '', headers, code };
    expect(() => accepted({ method: 'GET', url }, answer)).toThrow(
      new SmokeError(`GET https://vault.example/certificates: ${said}`),
    );
  });
});

describe('tokens', () => {
  it('are asked for once, until shortly before they end', async () => {
    const getToken = vi.fn(async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }));
    const tokens = tokensOf({ getToken });
    expect([await tokens('a'), await tokens('a'), await tokens('b')]).toEqual([TOKEN, TOKEN, TOKEN]);
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  it('that cannot be had say for what', async () => {
    const tokens = tokensOf({ getToken: async () => Promise.reject(new Error('run az login\nlong story')) });
    await expect(tokens('https://vault.azure.net/.default')).rejects.toThrow(
      new SmokeError('sign-in: no token for https://vault.azure.net/.default: run az login'),
    );
  });
});
