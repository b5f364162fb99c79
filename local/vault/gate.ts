import type { Principal } from '../access.ts';
import type { VaultOptions } from './call.ts';
import { VaultRefusal } from './errors.ts';

/** Whether the vault can be reached from where the caller is. */
export type Network = 'open' | 'firewall' | 'private';

const vaultOf = ({ name, region }: VaultOptions): string => `${name};location=${region ?? 'westeurope'}`;

/** Throws the 403 of a closed network. */
export function passNetwork(network: Network, principal: Principal, options: VaultOptions): void {
  if (network === 'open') return;
  const [first, code] =
    network === 'firewall'
      ? ['Client address is not authorized and caller is not a trusted service.', 'ForbiddenByFirewall']
      : [
          'Public network access is disabled and request is not from a trusted service nor via an approved private link.',
          'ForbiddenByConnection',
        ];
  const address = network === 'firewall' ? ['Client address: 127.0.0.1'] : [];
  const lines = [first, ...address, `Caller: oid=${principal.id}`, `Vault: ${vaultOf(options)}`];
  throw new VaultRefusal(403, 'Forbidden', lines.join('\r\n'), code);
}

/** Throws Azure's 403 unless a role or an access policy lets the principal do it. */
export function authorise(
  principal: Principal,
  demand: { action: string; scope: string },
  options: VaultOptions,
): void {
  if (options.access.allows(principal, demand.action, demand.scope)) return;
  throw options.permissions === 'access-policies'
    ? deniedByPolicy(principal, demand.action, options)
    : deniedByRole(principal, demand, options);
}

function deniedByRole(
  principal: Principal,
  { action, scope }: { action: string; scope: string },
  options: VaultOptions,
): VaultRefusal {
  const lines = [
    'Caller is not authorized to perform action on resource.',
    'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
    `Caller: oid=${principal.id}`,
    `Action: '${action}'`,
    `Resource: '${scope}'`,
    'Assignment: (not found)',
    'DenyAssignmentId: null',
    'DecisionReason: null ',
    `Vault: ${vaultOf(options)}`,
  ];
  return new VaultRefusal(403, 'Forbidden', `${lines.join('\r\n')}\r\n`, 'ForbiddenByRbac');
}

function deniedByPolicy(principal: Principal, action: string, options: VaultOptions): VaultRefusal {
  const tenant = options.tenantId ?? '00000000-0000-0000-0000-000000000000';
  const caller = `oid=${principal.id};iss=https://sts.windows.net/${tenant}/`;
  return new VaultRefusal(
    403,
    'Forbidden',
    `The user, group or application '${caller}' does not have ${permissionOf(action)} permission on key vault '${vaultOf(options)}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287`,
    'AccessDenied',
  );
}

/** The access-policy permission that a data action stands for: `certificates get`, `secrets set`, … */
export function permissionOf(action: string): string {
  const [collection = '', verb = ''] = action.replace('Microsoft.KeyVault/vaults/', '').split('/');
  if (collection === 'certificatecas') return `certificates ${issuerPermissions[verb] ?? verb}`;
  if (collection === 'certificatecontacts') return 'certificates managecontacts';
  return `${collection} ${permissions[verb] ?? verb}`;
}

const issuerPermissions: Readonly<Record<string, string>> = {
  read: 'getissuers',
  write: 'setissuers',
  delete: 'deleteissuers',
};
const permissions: Readonly<Record<string, string>> = {
  read: 'get',
  getSecret: 'get',
  setSecret: 'set',
  readMetadata: 'list',
};
