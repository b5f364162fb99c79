import { join, resolve } from 'node:path';
import { createAppClient } from '../../local/stand/app-client.ts';
import { type AppProcess, startApp } from '../../local/stand/app-process.ts';
import { writeSettings } from '../../local/stand/settings-file.ts';
import { type Batch, BatchError, inFlight, type Wish } from './batch.ts';

/** The app on the host, with the host's durable store on disk. */
export interface Orchestrated {
  readonly app: AppProcess;
  renew(wishes: readonly Wish[], atOnce: number): Promise<Batch>;
  stop(): Promise<void>;
}

const LOOK_MILLISECONDS = 40;

export async function startOrchestrated(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<Orchestrated> {
  const file = join(folder, 'settings.json');
  await writeSettings(settings, file);
  const app = await startApp({ app: resolve('.'), port: 0, directory: join(folder, 'host'), settings: file });
  const client = createAppClient(app.url, app.keys);
  const instances = watchInstances(app);
  const renewOne = async ({ vault, certificate }: Wish): Promise<string> => {
    const { status, body } = await client.renew({ vault, certificate, force: true });
    if (status !== 202) throw new BatchError(`${vault}/${certificate}: ${status} ${JSON.stringify(body)}`);
    await instances.ended(String(body.id));
    return String(body.id);
  };
  return {
    app,
    stop: () => app.stop(),
    async renew(wishes, atOnce) {
      const ids: string[] = [];
      const begun = performance.now();
      await inFlight(wishes, atOnce, async (wish) => void ids.push(await renewOne(wish)));
      const milliseconds = performance.now() - begun;
      const others: string[] = [];
      for (const id of ids) {
        const { outcome, detail } = (await instances.output(id)) ?? {};
        if (outcome !== 'renewed') others.push(`${id}: ${outcome}: ${detail}`);
      }
      return { milliseconds, others };
    },
  };
}

interface Output {
  readonly outcome?: string;
  readonly detail?: string;
}

/** Looks at what runs with one call for all, so that the watching takes as little as it can from what is watched. */
function watchInstances({ url, keys }: AppProcess) {
  const root = `${url}/runtime/webhooks/durabletask/instances`;
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${root}${path}`, { headers: { 'x-functions-key': keys.systemDurable } });
    return response.json();
  };
  const waiting = new Map<string, () => void>();
  let looking = false;
  const look = async (): Promise<void> => {
    if (waiting.size === 0) {
      looking = false;
      return;
    }
    const asked = [...waiting.keys()];
    const running = (await ask('?runtimeStatus=Pending,Running')) as readonly { readonly instanceId: string }[];
    const ids = new Set(running.map(({ instanceId }) => instanceId));
    for (const id of asked) {
      if (ids.has(id)) continue;
      waiting.get(id)?.();
      waiting.delete(id);
    }
    setTimeout(() => void look(), LOOK_MILLISECONDS);
  };
  return {
    ended: (id: string) =>
      new Promise<void>((resolve) => {
        waiting.set(id, resolve);
        if (!looking) {
          looking = true;
          void look();
        }
      }),
    output: async (id: string) => ((await ask(`/${id}?code=${keys.systemDurable}`)) as { output?: Output }).output,
  };
}
