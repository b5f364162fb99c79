import { describe, expect, it } from 'vitest';
import builtIn from '../../../../infra/roles/built-in.json' with { type: 'json' };
import { deployedRoles, type Held, judgeBuiltIn, judgeDuty, judgeHost } from '../../../../smoke/checks/roles.ts';

const account = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/recs';
const vaults = [
  '/subscriptions/s/resourceGroups/web/providers/Microsoft.KeyVault/vaults/one',
  '/subscriptions/t/resourceGroups/web/providers/Microsoft.KeyVault/vaults/two',
];
const siteGroup = '/subscriptions/s/resourceGroups/Sites';
const grounds = { vaults, siteGroup };

const places: Readonly<Record<string, readonly string[]>> = {
  'each vault of the estate': vaults,
  'each vault of a CA': ['/subscriptions/s/resourceGroups/ca/providers/Microsoft.KeyVault/vaults/ca'],
  'each resource group of targets': [siteGroup.toLowerCase()],
  'the tables of the records account': [`${account}/tableServices/default`],
  'the journal container': [`${account}/blobServices/default/containers/journal`],
  'the config container': [`${account}/blobServices/default/containers/config`],
  'the Log Analytics workspace': [
    '/subscriptions/s/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs',
  ],
};

/** Everything that the deployment gives a duty. */
const heldBy = (duty: string): readonly Held[] =>
  deployedRoles
    .filter(({ principal }) => principal === duty)
    .flatMap(({ name, scope, actions, dataActions }) =>
      (places[scope] ?? []).map((at) => ({ definition: name, scope: at, actions, dataActions })),
    );

const saw = (finding: ReturnType<typeof judgeDuty>): string => ('saw' in finding ? finding.saw : 'unseen');

describe.each(['renewer', 'deployer', 'reader'])('the roles of %s', (duty) => {
  const held = heldBy(duty);

  it('are as deployed', () => {
    expect(saw(judgeDuty(duty, held, grounds))).toBe('as deployed');
  });

  it.each(held.map((one, index) => [one.definition, one.scope, index] as const))(
    'miss %s at %s',
    (name, scope, index) => {
      const told = saw(
        judgeDuty(
          duty,
          held.filter((_, other) => other !== index),
          grounds,
        ),
      );
      expect(told).toContain(`missing: ${name} at`);
      if (vaults.includes(scope)) expect(told).toContain(scope);
    },
  );

  it('are too many with Contributor on top', () => {
    const contributor = { definition: 'b24988ac', scope: '/subscriptions/s', actions: ['*'], dataActions: [] };
    expect(saw(judgeDuty(duty, [...held, contributor], grounds))).toBe(
      'besides: role b24988ac at /subscriptions/s (*)',
    );
  });

  it('are others when a definition has one action more', () => {
    const more = held.map((one, index) =>
      index === 0 ? { ...one, dataActions: [...one.dataActions, 'x/delete'] } : one,
    );
    expect(saw(judgeDuty(duty, more, grounds))).toMatch(/^missing: .*besides: /);
  });

  it('are others when they are given out too high up', () => {
    const higher = held.map((one) => ({ ...one, scope: '/subscriptions/s' }));
    expect(saw(judgeDuty(duty, higher, grounds))).toContain('besides: ');
  });
});

describe('roles that depend on the issuers', () => {
  const vault = '/subscriptions/s/resourceGroups/ca/providers/Microsoft.KeyVault/vaults/issuers';
  const zone = '/subscriptions/s/resourceGroups/dns/providers/Microsoft.Network/dnsZones/contoso.example';
  const container = `${account}/blobServices/default/containers/crl`;

  it.each([
    ['renewer', 'issuer-credentials', vault],
    ['renewer', 'crl-publisher', container],
    ['deployer', 'dns-prover', zone],
  ])('are as deployed where %s holds %s, and nowhere else', (duty, name, scope) => {
    const role = deployedRoles.find((one) => one.name === name);
    if (role === undefined) throw new TypeError(`no role ${name}`);
    const more = { ...role, definition: name, scope };
    expect(saw(judgeDuty(duty, [...heldBy(duty), more], grounds))).toBe('as deployed');
    const wide = { ...more, scope: '/subscriptions/s' };
    expect(saw(judgeDuty(duty, [...heldBy(duty), wide], grounds))).toContain(`besides: role ${name} at`);
  });
});

describe('the roles of the host', () => {
  const one = (id: string): Held => ({ definition: id.toUpperCase(), scope: account, actions: [], dataActions: [] });
  const all = [
    'storageBlobDataOwner',
    'storageQueueDataContributor',
    'storageTableDataContributor',
    'monitoringMetricsPublisher',
  ] as const;
  const held = all.map((name) => one(builtIn[name].id));

  it('are as deployed, with the scheduler or without', () => {
    expect(saw(judgeHost(held))).toBe('as deployed');
    expect(saw(judgeHost([...held, one(builtIn.durableTaskDataContributor.id)]))).toBe('as deployed');
  });

  it('name what is missing and what is too much', () => {
    expect(saw(judgeHost(held.slice(1)))).toBe('missing: Storage Blob Data Owner');
    expect(saw(judgeHost([...held, one('owner')]))).toContain('besides: role OWNER');
  });
});

describe('a built-in role', () => {
  const id = builtIn.keyVaultCertificateUser.id;
  it('has to be held at every place', () => {
    const held = [{ definition: id, scope: 'x', actions: [], dataActions: [] }];
    expect(saw(judgeBuiltIn('keyVaultCertificateUser', new Map([['one', held]])))).toBe('as deployed');
    expect(
      saw(
        judgeBuiltIn(
          'keyVaultCertificateUser',
          new Map([
            ['one', held],
            ['two', []],
          ]),
        ),
      ),
    ).toBe('missing: Key Vault Certificate User at two');
  });
});
