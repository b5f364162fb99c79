import { randomUUID } from 'node:crypto';
import type { Principal } from '../access.ts';
import type { Identity } from '../identity/identity.ts';

/** Who is who on the stand. Client ids are what an app setting names; object ids are what roles are given to. */
export interface Principals {
  /** The app's identity for vaults. */
  readonly renewer: Principal & { readonly clientId: string };
  /** The app's identity for targets. */
  readonly deployer: Principal & { readonly clientId: string };
  /** App Service's own resource provider, which reads the vaults. */
  readonly appService: Principal;
  /** A person or a foreign client with all rights on the vaults. */
  readonly operator: Principal & { readonly clientId: string };
}

export function addPrincipals(identity: Identity): Principals {
  const add = (name: string) => {
    const clientId = randomUUID();
    return { ...identity.addPrincipal({ name, clientId, objectId: randomUUID() }), clientId };
  };
  return {
    renewer: add('renewer'),
    deployer: add('deployer'),
    appService: add('app-service'),
    operator: add('operator'),
  };
}

const vaultActions = (...actions: string[]): string[] => actions.map((action) => `Microsoft.KeyVault/vaults/${action}`);

/** The identities that the app itself has. */
export type RoleHolder = 'renewer' | 'deployer';

export interface Where {
  readonly vaults: readonly string[];
  readonly caVault: string;
  readonly siteGroup: string;
}

/**
 * Exactly what the app needs at run time, scope by scope; the emulators refuse everything else. Answers with what takes an
 * identity's roles away, which in turn answers with what gives them back.
 */
export function assignRoles(identity: Identity, who: Principals, where: Where): (holder: RoleHolder) => () => void {
  assignVaultRoles(identity, who, where.vaults);
  const give: Readonly<Record<RoleHolder, () => void>> = {
    renewer: () => assignRenewerRoles(identity, who, where),
    deployer: () => assignDeployerRoles(identity, who, where),
  };
  for (const assign of Object.values(give)) assign();
  return (holder) => {
    identity.revoke(who[holder].id);
    return give[holder];
  };
}

function assignRenewerRoles(identity: Identity, { renewer }: Principals, { vaults, caVault }: Where): void {
  for (const scope of vaults) {
    identity.assign(renewer.id, {
      scope,
      actions: vaultActions('certificates/read', 'certificates/create/action', 'certificates/update/action'),
    });
  }
  identity.assign(renewer.id, {
    scope: caVault,
    actions: vaultActions('certificates/read', 'keys/read', 'keys/sign/action'),
  });
}

function assignDeployerRoles(identity: Identity, { deployer }: Principals, { siteGroup }: Where): void {
  identity.assign(deployer.id, {
    scope: siteGroup,
    actions: [
      'Microsoft.Web/certificates/read',
      'Microsoft.Web/certificates/write',
      'Microsoft.Web/sites/read',
      'Microsoft.Web/sites/hostNameBindings/read',
      'Microsoft.Web/sites/hostNameBindings/write',
    ],
  });
}

/** What the operator may do in a vault, and App Service when it imports from there. */
export function assignVaultRoles(
  identity: Identity,
  { operator, appService }: Pick<Principals, 'operator' | 'appService'>,
  vaults: readonly string[],
): void {
  for (const scope of vaults) {
    identity.assign(appService.id, { scope, actions: vaultActions('certificates/read', 'secrets/getSecret/action') });
    identity.assign(operator.id, { scope, actions: vaultActions('certificates/*', 'keys/*', 'secrets/*') });
  }
}
