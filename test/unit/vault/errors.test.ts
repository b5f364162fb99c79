import { RestError } from '@azure/core-rest-pipeline';
import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { vaultError } from '../../../src/vault/errors.ts';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import { type Answer, connection, refusal, ScriptedVault, vault } from './scripted-vault.ts';

const now = new Date('2026-03-01T00:00:00Z');
const ref = { vault, name: 'shop' };
const pendingPath = 'GET /certificates/shop/pending';

async function failure(...replies: (Answer | Error)[]): Promise<{ error: RenewalError; calls: number }> {
  const http = new ScriptedVault().on(pendingPath, ...replies);
  const error = await createKeyVault(connection(http))
    .inspect(ref)
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof RenewalError)) throw error;
  return { error, calls: http.calls.length };
}

const answers: readonly [string, Answer, string, number][] = [
  ['401 after a token', { status: 401 }, 'vault-forbidden', 1],
  [
    '403 of a missing role',
    refusal(403, 'Forbidden', 'Caller is not authorized', 'ForbiddenByRbac'),
    'vault-forbidden',
    1,
  ],
  ['403 of the firewall', refusal(403, 'Forbidden', 'Client address', 'ForbiddenByFirewall'), 'vault-forbidden', 1],
  ['400', refusal(400, 'BadParameter', 'Property policy has invalid value'), 'vault-refused', 1],
  ['409', refusal(409, 'Conflict', 'being deleted', 'ObjectIsBeingDeleted'), 'vault-conflict', 1],
  ['409 of a soft-deleted name', refusal(409, 'Conflict', 'x', 'ObjectIsDeletedButRecoverable'), 'vault-refused', 1],
  ['403 of a merge that an issuer does', refusal(403, 'Forbidden', 'Merge is forbidden on …'), 'vault-refused', 1],
  ['429 without Retry-After', { status: 429 }, 'vault-throttled', 1],
  ['500', { status: 500 }, 'vault-unreachable', 4],
  ['501', { status: 501 }, 'vault-unreachable', 1],
  ['502 of a gateway with a page', { status: 502, body: '<html>' }, 'vault-unreachable', 4],
];

describe('errors of the vault', () => {
  it.each(answers)('maps %s to its code', async (_, answer, code, calls) => {
    const { error, calls: made } = await failure(answer);
    expect({ code: error.code, made }).toEqual({ code, made: calls });
  });

  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EPIPE', 'CERT_HAS_EXPIRED'])(
    'maps %s to unreachable',
    async (code) => {
      const { error } = await failure(new RestError('connect failed', { code }));
      expect(error.code).toBe('vault-unreachable');
      expect(error.message).toContain(code);
    },
  );

  it('names adapter, action, ids and the inner code, and nothing of the token', async () => {
    const { error } = await failure(refusal(403, 'Forbidden', 'Caller is not\r\nauthorized', 'ForbiddenByRbac'));
    expect(error.message).toBe(
      `key-vault: read operation failed: vault=${vault}, name=shop, status=403, code=Forbidden/ForbiddenByRbac: Caller is not authorized`,
    );
    expect(JSON.stringify(error.cause)).not.toContain('secret-token');
  });

  it('repeats a 429 whose wait is short', async () => {
    const { error, calls } = await failure({ status: 429, headers: { 'retry-after': '0' } });
    expect({ code: error.code, calls }).toEqual({ code: 'vault-throttled', calls: 4 });
  });

  it.each([
    [429, 'vault-throttled'],
    [503, 'vault-unreachable'],
  ])('hands a long wait of a %i to the caller at once', async (status, code) => {
    const { error, calls } = await failure({ status, headers: { 'retry-after': '600' } });
    expect({ code: error.code, wait: error.retryAfterSeconds, calls }).toEqual({ code, wait: 600, calls: 1 });
  });

  it('ends a call at the time limit', async () => {
    const http = new ScriptedVault();
    http.challenge = (request) =>
      new Promise((_, reject) => {
        request.abortSignal?.addEventListener('abort', () =>
          reject(Object.assign(new Error('aborted'), { name: 'AbortError' })),
        );
      });
    const slow = createKeyVault({ ...connection(http), callSeconds: 0.01 });
    await expect(slow.inspect(ref)).rejects.toMatchObject({
      code: 'vault-unreachable',
      message: expect.stringContaining('no answer within the time limit'),
    });
  });

  it.each([
    ['null', null],
    ['a message that is an object', { error: { code: 'Forbidden', message: { toString: 1 } } }],
    ['a text', 'no'],
  ])('knows a refusal by its status when it says %s', async (_, body) => {
    const { error } = await failure({ status: 403, body });
    expect(error.code).toBe('vault-forbidden');
  });

  it.each([301, 302, 307, 308])('takes a redirect (%i) for a refusal', async (status) => {
    const { error, calls } = await failure({ status, headers: { location: 'https://login.example/' } });
    expect({ code: error.code, calls }).toEqual({ code: 'vault-refused', calls: 1 });
  });

  it.each([new TypeError('Cannot read properties of undefined'), new Error('Invalid certificates identifier')])(
    'holds what is no end of a call for a mistake of ours: %s',
    (thrown) => {
      expect(vaultError(thrown, { action: 'inspect', vault }, now).code).toBe('bug');
    },
  );

  it('tells a wrong identity from an identity endpoint that is away', () => {
    const at = { action: 'inspect', vault };
    const wrong = Object.assign(new Error('unknown client id'), { name: 'AuthenticationError', statusCode: 400 });
    const away = Object.assign(new Error('no endpoint'), { name: 'CredentialUnavailableError' });
    expect(vaultError(wrong, at, now).code).toBe('vault-forbidden');
    expect(vaultError(away, at, now).code).toBe('vault-unreachable');
  });

  it('refuses to send a token to a host that the challenge does not cover', async () => {
    const http = new ScriptedVault();
    const foreign = createKeyVault(connection(http)).inspect({ vault: 'https://vault.evil.example', name: 'shop' });
    await expect(foreign).rejects.toMatchObject({ code: 'vault-refused' });
    expect(http.calls).toEqual([]);
  });
});
