import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../local/clock.ts';
import { createIdentity, type Identity } from '../../../../local/identity/identity.ts';

const tenantId = '11111111-2222-3333-4444-555555555555';
const vault = 'https://vault.azure.net';
const renewer = { name: 'renewer', clientId: 'c0000000-0000-0000-0000-000000000001', objectId: 'o-1' };

function build(clock = new ManualClock(new Date('2026-01-01T00:00:00Z'))) {
  const identity = createIdentity({ tenantId, clock, tokenLifeSeconds: 600, secret: 'S' });
  return { identity, clock, principal: identity.addPrincipal(renewer) };
}

const ask = (identity: Identity, path: string, headers: Record<string, string> = { 'x-identity-header': 'S' }) =>
  identity.handle({ method: 'GET', url: new URL(path, 'http://localhost:1'), headers, body: new Uint8Array() });

describe('tokens', () => {
  it('authenticates the principal that a token was issued to', () => {
    const { identity, principal } = build();
    expect(identity.authenticate(`Bearer ${identity.issueToken(principal, vault)}`, vault)).toEqual(principal);
  });

  it('holds an audience with a trailing slash for the same', () => {
    const { identity, principal } = build();
    expect(identity.authenticate(`Bearer ${identity.issueToken(principal, `${vault}/`)}`, vault)).toEqual(principal);
  });

  it('refuses an expired token that it has taken before', () => {
    const { identity, principal, clock } = build();
    const token = `Bearer ${identity.issueToken(principal, vault)}`;
    expect(identity.authenticate(token, vault)).toEqual(principal);
    expect(identity.isExpired?.(token)).toBe(false);
    clock.advance(600_000);
    expect(identity.authenticate(token, vault)).toBeUndefined();
    expect(identity.isExpired?.(token)).toBe(true);
    expect(identity.isExpired?.('Bearer a.b.c')).toBe(false);
  });

  it.each([
    ['no token', () => undefined],
    ['another scheme', () => 'Basic abc'],
    ['nonsense', () => 'Bearer a.b.c'],
    [
      'an audience of another service',
      (id: Identity) => `Bearer ${id.issueToken({ id: 'o-1', name: '' }, 'https://x')}`,
    ],
    ['a token of another tenant’s key', () => `Bearer ${foreignToken()}`],
    ['a changed body', (id: Identity) => `Bearer ${changed(id.issueToken({ id: 'o-1', name: '' }, vault))}`],
  ])('refuses %s', (_title, authorization) => {
    const { identity } = build();
    expect(identity.authenticate(authorization(identity), vault)).toBeUndefined();
  });
});

const foreignToken = (): string => {
  const { identity, principal } = build();
  return identity.issueToken(principal, vault);
};

function changed(token: string): string {
  const [head, body, signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(body ?? '', 'base64url').toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, oid: 'o-2' })).toString('base64url');
  return [head, forged, signature].join('.');
}

describe('the managed-identity endpoint', () => {
  const query = `resource=${encodeURIComponent(vault)}&api-version=2019-08-01`;

  it.each([
    ['client id', `client_id=${renewer.clientId}`],
    ['object id', 'principal_id=O-1'],
  ])('issues a token to the identity named by its %s', async (_title, name) => {
    const { identity, principal } = build();
    const response = await ask(identity, `/msi/token?${query}&${name}`);
    const body = JSON.parse(String(response.body));
    expect(response.status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', resource: vault, client_id: renewer.clientId });
    expect(body.expires_on).toBe(String(Date.parse('2026-01-01T00:10:00Z') / 1000));
    expect(identity.authenticate(`Bearer ${body.access_token}`, vault)).toEqual(principal);
  });

  it.each([
    ['an unknown client id', `${query}&client_id=x`, {}, 400],
    ['no id where no system-assigned identity is', query, {}, 400],
    ['no resource', 'api-version=2019-08-01&principal_id=o-1', {}, 400],
    ['an old version', 'api-version=2017-09-01&resource=x&principal_id=o-1', {}, 400],
    ['a wrong secret', `${query}&principal_id=o-1`, { 'x-identity-header': 'T' }, 401],
  ])('refuses %s', async (_title, search, headers, status) => {
    const { identity } = build();
    const response = await ask(identity, `/msi/token?${search}`, { 'x-identity-header': 'S', ...headers });
    expect(response.status).toBe(status);
    expect(JSON.parse(String(response.body))).toMatchObject({ statusCode: status });
  });
});

describe('published documents', () => {
  it('leads from the OpenID configuration to the signing key', async () => {
    const { identity } = build();
    const configuration = await ask(identity, `/${tenantId}/.well-known/openid-configuration`);
    const keys = await ask(identity, new URL(JSON.parse(String(configuration.body)).jwks_uri).pathname);
    expect(JSON.parse(String(keys.body)).keys).toMatchObject([{ kty: 'RSA', use: 'sig', alg: 'RS256' }]);
  });

  it('answers 404 elsewhere', async () => {
    expect((await ask(build().identity, '/else')).status).toBe(404);
  });
});
