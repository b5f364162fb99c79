import { afterEach, describe, expect, it } from 'vitest';
import clusterCommand from '../../infra/roles/cluster-command.json' with { type: 'json' };
import clusterDeployer from '../../infra/roles/cluster-deployer.json' with { type: 'json' };
import { makeSecrets } from './app-service-bench.ts';
import { type KubernetesWish, openKubernetes, RULES, SYNCED } from './kubernetes-bench.ts';

type Opened = Awaited<ReturnType<typeof openKubernetes>>;
const ends: Opened[] = [];
afterEach(async () => {
  for (const one of ends.splice(0)) await one.close();
});

/** A deployment until it is verified, with all that it asked for. */
async function life(wish: KubernetesWish): Promise<Opened> {
  const opened = await openKubernetes(await makeSecrets(), wish);
  ends.push(opened);
  await opened.pass(155);
  await opened.deploy();
  await opened.pass(120);
  expect(await opened.verify()).toMatchObject({ state: 'served', sha256: opened.version.sha256 });
  return opened;
}

const demanded = ({ arm }: Opened): readonly string[] => [...new Set(arm.identity.demands.map(({ action }) => action))];
const reviewed = ({ cluster }: Opened): readonly string[] =>
  cluster.rbac.reviews.map(({ verb, resource }) => `${resource.group} ${resource.name} ${verb}`);

describe('the rights of the deployer', () => {
  const kinds = ['deployment', 'statefulset', 'daemonset'] as const;

  it('in a cluster are exactly those that it uses, and in Azure too', async () => {
    const used = new Set<string>();
    for (const kind of kinds) {
      const opened = await life({
        workloads: [{ resource: `${kind}s` }],
        target: { workloads: [`${kind}/shop`], secret: 'shop-tls' },
        secretObjects: [SYNCED],
      });
      for (const review of reviewed(opened)) used.add(review);
      expect(demanded(opened)).toEqual(clusterDeployer.actions);
    }
    const given = RULES.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) => resources.flatMap((name) => verbs.map((verb) => `${group} ${name} ${verb}`))),
    );
    expect([...used].sort()).toEqual(given.sort());
  });

  it('are one action where a command is run', async () => {
    const opened = await life({ role: clusterCommand.actions, target: { access: 'run-command' } });
    expect(demanded(opened)).toEqual(clusterCommand.actions);
  });

  it.each([
    [{}, 'Perennial AKS deployer'],
    [{ access: 'run-command' }, 'Perennial AKS run command'],
  ] as const)('that Azure lacks are told with the role that gives them: %o', async (target, role) => {
    const opened = await openKubernetes(await makeSecrets(), { role: [], target });
    ends.push(opened);
    await expect(opened.deploy()).rejects.toMatchObject({
      code: 'arm-forbidden',
      message: expect.stringContaining(`; the role ${role} gives it`),
    });
  });
});
