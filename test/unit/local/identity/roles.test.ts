import { describe, expect, it } from 'vitest';
import { RoleAssignments } from '../../../../local/identity/roles.ts';

const vault = '/subscriptions/S/resourceGroups/g/providers/Microsoft.KeyVault/vaults/one';
const read = 'Microsoft.KeyVault/vaults/certificates/read';
const ask = (roles: RoleAssignments, action: string, scope: string, principalId = 'p') =>
  roles.allows({ principalId, name: 'somebody', action, scope });

describe('role assignments', () => {
  it.each([
    ['the scope itself', read, vault, true],
    ['a scope below', read, `${vault}/certificates/web`, true],
    ['other letter case', read.toLowerCase(), vault.toUpperCase(), true],
    ['a sibling with the same beginning', read, `${vault}-two`, false],
    ['a scope above', read, '/subscriptions/S', false],
    ['another action', 'Microsoft.KeyVault/vaults/certificates/delete', vault, false],
    ['a longer action', `${read}/all`, vault, false],
  ])('decides for %s', (_title, action, scope, granted) => {
    const roles = new RoleAssignments();
    roles.assign('P', { actions: [read], scope: `${vault}/` });
    expect(ask(roles, action, scope)).toBe(granted);
  });

  it('lets a star stand for any action', () => {
    const roles = new RoleAssignments();
    roles.assign('p', { actions: ['Microsoft.KeyVault/vaults/certificates/*'], scope: vault });
    expect([ask(roles, read, vault), ask(roles, 'Microsoft.KeyVault/vaults/keys/read', vault)]).toEqual([true, false]);
  });

  it('grants nothing to another principal', () => {
    const roles = new RoleAssignments();
    roles.assign('p', { actions: [read], scope: vault });
    expect(ask(roles, read, vault, 'q')).toBe(false);
  });

  it('takes back one assignment, or all of a principal', () => {
    const roles = new RoleAssignments();
    const first = roles.assign('p', { actions: [read], scope: vault });
    roles.assign('p', { actions: [read], scope: vault });
    expect([roles.revoke(first), ask(roles, read, vault)]).toEqual([1, true]);
    expect([roles.revoke('P'), ask(roles, read, vault)]).toEqual([1, false]);
  });

  it('remembers every question', () => {
    const roles = new RoleAssignments();
    ask(roles, read, vault);
    expect(roles.demands).toEqual([
      { principal: 'somebody', action: read, scope: vault.toLowerCase(), granted: false },
    ]);
  });
});
