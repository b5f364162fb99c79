import { describe, expect, it } from 'vitest';
import { target, targetFindings, targetId } from '../../../../src/plan/targets/target.ts';

const scaleSet =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Shop/providers/Microsoft.Compute/virtualMachineScaleSets/web';
const path = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store/shop.tls';
const linux = { kind: 'scale-set', scaleSet, location: 'westeurope', os: 'linux', path, service: 'nginx.service' };

const read = (change: Readonly<Record<string, unknown>> = {}) => target.parse({ ...linux, ...change });

describe('a scale set in the estate file', () => {
  it('is known by its place and the file', () => {
    expect(targetId(read())).toBe(`scale-set:11111111/shop/web:${path.toLowerCase()}`);
    expect(targetFindings(read())).toEqual([]);
  });

  it('is told that an endpoint shows one instance only', () => {
    const given = read({ service: undefined, endpoint: { host: 'shop.contoso.example' } });
    expect(targetFindings(given)).toMatchObject([{ problem: 'lacks service: an endpoint shows one instance only' }]);
  });

  it('is deployed to by its model where it has an endpoint, and nothing is to be reloaded', () => {
    const endpoint = { host: 'shop.contoso.example' };
    const byModel = { deployBy: 'model', service: undefined };
    expect(targetFindings(read({ ...byModel, endpoint }))).toEqual([]);
    expect(targetFindings(read({ ...linux, ...byModel, service: 'nginx' }))).toMatchObject([
      { path: ['deployBy'], problem: 'lacks endpoint: instances report nothing then' },
      { path: ['service'], problem: 'does not go with deployBy: model, which runs nothing on the instances' },
    ]);
    expect(targetFindings(read({ ...byModel, endpoint, apply: 'restart' }))).toMatchObject([{ path: ['apply'] }]);
    const windows = { os: 'windows', path: undefined, iis: {} };
    expect(targetFindings(read({ ...byModel, ...windows, endpoint }))).toEqual([]);
  });

  it.each([
    ['another way to deploy', { deployBy: 'image' }],
    ['the id of a machine', { scaleSet: scaleSet.replace('virtualMachineScaleSets', 'virtualMachines') }],
    ['the id of an instance', { scaleSet: `${scaleSet}/virtualMachines/0` }],
    ['a service with shell characters', { service: 'nginx;id' }],
    ['a path that leaves its folder', { path: '/etc/../shadow' }],
  ])('is refused with %s', (_title, change) => {
    expect(target.safeParse({ ...linux, ...change }).success).toBe(false);
  });
});
