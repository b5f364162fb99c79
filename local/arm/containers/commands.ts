import { randomUUID } from 'node:crypto';
import type { StandClock } from '../../clock.ts';
import type { EmulatorResponse } from '../../emulator.ts';
import type { KubernetesCluster } from '../../kubernetes/cluster.ts';

/** What a command came to, as `commandResults` answers it. */
export interface CommandResult {
  readonly id: string;
  readonly startedAt: Date;
  /** Absent while it runs. */
  finished?: { readonly at: Date; readonly exitCode: number; readonly logs: string };
}

export interface Commands {
  /** Runs a command line in a pod of the cluster, a while later. Answers with its id. */
  start(cluster: KubernetesCluster, command: string, token: string): string;
  get(id: string): CommandResult | undefined;
  settled(): Promise<void>;
}

/** Until the pod that runs the command is there. */
const POD_SECONDS = 20;
const KUBECTL =
  /^kubectl patch (deployment|statefulset|daemonset)\/([a-z0-9.-]+) --namespace ([a-z0-9-]+) --type strategic --patch '([^']*)'$/;

/** AKS run command, of which only `kubectl patch` lines joined by `&&` are known. */
export function createCommands(clock: StandClock): Commands {
  const results = new Map<string, CommandResult>();
  const works = new Set<Promise<void>>();
  const run = async (cluster: KubernetesCluster, command: string, token: string) => {
    const logs: string[] = [];
    for (const line of command.split(' && ')) {
      const [, kind, name, namespace, patch] = KUBECTL.exec(line) ?? [];
      if (kind === undefined || patch === undefined) return { exitCode: 127, logs: `sh: not found: ${line}` };
      const path = `/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}`;
      const answer = await cluster.handle({
        method: 'PATCH',
        url: new URL(path, 'https://kubernetes.default.svc'),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/strategic-merge-patch+json' },
        body: Buffer.from(patch),
      });
      logs.push(sayOf(answer, `${kind}.apps/${name}`));
      if (answer.status >= 300) return { exitCode: 1, logs: logs.join('\n') };
    }
    return { exitCode: 0, logs: logs.join('\n') };
  };
  return {
    start(cluster, command, token) {
      const id = randomUUID().replaceAll('-', '');
      const result: CommandResult = { id, startedAt: clock.now() };
      results.set(id, result);
      clock.at(new Date(clock.now().getTime() + POD_SECONDS * 1000), () => {
        const work = run(cluster, command, token).then((ended) => {
          result.finished = { ...ended, at: clock.now() };
        });
        works.add(work);
        void work.finally(() => works.delete(work));
      });
      return id;
    },
    get: (id) => results.get(id),
    async settled() {
      while (works.size > 0) await Promise.all(works);
    },
  };
}

function sayOf({ status, body }: EmulatorResponse, what: string): string {
  if (status < 300) return `${what} patched`;
  const { message } = JSON.parse(String(body)) as { readonly message: string };
  return `Error from server: ${message}`;
}
