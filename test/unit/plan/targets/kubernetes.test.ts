import { describe, expect, it } from 'vitest';
import { endpointOf, target, targetFindings, targetId } from '../../../../src/plan/targets/target.ts';

const group = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Web/providers';
const cluster = `${group}/Microsoft.ContainerService/managedClusters/aks-Web`;
const written = {
  kind: 'kubernetes',
  cluster,
  namespace: 'shop',
  secretProviderClass: 'shop-tls',
  workloads: ['deployment/shop', 'statefulset/shop.cache'],
  endpoint: { host: 'shop.contoso.example' },
};

const read = (change: Readonly<Record<string, unknown>> = {}) => target.parse({ ...written, ...change });

describe('pods of a cluster in the estate file', () => {
  it('are known by their place and their class', () => {
    expect(targetId(read())).toBe('kubernetes:11111111/web/aks-web:shop/shop-tls');
  });

  it('are probed at their endpoint, if they have one', () => {
    expect(endpointOf(read())).toEqual({ host: 'shop.contoso.example', port: 443, sni: 'shop.contoso.example' });
    expect(endpointOf(read({ endpoint: undefined }))).toBeUndefined();
  });

  it('are asked by the API unless the file says otherwise, and restart nothing', () => {
    expect(read({ workloads: undefined })).toMatchObject({ access: 'api', workloads: [] });
  });

  it.each([
    ['the id of something else', { cluster: cluster.replace('managedClusters', 'fleets') }],
    ['an id with a way out', { cluster: `${cluster}/../other` }],
    ['a namespace with a command', { namespace: 'shop;reboot' }],
    ['a namespace with a quote', { namespace: "shop'" }],
    ['a namespace with a way out', { namespace: '../kube-system' }],
    ['a namespace in capitals', { namespace: 'Shop' }],
    ['a namespace of two lines', { namespace: 'shop\nkube-system' }],
    ['a namespace of 64 letters', { namespace: 'a'.repeat(64) }],
    ['an option for a namespace', { namespace: '--all-namespaces' }],
    ['a class with a substitution', { secretProviderClass: '$(id)' }],
    ['a class with a query', { secretProviderClass: 'shop?watch=true' }],
    ['a Secret with a blank', { secret: 'shop tls' }],
    ['a workload of another kind', { workloads: ['pod/shop'] }],
    ['a workload without a name', { workloads: ['deployment/'] }],
    ['a workload with a command', { workloads: ['deployment/shop&&reboot'] }],
    ['a workload with a way out', { workloads: ['deployment/../secrets/shop'] }],
    ['a workload of 254 letters', { workloads: [`deployment/${'a'.repeat(63)}${`.${'a'.repeat(63)}`.repeat(3)}`] }],
    ['too many workloads', { workloads: Array.from({ length: 21 }, (_, at) => `deployment/shop-${at}`) }],
    ['another way in', { access: 'ssh' }],
    ['a key that it does not have', { hostName: 'shop.contoso.example' }],
  ])('are refused with %s', (_title, change) => {
    expect(target.safeParse({ ...written, ...change }).success).toBe(false);
  });

  it('are told what a run command needs', () => {
    expect(targetFindings(read({ access: 'run-command' }))).toEqual([]);
    const found = targetFindings(read({ access: 'run-command', endpoint: undefined, workloads: [] }));
    expect(found.map(({ fix }) => fix)).toEqual(['write endpoint', 'write workloads']);
  });

  it('are told of an address without a name', () => {
    expect(targetFindings(read({ endpoint: { host: '10.0.0.4' } }))).toMatchObject([
      { path: ['endpoint'], problem: 'lacks sni, which an address cannot give' },
    ]);
  });
});
