import { beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../local/clock.ts';
import { RenewalError } from '../../../../src/errors.ts';
import { useKinds } from '../../../../src/targets/discovery/found.ts';
import { lookForUses } from '../../../../src/targets/discovery/look.ts';
import { lists, READER, resources, SUBSCRIPTION, UPLOADED, VAULT, VERSION } from './azure.ts';
import { lookAt } from './bench.ts';

// The first reading loads the parser, which takes longer than any test.
beforeAll(() => lookAt(resources, lists), 60_000);

const OTHER = '22222222-2222-2222-2222-222222222222';

describe('lookForUses', () => {
  it('finds every kind of place, and nothing else', async () => {
    const { found, whole, problems } = await lookAt(resources, lists);
    const told = found.map(({ kind, resourceId, detail, host, reference }) => {
      const name = resourceId.split('/').slice(-1)[0];
      const what = reference.by === 'secret-url' ? reference.url.replace(VAULT, '') : JSON.stringify(reference);
      return `${kind} ${name} | ${detail} | ${host ?? '-'} | ${what.slice(0, 60)}`;
    });
    expect(told).toMatchInlineSnapshot(`
      [
        "app-service shop | certificate by-hand | pay.contoso.com | {"by":"upload","thumbprint":"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        "app-service shop | certificate contoso-shop | shop.contoso.com | {"by":"vault-id","vaultId":"/subscriptions/11111111-1111-111",
        "app-service staging | certificate contoso-shop | staging.contoso.com | {"by":"vault-id","vaultId":"/subscriptions/11111111-1111-111",
        "app-settings shop | app setting TLS | - | /secrets/shop",
        "app-settings shop | app setting PINNED | - | {"by":"vault-name","vaultName":"contoso","name":"shop","vers",
        "app-settings shop | app setting PASSWORD | - | {"by":"vault-name","vaultName":"contoso","name":"password"}",
        "application-gateway gw | ssl certificate shop | www.contoso.com | /secrets/shop",
        "application-gateway gw | ssl certificate old, of no listener | - | /secrets/shop/0123456789abcdef0123456789abcdef",
        "virtual-machine vm1 | extension KVVMExtension | - | /secrets/shop",
        "virtual-machine vm1 | extension KVVMExtension, /etc/certs | - | /secrets/other/",
        "virtual-machine vm1 | osProfile secret, My | - | /secrets/shop/0123456789abcdef0123456789abcdef",
        "scale-set web | extension kv | - | :443/secrets/Shop",
        "api-management api | Proxy host name | api.contoso.com | /secrets/shop",
        "api-management api | Portal host name | pay.contoso.com | {"by":"upload","thumbprint":"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
        "container-apps shop | certificate shop of the environment | - | /secrets/shop",
        "front-door newest | secret newest | - | {"by":"vault-id","vaultId":"/subscriptions/11111111-1111-111",
        "front-door one-version | secret one-version | - | {"by":"vault-id","vaultId":"/subscriptions/11111111-1111-111",
        "service-fabric nt1 | vmSecrets, MY | - | /secrets/shop/0123456789abcdef0123456789abcdef",
      ]
    `);
    expect(whole).toEqual(useKinds);
    expect(problems).toEqual([]);
  });

  it('takes nothing out of the settings of other extensions', async () => {
    expect(JSON.stringify(await lookAt(resources, lists))).not.toContain('must stay');
  });

  it('knows by whom a place reads the vault, and which tags a target can have', async () => {
    const { found } = await lookAt(resources, lists);
    const readers = (kind: string) => found.find((one) => one.kind === kind)?.readers;
    expect(readers('application-gateway')).toEqual([READER]);
    expect(readers('virtual-machine')).toEqual([READER]);
    expect(readers('container-apps')).toEqual([READER]);
    const site = found.find(({ host }) => host === 'shop.contoso.com');
    expect(site).toMatchObject({ location: 'westeurope', tags: { tier: 'gold' } });
    expect(found.find(({ reference }) => reference.by === 'upload')?.reference).toEqual({
      ...{ by: 'upload', thumbprint: UPLOADED, names: ['pay.contoso.com'] },
    });
  });

  it('goes on with the others when a kind cannot be looked at', async () => {
    const { found, whole, problems } = await lookAt(resources, {});
    const asked = ['app-settings', 'front-door', 'service-fabric'];
    expect(whole).toEqual(useKinds.filter((kind) => !asked.includes(kind)));
    expect(problems).toMatchObject([
      { kind: 'app-settings', code: 'arm-forbidden' },
      { kind: 'front-door', code: 'arm-forbidden' },
      { kind: 'service-fabric', code: 'arm-forbidden' },
    ]);
    expect(found.length).toBeGreaterThan(5);
  });

  it('says of which subscriptions it sees nothing', async () => {
    const look = await lookAt(resources, lists, { subscriptions: [SUBSCRIPTION, OTHER], seen: [SUBSCRIPTION] });
    expect(look.unseen).toEqual([OTHER]);
    expect((await lookAt(resources, lists, { subscriptions: [OTHER], seen: [] })).whole).toEqual([]);
  });

  it('takes a refusal for want of any subscription as an answer, and no other one', async () => {
    const refusing = (code: 'arm-refused' | 'arm-unreachable', message: string) =>
      lookForUses([SUBSCRIPTION], {
        clock: new ManualClock(new Date(0)),
        graph: { ask: () => Promise.reject(new RenewalError(code, message)) },
        arm: { list: () => (async function* () {})() },
      });
    const nothing = 'BadRequest: … (NoValidSubscriptionsInQueryRequest: There must be …)';
    expect(await refusing('arm-refused', nothing)).toMatchObject({ unseen: [SUBSCRIPTION], found: [] });
    await expect(refusing('arm-refused', 'BadRequest: InvalidQuery')).rejects.toMatchObject({ code: 'arm-refused' });
    await expect(refusing('arm-unreachable', nothing)).rejects.toMatchObject({ code: 'arm-unreachable' });
  });

  it.each([
    ['a row without an id', { id: '' }],
    ['a row with the id of something else', { id: 'https://evil.example' }],
    ['bindings that are no list', { properties: { hostNameSslStates: 'x' } }],
    ['a binding without a name', { properties: { hostNameSslStates: [{ sslState: 'SniEnabled' }] } }],
  ])('tells of %s, and reads the others', async (_, over) => {
    const broken = { ...resources[2], ...over } as (typeof resources)[number];
    const look = await lookAt([...resources.filter((one) => one !== resources[2]), broken], lists);
    expect(look.problems[0]).toMatchObject({ kind: 'app-service', code: 'unreadable' });
    expect(look.whole).not.toContain('app-service');
    expect(look.found.filter(({ kind }) => kind === 'app-service').length).toBeGreaterThan(0);
  });

  it('does not tell of more than a few', async () => {
    const bindings = Array.from({ length: 50 }, () => ({}));
    const broken = { ...resources[2], properties: { hostNameSslStates: bindings } } as (typeof resources)[number];
    const { problems } = await lookAt([broken], lists);
    expect(problems).toHaveLength(6);
    expect(problems.at(-1)?.problem).toBe('and 45 more');
  });

  it('keeps a version that a place names', async () => {
    const { found } = await lookAt(resources, lists);
    const pinned = found.filter(({ reference }) => JSON.stringify(reference).includes(VERSION));
    expect(pinned.map(({ kind }) => kind).sort()).toEqual([
      ...['app-settings', 'application-gateway', 'front-door', 'service-fabric', 'virtual-machine'],
    ]);
  });
});
