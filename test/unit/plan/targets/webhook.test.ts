import { describe, expect, it } from 'vitest';
import { endpointOf, target, targetFindings, targetId } from '../../../../src/plan/targets/target.ts';

const vault = 'https://contoso-credentials.vault.azure.net';
const written = { kind: 'webhook', name: 'Edge-1', url: `${vault}/secrets/hook-url`, secret: `${vault}/secrets/hook` };

const read = (change: Readonly<Record<string, unknown>> = {}) => target.parse({ ...written, ...change });

describe('a webhook in the estate file', () => {
  it('is known by its name, and needs no endpoint', () => {
    expect(targetId(read())).toBe('webhook:edge-1');
    expect(endpointOf(read())).toBeUndefined();
    expect(targetFindings(read())).toEqual([]);
  });

  it.each([
    ['the URL itself', { url: 'https://edge.contoso.example/hook?code=abc' }],
    ['a version of the secret', { secret: `${vault}/secrets/hook/${'a'.repeat(32)}` }],
    ['the secret itself', { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    ['a key of the vault', { secret: `${vault}/keys/hook` }],
    ['a name with a slash', { name: 'edge/1' }],
    ['no name', { name: '' }],
    ['trust that is no PEM', { trust: ['MIIB'] }],
  ])('is refused with %s', (_title, change) => {
    expect(target.safeParse({ ...written, ...change }).success).toBe(false);
  });

  it('is told of an address without a name', () => {
    expect(targetFindings(read({ endpoint: { host: '10.0.0.4' } }))).toMatchObject([{ path: ['endpoint'] }]);
  });
});
