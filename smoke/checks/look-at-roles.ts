import type { Arm } from '../arm.ts';
import { listAt, textAt, textsAt } from '../json.ts';
import type { Config } from '../options.ts';
import type { Finding, Findings } from '../report.ts';
import { topicId, vaultId } from '../wiring.ts';
import { looking } from './looking.ts';
import { type Grounds, type Held, judgeBuiltIn, judgeDuty, judgeHost } from './roles.ts';

/** Looks at the role assignments of every identity of the app, of App Service and of the topics. */
export async function lookAtRoles(arm: Arm, config: Config): Promise<Findings> {
  const { wiring, group, site, subscription } = config;
  const vaults = wiring.vaults.map(vaultId);
  const siteGroup = site === undefined ? undefined : /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+/i.exec(site)?.[0];
  const grounds: Grounds = { vaults, ...(siteGroup !== undefined && { siteGroup }) };
  const subscriptions = [
    subscription,
    ...config.subscriptions,
    ...wiring.vaults.map((one) => one.subscriptionId),
    siteGroup?.split('/')[2] ?? subscription,
  ];
  const scopes = [...new Set(subscriptions.map((one) => `/subscriptions/${one.toLowerCase()}`))];
  const assignments = createAssignments(arm);
  const duty = (name: string, judge: (held: readonly Held[]) => Finding) =>
    looking(async () => {
      const principal = await identityOf(arm, group, name);
      if (principal === undefined) return { saw: `there is no identity …-${name} in ${group}` };
      return judge((await Promise.all(scopes.map((scope) => assignments.of(scope, principal)))).flat());
    });
  const [host, renewer, deployer, reader, appService, topics] = await Promise.all([
    duty('host', judgeHost),
    ...['renewer', 'deployer', 'reader'].map((name) => duty(name, (held) => judgeDuty(name, held, grounds))),
    looking(async () => judgeBuiltIn('keyVaultCertificateUser', await assignments.at(vaults))),
    looking(() => lookAtTopics(arm, config, assignments)),
  ]);
  return {
    ...(host && { 'roles.host': host }),
    ...(renewer && { 'roles.renewer': renewer }),
    ...(deployer && { 'roles.deployer': deployer }),
    ...(reader && { 'roles.reader': reader }),
    ...(appService && { 'roles.app-service': appService }),
    ...(topics && { 'roles.topics': topics }),
  };
}

async function identityOf(arm: Arm, group: string, duty: string): Promise<string | undefined> {
  const all = await arm.list(`${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`);
  const found = all.find((one) => textAt(one, 'name').toLowerCase().endsWith(`-${duty}`));
  return found === undefined ? undefined : textAt(found, 'properties', 'principalId').toLowerCase();
}

interface Assignments {
  /** Those of a principal, at the scope and below it. */
  of(scope: string, principal: string): Promise<readonly Held[]>;
  /** Everybody's, at each of the places. */
  at(places: readonly string[]): Promise<ReadonlyMap<string, readonly Held[]>>;
}

function createAssignments(arm: Arm): Assignments {
  const definitions = new Map<string, Promise<Pick<Held, 'actions' | 'dataActions'>>>();
  const definitionOf = (id: string): Promise<Pick<Held, 'actions' | 'dataActions'>> => {
    const known = definitions.get(id.toLowerCase()) ?? readDefinition(arm, id);
    definitions.set(id.toLowerCase(), known);
    return known;
  };
  const held = async (scope: string, filter: string): Promise<readonly (Held & { readonly principal: string })[]> => {
    const all = await arm.list(`${scope}/providers/Microsoft.Authorization/roleAssignments`, { $filter: filter });
    return Promise.all(
      all.map(async (one) => {
        const definition = textAt(one, 'properties', 'roleDefinitionId');
        const principal = textAt(one, 'properties', 'principalId').toLowerCase();
        const found = {
          scope: textAt(one, 'properties', 'scope'),
          definition: definition.split('/').at(-1) ?? '',
          principal,
        };
        return { ...found, ...(await definitionOf(definition)) };
      }),
    );
  };
  return {
    async of(scope, principal) {
      // Asked again by ourselves: what the filter lets through of others would be told as too much.
      return (await held(scope, `principalId eq '${principal}'`)).filter((one) => one.principal === principal);
    },
    async at(places) {
      const found = await Promise.all(places.map(async (place) => [place, await held(place, 'atScope()')] as const));
      return new Map(found);
    },
  };
}

async function readDefinition(arm: Arm, id: string): Promise<Pick<Held, 'actions' | 'dataActions'>> {
  const permissions = listAt(await arm.get(id), 'properties', 'permissions');
  return {
    actions: permissions.flatMap((one) => textsAt(one, 'actions')),
    dataActions: permissions.flatMap((one) => textsAt(one, 'dataActions')),
  };
}

/** Each topic's own identity has to be let into the container. */
async function lookAtTopics(arm: Arm, { wiring }: Config, assignments: Assignments): Promise<Finding> {
  const container = `${wiring.deadLetterAccountId}/blobServices/default/containers/${wiring.deadLetterContainer}`;
  const heldAt = new Map<string, readonly Held[]>();
  for (const vault of wiring.vaults) {
    const principal = textAt(await arm.get(topicId(vault)), 'identity', 'principalId').toLowerCase();
    heldAt.set(`${container} for ${vault.topic}`, principal === '' ? [] : await assignments.of(container, principal));
  }
  return judgeBuiltIn('storageBlobDataContributor', heldAt);
}
