import { describe, expect, it } from 'vitest';
import { createIdentityToken } from '../../../src/azure/identity-token.ts';

const asked: string[] = [];
const credentialWith = (answer: () => Promise<{ token: string; expiresOnTimestamp: number } | null>) => ({
  getToken: (scope: string | string[]) => {
    asked.push(String(scope));
    return answer();
  },
});

describe('createIdentityToken', () => {
  it('asks for the default scope of the audience', async () => {
    const token = createIdentityToken(credentialWith(async () => ({ token: 'a token', expiresOnTimestamp: 0 })));
    expect(await token('api://pki')).toBe('a token');
    expect(asked).toEqual(['api://pki/.default']);
  });

  it.each([
    ['issuer-misconfigured', 'AuthenticationError', 400],
    ['issuer-unreachable', 'AuthenticationError', 500],
    ['issuer-unreachable', 'CredentialUnavailableError', undefined],
  ])('is %s after %s %s', async (code, name, statusCode) => {
    const error = Object.assign(new TypeError('not a word of this'), { name, statusCode });
    const token = createIdentityToken(credentialWith(() => Promise.reject(error)));
    const message = expect.not.stringContaining('not a word');
    await expect(token('api://pki')).rejects.toMatchObject({ code, message });
  });

  it('is issuer-unreachable when there is no token', async () => {
    const token = createIdentityToken(credentialWith(async () => null));
    await expect(token('api://pki')).rejects.toMatchObject({ code: 'issuer-unreachable' });
  });
});
