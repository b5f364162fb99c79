import { randomUUID } from 'node:crypto';
import builtIn from '../../infra/roles/built-in.json' with { type: 'json' };
import type { Principal } from '../access.ts';
import type { Identity } from '../identity/identity.ts';
import { placesOf, type Role, type Where } from './roles.ts';

/** Who is who on the stand. Client ids are what an app setting names; object ids are what roles are given to. */
export interface Principals {
  /** The app's identity for vaults. */
  readonly renewer: Principal & { readonly clientId: string };
  /** The app's identity for targets. */
  readonly deployer: Principal & { readonly clientId: string };
  /** The app's identity for logs. */
  readonly reader: Principal & { readonly clientId: string };
  /** App Service's own resource provider, which reads the vaults. */
  readonly appService: Principal;
  /** The own identity of the virtual machines, which reads what their applications use. */
  readonly machines: Principal;
  /** The identity that Application Gateways read their vaults with. */
  readonly gateways: Principal;
  /** The identity of the Secrets Store driver of clusters. */
  readonly clusters: Principal;
  /** What deploys outside Azure reads the vaults with it. */
  readonly receivers: Principal;
  /** A person or a foreign client with all rights on the vaults. */
  readonly operator: Principal & { readonly clientId: string };
}

/** The same in every tenant: https://learn.microsoft.com/azure/app-service/configure-ssl-certificate. */
const APP_SERVICE = 'abfa0a7c-a6b6-4736-8310-5855508787cd';

export function addPrincipals(identity: Identity): Principals {
  const add = (name: string, clientId: string = randomUUID()) => {
    return { ...identity.addPrincipal({ name, clientId, objectId: randomUUID() }), clientId };
  };
  return {
    renewer: add('renewer'),
    deployer: add('deployer'),
    reader: add('reader'),
    appService: add('app-service', APP_SERVICE),
    machines: add('machines'),
    gateways: add('gateways'),
    clusters: add('clusters'),
    receivers: add('receivers'),
    operator: add('operator'),
  };
}

const vaultActions = (...actions: string[]): string[] => actions.map((action) => `Microsoft.KeyVault/vaults/${action}`);

/** What App Service needs of the built-in role that it has in Azure. */
const certificateUser = {
  ...builtIn.keyVaultCertificateUser,
  actions: [],
  dataActions: vaultActions('certificates/read', 'secrets/getSecret/action'),
};

/** Takes one of the app's roles away, wherever it was given out. Answers with what gives it back. */
export type RemoveRole = (name: string) => () => void;

/** Gives the app exactly the roles that it has in Azure, scope by scope; the emulators refuse everything else. */
export function assignRoles(
  identity: Identity,
  who: Principals,
  { roles, where }: { readonly roles: readonly Role[]; readonly where: Where },
): RemoveRole {
  assignVaultRoles(identity, who, where.vaults);
  const holders: Readonly<Record<string, Principal>> = {
    renewer: who.renewer,
    deployer: who.deployer,
    reader: who.reader,
  };
  const give = (role: Role): readonly string[] => {
    const holder = holders[role.principal];
    if (holder === undefined) throw new TypeError(`stand: ${role.name} is for ${role.principal}, whom nobody knows`);
    const actions = [...role.actions, ...role.dataActions];
    return placesOf(role, where).map((scope) => identity.assign(holder.id, { scope, actions, role }));
  };
  const given = new Map(roles.map((role) => [role.name, give(role)]));
  return (name) => {
    const role = roles.find((one) => one.name === name);
    if (role === undefined) throw new TypeError(`stand: there is no role ${name}`);
    for (const assignment of given.get(name) ?? []) identity.revoke(assignment);
    return () => void given.set(name, give(role));
  };
}

/** What the operator may do in a vault, and App Service when it imports from there. */
export function assignVaultRoles(
  identity: Identity,
  { operator, appService }: Pick<Principals, 'operator' | 'appService'>,
  vaults: readonly string[],
): void {
  for (const scope of vaults) {
    identity.assign(appService.id, { scope, actions: certificateUser.dataActions, role: certificateUser });
    identity.assign(operator.id, {
      scope,
      actions: vaultActions('certificates/*', 'certificatecas/*', 'keys/*', 'secrets/*'),
    });
  }
}
