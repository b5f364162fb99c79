import { describe, expect, it } from 'vitest';
import { armUrl, resourceGroupOf, sameId } from '../../../src/azure/arm-id.ts';

const endpoint = 'https://management.azure.com';
const group = '/subscriptions/s/resourceGroups/Web';

describe('armUrl', () => {
  it.each([
    ['a resource', `${group}/providers/Microsoft.Web/certificates/c`],
    ['a collection', `${group}/providers/Microsoft.Web/certificates`],
    ['a child', `${group}/providers/Microsoft.Web/sites/s/slots/green/hostNameBindings/www.contoso.example`],
    ['a type in other letters', `${group}/PROVIDERS/microsoft.web/SITES/s`],
  ])('gives %s the API version of its type', (_, id) => {
    expect(armUrl(endpoint, id).href).toBe(`${endpoint}${id}?api-version=2025-05-01`);
  });

  it('encodes names, so that no name leads elsewhere', () => {
    const url = armUrl(endpoint, `${group}/providers/Microsoft.Web/certificates/a b?c#d%2f`);
    expect(url.pathname).toBe(`${group}/providers/Microsoft.Web/certificates/a%20b%3Fc%23d%252f`);
  });

  it.each([
    `${group}/providers/Microsoft.Web/certificates/..`,
    'https://else.example/providers/Microsoft.Web/certificates/c',
    `${group}/providers/Microsoft.Unknown/things/t`,
    group,
  ])('refuses %s', (id) => {
    expect(() => armUrl(endpoint, id)).toThrow(expect.objectContaining({ code: 'bug' }));
  });
});

describe('resourceGroupOf', () => {
  it('reads the resource group of an id', () => {
    expect(resourceGroupOf(`${group}/providers/Microsoft.Web/sites/s`)).toBe(group);
    expect(resourceGroupOf('/subscriptions/s')).toBeUndefined();
  });
});

describe('sameId', () => {
  it('compares without case', () => {
    expect(sameId(group, group.toUpperCase())).toBe(true);
    expect(sameId(group, `${group}2`)).toBe(false);
  });
});
