import { describe, expect, it } from 'vitest';
import { endpointOf, target, targetFindings, targetId } from '../../../../src/plan/targets/target.ts';

const group = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Net/providers';
const gateway = `${group}/Microsoft.Network/applicationGateways/agw-1`;
const written = {
  kind: 'application-gateway',
  gateway,
  sslCertificate: 'Shop',
  endpoint: { host: 'shop.contoso.example' },
};

const read = (change: Readonly<Record<string, unknown>> = {}) => target.parse({ ...written, ...change });

describe('an Application Gateway in the estate file', () => {
  it('is known by its place and its SSL certificate', () => {
    expect(targetId(read())).toBe('application-gateway:11111111/net/agw-1:shop');
  });

  it('is probed at its endpoint', () => {
    expect(endpointOf(read())).toEqual({ host: 'shop.contoso.example', port: 443, sni: 'shop.contoso.example' });
  });

  it.each([
    ['the id of something else', { gateway: gateway.replace('applicationGateways', 'loadBalancers') }],
    ['an id with a way out', { gateway: `${gateway}/../other` }],
    ['an id with a query', { gateway: `${gateway}?x=1` }],
    ['a name with a slash', { sslCertificate: 'shop/x' }],
    ['a name with a blank', { sslCertificate: 'shop x' }],
    ['no name', { sslCertificate: '' }],
    ['no endpoint', { endpoint: undefined }],
    ['a key that it does not have', { hostName: 'shop.contoso.example' }],
  ])('is refused with %s', (_title, change) => {
    expect(target.safeParse({ ...written, ...change }).success).toBe(false);
  });

  it('is told of an address without a name', () => {
    expect(targetFindings(read({ endpoint: { host: '10.0.0.4' } }))).toMatchObject([
      { path: ['endpoint'], problem: 'lacks sni, which an address cannot give' },
    ]);
  });
});
