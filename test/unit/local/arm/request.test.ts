import { describe, expect, it } from 'vitest';
import { matchTemplate, member, textMember } from '../../../../local/arm/request.ts';
import { parseResourceId, SeedError, webspaceOf } from '../../../../local/arm/resource-id.ts';

describe('templates', () => {
  it.each([
    ['/subscriptions/S/resourceGroups/RG', { subscription: 'S', group: 'RG' }],
    ['/SUBSCRIPTIONS/s/resourcegroups/rg', { subscription: 's', group: 'rg' }],
    ['/subscriptions/s/resourceGroups/', undefined],
    ['/subscriptions/s/resourceGroups/rg/more', undefined],
    ['/subscriptions/s/groups/rg', undefined],
  ])('match %s', (path, parameters) => {
    expect(matchTemplate('/subscriptions/{subscription}/resourcegroups/{group}', path)).toEqual(parameters);
  });

  it('read members without case and only of objects', () => {
    expect(member({ KeyVaultId: 1 }, 'keyVaultId')).toBe(1);
    expect(member('text', 'length')).toBeUndefined();
    expect(member(null, 'x')).toBeUndefined();
    expect(textMember({ a: '' }, 'a')).toBeUndefined();
    expect(textMember({ a: 5 }, 'a')).toBeUndefined();
  });
});

describe('resource ids', () => {
  it('give subscription, group and names', () => {
    const id = '/subscriptions/s/resourcegroups/rg/providers/Microsoft.Web/sites/shop/slots/blue';
    expect(parseResourceId(id)).toEqual({ subscription: 's', resourceGroup: 'rg', names: ['shop', 'blue'] });
  });

  it.each(['', '/subscriptions/s', 'subscriptions/s/resourceGroups/g/providers/p/t/n'])('refuse %j', (id) => {
    expect(() => parseResourceId(id)).toThrow(SeedError);
  });

  it('name a webspace as Azure does', () => {
    expect(webspaceOf('clitest', 'Japan West')).toBe('clitest-JapanWestwebspace');
  });
});
