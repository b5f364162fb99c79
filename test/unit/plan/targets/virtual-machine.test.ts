import { describe, expect, it } from 'vitest';
import { target, targetFindings, targetId } from '../../../../src/plan/targets/target.ts';

const machine =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Shop/providers/Microsoft.Compute/virtualMachines/vm-1';
const path = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store/shop.tls';
const linux = {
  kind: 'virtual-machine',
  machine,
  location: 'westeurope',
  os: 'linux',
  path,
  service: 'nginx.service',
};
const windows = { kind: 'virtual-machine', machine, location: 'westeurope', os: 'windows', iis: { port: 443 } };

const read = (change: Readonly<Record<string, unknown>> = {}, base: object = linux) =>
  target.parse({ ...base, ...change });
const problems = (given: ReturnType<typeof read>) =>
  targetFindings(given).map(({ path: at, problem }) => [at, problem]);

describe('the id of a virtual machine', () => {
  it.each([
    ['file', read(), `virtual-machine:11111111/shop/vm-1:${path.toLowerCase()}`],
    [
      'binding',
      read({ iis: { host: 'Shop.contoso.example' } }, windows),
      'virtual-machine:11111111/shop/vm-1:shop.contoso.example:443',
    ],
    ['binding of every name', read({}, windows), 'virtual-machine:11111111/shop/vm-1:*:443'],
    ['service', read({ iis: undefined, service: 'Tomcat9' }, windows), 'virtual-machine:11111111/shop/vm-1:tomcat9'],
  ])('ends with the %s', (_title, given, expected) => {
    expect(targetId(given)).toBe(expected);
  });
});

describe('what is no machine', () => {
  it.each([
    ['a name', 'vm-1'],
    ['the id of a group', machine.replace(/\/providers.*/, '')],
    ['the id of something else', machine.replace('virtualMachines', 'disks')],
    ['the id of an extension of one', `${machine}/extensions/KeyVaultForLinux`],
    ['an id with a way out', `${machine}/../other`],
    ['an id with a query', `${machine}?x=1`],
    ['an id without a subscription', machine.replace('11111111-2222-3333-4444-555555555555', 'mine')],
  ])('is %s', (_title, given) => {
    const told = target.safeParse({ ...linux, machine: given }).error?.issues ?? [];
    expect(told.map(({ path: at }) => at.join('.'))).toEqual(['machine']);
    expect(told[0]?.message).toContain('the ARM id of a machine');
  });
});

describe('the text of a script parameter', () => {
  const shell = [
    '$(id)',
    '`id`',
    'a b',
    'a;b',
    'a|b',
    'a&b',
    "a'b",
    'a"b',
    'a>b',
    'a\nb',
    'a*',
    '-rf',
    'a\\b',
    '$x',
    '%x%',
    '',
  ];

  it.each(shell)('is no service when it is %j', (service) => {
    expect(target.safeParse({ ...linux, service }).success).toBe(false);
  });

  it.each(shell.map((text) => `/etc/${text}`))('is no path when it is %j', (given) => {
    expect(target.safeParse({ ...linux, path: given }).success && given !== '/etc/-rf').toBe(false);
  });

  it.each(['relative/file', '/etc/../shadow', '/etc/./x', '//x', '/', '/etc/'])('is no path when it is %s', (given) => {
    expect(target.safeParse({ ...linux, path: given }).success).toBe(false);
  });

  it.each(['west europe', '$(id)', ''])('is no region when it is %j', (location) => {
    expect(target.safeParse({ ...linux, location }).success).toBe(false);
  });
});

describe('a virtual machine in the estate file', () => {
  it('is complete with a file and a service, or with a site of IIS', () => {
    expect([...problems(read()), ...problems(read({}, windows))]).toEqual([]);
  });

  it.each([
    ['Linux without a file', read({ path: undefined }), [['os'], 'lacks path, the file that the application reads']],
    [
      'Linux that nothing would show',
      read({ service: undefined }),
      [['os'], 'lacks service and endpoint: nothing would show that the certificate is used'],
    ],
    ['Linux with IIS', read({ iis: {} }), [['iis'], 'does not go with os: linux']],
    ['Windows with a file', read({ path }, windows), [['path'], 'does not go with os: windows']],
    [
      'Windows with two users',
      read({ service: 'W3SVC' }, windows),
      [['os'], 'lacks one user of the certificate: a site of IIS or a service'],
    ],
    [
      'an address without a name',
      read({ endpoint: { host: '10.0.0.4' } }),
      [['endpoint'], 'lacks sni, which an address cannot give'],
    ],
  ])('is told of %s', (_title, given, expected) => {
    expect(problems(given)).toEqual([expected]);
  });
});
