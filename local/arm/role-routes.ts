import { createHash } from 'node:crypto';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { type Assignment, isWithin, type ShownRole } from '../identity/roles.ts';
import { armError } from './answers.ts';
import type { ArmRoute } from './request.ts';

/** Who there is, and what each may do: what the emulators enforce, as Resource Manager shows it. */
export interface RoleBook {
  assignments(): readonly Assignment[];
  /** User-assigned identities. */
  readonly identities: readonly {
    readonly name: string;
    readonly clientId: string;
    readonly principalId: string;
    /** ARM id. */
    readonly resourceId: string;
  }[];
}

const AUTHORIZATION = 'providers/microsoft.authorization';

/** Role assignments, role definitions and identities: to read only. */
export function roleRoutes(book: RoleBook): readonly ArmRoute[] {
  return [
    {
      method: 'GET',
      template: `{scope}/${AUTHORIZATION}/roleassignments`,
      action: 'Microsoft.Authorization/roleAssignments/read',
      run: ({ parameters, query }) => listAssignments(book, parameters.scope ?? '', query.get('$filter') ?? ''),
    },
    {
      method: 'GET',
      template: `{scope}/${AUTHORIZATION}/roledefinitions/{id}`,
      action: 'Microsoft.Authorization/roleDefinitions/read',
      run: ({ parameters, path }) => definition(book, parameters.id ?? '', path),
    },
    {
      method: 'GET',
      template:
        '/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.managedidentity/userassignedidentities',
      action: 'Microsoft.ManagedIdentity/userAssignedIdentities/read',
      run: () => jsonResponse(200, { value: book.identities.map(identityShape) }),
    },
  ];
}

/** Without a filter: at the scope, above it and below it. `atScope()` leaves out what is below, the other one asks for one principal. */
function listAssignments(book: RoleBook, scope: string, filter: string): EmulatorResponse {
  const principal = /^principalId eq '([^']+)'$/i.exec(filter)?.[1]?.toLowerCase();
  if (filter !== '' && filter !== 'atScope()' && principal === undefined)
    return armError(400, 'BadRequestFilter', `The filter '${filter}' is not supported.`);
  const found = book.assignments().filter((one) => {
    const isAbove = isWithin(scope, one.scope);
    const isBelow = filter !== 'atScope()' && isWithin(one.scope, scope);
    return (isAbove || isBelow) && (principal === undefined || one.principalId === principal);
  });
  return jsonResponse(200, { value: found.map(assignmentShape) });
}

function assignmentShape(one: Assignment): Record<string, unknown> {
  const { id, principalId, scope } = one;
  const subscription = scope.split('/').slice(0, 3).join('/');
  return {
    properties: {
      roleDefinitionId: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${definitionId(roleOf(one))}`,
      ...{ principalId, principalType: 'ServicePrincipal', scope, condition: null, conditionVersion: null },
    },
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${id}`,
    ...{ type: 'Microsoft.Authorization/roleAssignments', name: id },
  };
}

function definition(book: RoleBook, id: string, path: string): EmulatorResponse {
  const found = book
    .assignments()
    .map(roleOf)
    .find((role) => definitionId(role) === id.toLowerCase());
  if (found === undefined)
    return armError(404, 'RoleDefinitionDoesNotExist', `The specified role definition with ID '${id}' does not exist.`);
  const { name, actions, dataActions } = found;
  return jsonResponse(200, {
    properties: {
      ...{ roleName: name, type: found.id === undefined ? 'CustomRole' : 'BuiltInRole' },
      permissions: [{ actions, notActions: [], dataActions, notDataActions: [] }],
    },
    ...{ id: path, type: 'Microsoft.Authorization/roleDefinitions', name: id },
  });
}

/** A grant that no role was named for is one of its own. */
function roleOf({ id, actions, role }: Assignment): ShownRole {
  return role ?? { name: `stand-${id}`, actions, dataActions: [] };
}

/** A GUID that the name decides: the same role has the same id all the time. */
function definitionId({ name, id }: ShownRole): string {
  if (id !== undefined) return id.toLowerCase();
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

function identityShape({ name, clientId, principalId, resourceId }: RoleBook['identities'][number]) {
  return {
    ...{ id: resourceId, name, type: 'Microsoft.ManagedIdentity/userAssignedIdentities', location: 'westeurope' },
    properties: { clientId, principalId },
  };
}
