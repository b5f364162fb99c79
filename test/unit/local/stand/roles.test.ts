import { describe, expect, it } from 'vitest';
import { rolesOfTheApp } from '../../../../docs/infra-tables.ts';
import { createIdentity } from '../../../../local/identity/identity.ts';
import { addPrincipals, assignRoles } from '../../../../local/stand/principals.ts';
import { placesOf, roles } from '../../../../local/stand/roles.ts';

const where = {
  ...{ vaults: ['/v/1', '/v/2'], caVault: '/v/ca', siteGroup: '/g', storageAccount: '/s', workspace: '/w' },
  ...{
    credentialVaults: ['/v/credentials'],
    dnsZones: ['/z/1'],
    gatewayGroups: ['/g/net'],
    machineGroups: ['/g/vm'],
    scaleSetGroups: ['/g/ss'],
    scaleSetModelGroups: ['/g/sm'],
  },
  ...{ clusterGroups: ['/g/aks'], commandGroups: ['/g/private'], usageSubscriptions: ['/subscriptions/1'] },
};

function openIdentity() {
  const identity = createIdentity({ tenantId: 't' });
  const who = addPrincipals(identity);
  return { identity, who, removeRole: assignRoles(identity, who, { roles, where }) };
}

describe('the roles of the stand', () => {
  it('are those that are deployed, every one', () => {
    expect([...roles].sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual(rolesOfTheApp());
  });

  it.each(roles)('have a place here: $name', (role) => {
    expect(placesOf(role, where).length).toBeGreaterThanOrEqual(1);
  });

  it('are refused when they are for a place that the stand does not have', () => {
    const role = { name: 'new', principal: 'renewer', scope: 'each moon', actions: [], dataActions: [] };
    expect(() => placesOf(role, where)).toThrow('the role new is for "each moon"');
  });

  it('can be taken away one by one, and given back', () => {
    const { identity, who, removeRole } = openIdentity();
    const mayRead = () => identity.allows(who.renewer, 'Microsoft.KeyVault/vaults/certificates/read', '/v/2');
    const maySign = () => identity.allows(who.renewer, 'Microsoft.KeyVault/vaults/keys/sign/action', '/v/ca');
    const restore = removeRole('certificate-renewer');
    expect([mayRead(), maySign()]).toEqual([false, true]);
    restore();
    expect(mayRead()).toBe(true);
    removeRole('certificate-renewer');
    expect(mayRead()).toBe(false);
    expect(() => removeRole('owner')).toThrow('no role owner');
  });
});
