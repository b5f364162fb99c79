import { describe, expect, it } from 'vitest';
import { matchTemplate } from '../../../../local/arm/request.ts';
import { roleRoutes } from '../../../../local/arm/role-routes.ts';
import { createIdentity } from '../../../../local/identity/identity.ts';

const GROUP = '/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/web';
const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/one`;
const OTHER = `${GROUP}/providers/Microsoft.KeyVault/vaults/two`;
const role = { name: 'reader-of-one', actions: [], dataActions: ['Microsoft.KeyVault/vaults/certificates/read'] };

function bench() {
  const identity = createIdentity({ tenantId: 'tenant' });
  const add = (name: string) => identity.addPrincipal({ name, clientId: `${name}-client`, objectId: `${name}-object` });
  const [one, two] = [add('one'), add('two')];
  const assignment = identity.assign(one.id, { scope: VAULT, actions: role.dataActions, role });
  identity.assign(two.id, { scope: GROUP, actions: ['Microsoft.Web/sites/read'] });
  const routes = roleRoutes({ assignments: () => identity.assignments(), identities: [] });
  const get = async (path: string, filter = '') => {
    const route = routes.find(({ template }) => matchTemplate(template, path) !== undefined);
    const parameters = matchTemplate(route?.template ?? '', path) ?? {};
    const query = new URLSearchParams(filter === '' ? {} : { $filter: filter });
    const request = { principal: one, path, parameters, query, headers: {}, body: undefined, demand: () => undefined };
    const answer = await route?.run(request);
    return { status: answer?.status, body: JSON.parse(String(answer?.body)) as Body };
  };
  return { identity, one, assignment, get };
}

interface Body {
  readonly value: readonly {
    readonly properties: { readonly principalId: string; readonly roleDefinitionId: string };
  }[];
  readonly properties: { readonly permissions: readonly object[] };
}

const LIST = '/providers/Microsoft.Authorization/roleAssignments';

describe('role assignments', () => {
  it.each([
    [
      'at the subscription, one principal',
      GROUP.split('/').slice(0, 3).join('/'),
      "principalId eq 'one-object'",
      ['one-object'],
    ],
    ['at a vault, everybody there and above', VAULT, 'atScope()', ['one-object', 'two-object']],
    ['at another vault, only above', OTHER, 'atScope()', ['two-object']],
    ['at the group, nobody below', GROUP, 'atScope()', ['two-object']],
    ['at the group, with those below', GROUP, '', ['one-object', 'two-object']],
  ])('are listed %s', async (_what, scope, filter, principals) => {
    const { get } = bench();
    const { body } = await get(`${scope}${LIST}`, filter);
    expect(body.value.map(({ properties }) => properties.principalId)).toEqual(principals);
  });

  it('name a definition that says what is enforced', async () => {
    const { get } = bench();
    const [found] = (await get(`${VAULT}${LIST}`, "principalId eq 'one-object'")).body.value;
    const { body } = await get(found?.properties.roleDefinitionId ?? '');
    expect(body.properties.permissions).toEqual([
      { actions: [], notActions: [], dataActions: role.dataActions, notDataActions: [] },
    ]);
  });

  it('are gone when they are taken back', async () => {
    const { identity, assignment, get } = bench();
    identity.revoke(assignment);
    expect((await get(`${VAULT}${LIST}`, "principalId eq 'one-object'")).body.value).toEqual([]);
  });

  it('refuse a filter that they do not know', async () => {
    expect((await bench().get(`${VAULT}${LIST}`, "assignedTo('x')")).status).toBe(400);
  });
});
