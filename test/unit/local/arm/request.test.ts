import { describe, expect, it } from 'vitest';
import { matchTemplate, member, textMember } from '../../../../local/arm/request.ts';
import { parseResourceId, SeedError, webspaceOf } from '../../../../local/arm/resource-id.ts';
import { createThrottle, operationOf } from '../../../../local/arm/throttle.ts';
import { ManualClock } from '../../../../local/clock.ts';

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

describe('throttling', () => {
  it('empties a bucket and fills it by the clock', () => {
    const clock = new ManualClock(new Date(0));
    const bucket = { burst: 2, perSecond: 0.5 };
    const take = createThrottle(clock, { reads: bucket, writes: bucket, deletes: bucket });
    expect(take('a', 'reads')).toEqual({ state: 'taken', remaining: 1 });
    expect(take('a', 'reads')).toEqual({ state: 'taken', remaining: 0 });
    expect(take('a', 'reads')).toEqual({ state: 'empty', retryAfterSeconds: 2 });
    expect(take('b', 'reads').state).toBe('taken');
    expect(take('a', 'writes').state).toBe('taken');
    clock.advance(2000);
    expect(take('a', 'reads').state).toBe('taken');
  });

  it.each([
    ['GET', 'reads'],
    ['PUT', 'writes'],
    ['POST', 'writes'],
    ['DELETE', 'deletes'],
  ])('counts %s among the %s', (method, operation) => {
    expect(operationOf(method)).toBe(operation);
  });
});
