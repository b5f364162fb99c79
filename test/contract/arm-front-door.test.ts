import { describe, expect, it } from 'vitest';
import { CERTIFICATE, GROUP, SITE } from '../unit/local/arm/bench.ts';
import { caller, identity, importBody, stand } from './arm-emulator-bench.ts';

describe('the front door', () => {
  it('asks for a token of its audience', async () => {
    const { url, token } = await stand();
    const none = await caller(url, undefined)('GET', SITE);
    expect(none).toMatchObject({ status: 401, body: { error: { code: 'AuthenticationFailed' } } });
    expect(none.headers['www-authenticate']).toContain('Bearer');
    const wrong = await caller(url, token('https://vault.azure.net'))('GET', SITE);
    expect(wrong).toMatchObject({ status: 401, body: { error: { code: 'InvalidAuthenticationToken' } } });
  });

  it('asks for a role, and remembers what it asked', async () => {
    const { call, principal } = await stand();
    identity.revoke(principal.id);
    const { status, body } = await call('PUT', CERTIFICATE, importBody);
    expect([status, body.error.code]).toEqual([403, 'AuthorizationFailed']);
    expect(body.error.message).toContain("'Microsoft.Web/certificates/write'");
    expect(body.error.message).toContain(CERTIFICATE);
    expect(identity.demands.at(-1)).toMatchObject({
      principal: 'deployer',
      action: 'Microsoft.Web/certificates/write',
      scope: CERTIFICATE.toLowerCase(),
      granted: false,
    });
  });

  it('asks for the right to join the plan when the certificate names one', async () => {
    const { call, principal } = await stand();
    identity.revoke(principal.id);
    identity.assign(principal.id, { actions: ['Microsoft.Web/certificates/write'], scope: GROUP });
    const { status, body } = await call('PUT', CERTIFICATE, importBody);
    expect([status, body.error.message]).toEqual([403, expect.stringContaining('serverfarms/join/action')]);
  });

  it.each([
    [`${SITE}?x=1`, 400, 'MissingApiVersionParameter'],
    [`${SITE}?api-version=latest`, 400, 'InvalidApiVersionParameter'],
    [`/subscriptions/none/resourceGroups/g/providers/Microsoft.Web/sites/s`, 404, 'SubscriptionNotFound'],
    [`${GROUP}/providers/Microsoft.Web/unknown/thing`, 404, 'InvalidResourceType'],
    [`${GROUP}/providers/Microsoft.Web/sites/none`, 404, 'ResourceNotFound'],
    [`${GROUP}/providers/Microsoft.Web/sites/a%2Fb`, 400, 'InvalidRequestUri'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const { call } = await stand();
    const answer = await call('GET', path);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  it('counts requests and throttles', async () => {
    const { call, pass } = await stand({ burst: 2 });
    const first = await call('GET', SITE);
    expect(first.headers['x-ms-ratelimit-remaining-subscription-reads']).toBe('1');
    expect(first.headers['x-ms-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.headers['x-ms-correlation-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    await call('GET', SITE);
    const third = await call('GET', SITE);
    expect([third.status, third.headers['retry-after']]).toEqual([429, '1']);
    expect(third.body.error.code).toBe('SubscriptionRequestsThrottled');
    expect(third.body.error.message).toContain("Number of 'read' requests for subscription actor");
    await pass(1000);
    expect((await call('GET', SITE)).status).toBe(200);
  });
});
