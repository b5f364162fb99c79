import {
  bearerTokenAuthenticationPolicy,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
} from '@azure/core-rest-pipeline';
import type { AccessToken, TokenCredential } from '@azure/identity';
import { CertificateClient } from '@azure/keyvault-certificates';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSteadyCredential } from '../../../src/azure/steady-credential.ts';

const MINUTE = 60_000;
const clock = { now: () => new Date() };

/** Whoever issues tokens: of an hour each, while it answers. */
function issuer() {
  const state = { asked: 0, isDown: false };
  const credential: TokenCredential = {
    async getToken(): Promise<AccessToken> {
      state.asked += 1;
      if (state.isDown) throw new TypeError('simulated: no token');
      return { token: `token ${state.asked}`, expiresOnTimestamp: Date.now() + 60 * MINUTE };
    },
  };
  return { state, credential: createSteadyCredential(credential, clock) };
}

beforeEach(() => vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

const tokens: (string | undefined)[] = [];

/** Answers whoever has a token; who has none is told to get one, as a vault does. */
const service: HttpClient = {
  async sendRequest(request) {
    const authorization = request.headers.get('authorization');
    if (authorization === undefined) {
      const challenge = 'Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"';
      return { request, status: 401, headers: createHttpHeaders({ 'www-authenticate': challenge }) };
    }
    tokens.push(authorization);
    return { request, status: 200, headers: createHttpHeaders(), bodyAsText: '{"id":"https://v.vault.azure.net/x/y"}' };
  },
};

/** One call each by the clients that are used. */
const clients: readonly (readonly [string, (credential: TokenCredential) => () => Promise<unknown>])[] = [
  [
    'a pipeline with a bearer token',
    (credential) => {
      const pipeline = createEmptyPipeline();
      pipeline.addPolicy(
        bearerTokenAuthenticationPolicy({ credential, scopes: 'https://management.example/.default' }),
      );
      return () => pipeline.sendRequest(service, createPipelineRequest({ url: 'https://management.example/' }));
    },
  ],
  [
    'a client of a vault',
    (credential) => {
      const client = new CertificateClient('https://v.vault.azure.net', credential, {
        httpClient: service,
        retryOptions: { maxRetries: 0 },
      });
      return () => client.getCertificatePolicy('shop');
    },
  ],
];

describe.each(clients)('%s', (_title, callsOf) => {
  it('leaves no rejection to nobody while there are no tokens, and says why it has none', async () => {
    const unobserved: unknown[] = [];
    const note = (reason: unknown): void => void unobserved.push(reason);
    process.on('unhandledRejection', note);
    const { state, credential } = issuer();
    const call = callsOf(credential);
    await call();
    state.isDown = true;
    vi.setSystemTime(Date.now() + 59 * MINUTE);
    // The one it has still serves.
    await call();
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    await new Promise((done) => setImmediate(done));
    expect(unobserved).toEqual([]);
    await expect(call()).rejects.toThrow('simulated: no token');
    state.isDown = false;
    await call();
    expect(tokens.at(-1)).toBe(`Bearer token ${state.asked}`);
    process.off('unhandledRejection', note);
  });
});

describe('createSteadyCredential', () => {
  const options = { tenantId: 'tenant' };
  const later = (minutes: number) => vi.setSystemTime(Date.now() + minutes * MINUTE);

  it('asks once for what is used at once, and for each scope and tenant by itself', async () => {
    const { state, credential } = issuer();
    const first = await credential.getToken('a', options);
    expect(await credential.getToken('a', options)).toEqual(first);
    expect(state.asked).toBe(1);
    await credential.getToken('b', options);
    await credential.getToken('a', {});
    expect(state.asked).toBe(3);
  });

  it('renews a token ahead of its end, and nobody waits for it', async () => {
    const { state, credential } = issuer();
    await credential.getToken('a', options);
    later(59);
    expect((await credential.getToken('a', options))?.token).toBe('token 1');
    expect((await credential.getToken('a', options))?.token).toBe('token 2');
    expect(state.asked).toBe(2);
  });

  it('does not ask again at once for what it was refused while it has one that serves', async () => {
    const { state, credential } = issuer();
    await credential.getToken('a', options);
    state.isDown = true;
    later(58.5);
    for (let call = 0; call < 5; call++) await credential.getToken('a', options);
    expect(state.asked).toBe(2);
    later(0.5);
    await credential.getToken('a', options);
    expect(state.asked).toBe(3);
  });

  it('takes another one when the one it has is refused', async () => {
    const { credential } = issuer();
    await credential.getToken('a', options);
    const claims = '{"access_token":{"nbf":{"essential":true}}}';
    expect((await credential.getToken('a', { ...options, claims }))?.token).toBe('token 2');
    expect((await credential.getToken('a', options))?.token).toBe('token 2');
  });
});
