import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { type KubernetesWish, openKubernetes } from './kubernetes-bench.ts';

/** What a cluster that is asked by command needs, and nothing else. */
const ROLE = ['Microsoft.ContainerService/managedClusters/runCommand/action'];

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
beforeAll(async () => {
  secrets = await makeSecrets();
});

type Opened = Awaited<ReturnType<typeof openKubernetes>>;
const ends: Opened[] = [];
afterEach(async () => {
  for (const one of ends.splice(0)) await one.close();
});

async function open(wish: KubernetesWish = {}): Promise<Opened> {
  const opened = await openKubernetes(secrets, {
    role: ROLE,
    ...wish,
    target: { access: 'run-command', ...wish.target },
  });
  ends.push(opened);
  return opened;
}

describe('a cluster that is asked by run command', () => {
  it('restarts its pods, and is seen serving the new version', async () => {
    const opened = await open();
    const deployed = await opened.deploy();
    expect(deployed).toMatchObject({ state: 'deployed', detail: expect.stringMatching(/command-id [0-9a-f]{32}/) });
    expect(await opened.verify()).toMatchObject({ state: 'served', sha256: versionOf(secrets.old).sha256 });
    await opened.pass(60);
    expect(await opened.verify()).toMatchObject({ state: 'served', sha256: versionOf(secrets.renewed).sha256 });
  });

  it('restarts them once, however often it is asked', async () => {
    const opened = await open();
    await Promise.all([opened.deploy(), opened.deploy()]);
    await opened.pass(60);
    await opened.deploy();
    await opened.pass(60);
    expect(opened.ingress.changes).toBe(1);
    const found = opened.cluster.store.get('deployments', 'shop', 'shop');
    expect(found?.metadata.generation).toBe(2);
  });

  it('stays on the old version when Kubernetes refuses the command', async () => {
    const opened = await open({ rules: [] });
    const deployed = await opened.deploy();
    await opened.pass(60);
    const id = /command-id (\w+)/.exec(deployed.state === 'deployed' ? deployed.detail : '')?.[1] ?? '';
    expect(opened.commands.get(id)?.finished).toMatchObject({
      exitCode: 1,
      logs: expect.stringMatching(/cannot patch resource/),
    });
    expect(await opened.verify()).toMatchObject({ state: 'served', sha256: versionOf(secrets.old).sha256 });
  });

  it('names the right that is missing', async () => {
    const opened = await open({ role: [] });
    await expect(opened.deploy()).rejects.toMatchObject({
      code: 'arm-forbidden',
      message: expect.stringMatching(/runcommand\/action/i),
    });
  });

  it.each(['deployment/shop;reboot', "deployment/shop'", 'deployment/$(id)', 'deployment/a b'])(
    'runs no command with %s in it',
    async (workload) => {
      const opened = await open({ target: { workloads: [workload] } });
      await expect(opened.deploy()).rejects.toMatchObject({ code: 'bug' });
    },
  );
});
