import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Bundle, readBundle } from '../../arm/pfx.ts';
import { listen, type Served, servedWith } from '../../consumers/listener.ts';
import { createDeployHook, type DeployHook, type DeployHookFault } from '../../consumers/webhook-receiver.ts';
import { letOperatorIn, secretIn } from '../credentials.ts';
import { portOffsets } from '../ground.ts';
import { letRead } from '../secret-reader.ts';
import { SeedingError } from '../seeding.ts';
import {
  endpointOf,
  type OpenedPlaces,
  type PlaceGround,
  type SeededPlace,
  secretOf,
  type WantedPlace,
} from './place.ts';

const DEPLOY_SECONDS = 20;

export interface OpenedWebhooks extends Pick<OpenedPlaces, 'places'> {
  /** What deploys the certificate; `TypeError` where nothing does. */
  hookOf(seeded: SeededPlace['seeded']): Hook;
}

export interface Hook {
  readonly receiver: DeployHook;
  /** Each stays in force until it is taken back. */
  readonly faults: Set<DeployHookFault>;
  /** Under which its receiver is mounted: its line can be troubled by that. */
  readonly name: string;
}

/** Something outside Azure for each certificate: it is told by signed messages, and serves what it reads in the vault. */
export async function openWebhooks(ground: PlaceGround, wanted: readonly WantedPlace[]): Promise<OpenedWebhooks> {
  const { cloud } = ground;
  const places: SeededPlace[] = [];
  const hooks = new Map<SeededPlace['seeded'], Hook>();
  if (wanted.length > 0) letOperatorIn(cloud);
  const read = letRead(cloud, cloud.principals.receivers, wanted);
  for (const [at, one] of wanted.entries()) {
    const { seeded, kind, hostName } = one;
    const name = `hook-${seeded.name}`;
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const path = `/hooks/${randomBytes(18).toString('base64url')}`;
    const faults = new Set<DeployHookFault>();
    const first = await read(secretOf(ground, seeded));
    const serving = first.state === 'ok' ? readBundle(first.value) : undefined;
    if (serving === undefined) throw new SeedingError(`${name}: its certificate cannot be read: ${first.state}`);
    const receiver = createDeployHook({
      ...{ clock: ground.clock, path, secret, readSecret: read, serving, faults },
      deploySeconds: DEPLOY_SECONDS,
    });
    const { url } = await cloud.mount(receiver, { offset: portOffsets.hooks + at, name });
    const target = {
      ...{ kind, name },
      url: await secretIn(cloud, [`${name}-url`, `${url}${path}`]),
      secret: await secretIn(cloud, [`${name}-secret`, secret]),
      trust: [await readFile(cloud.caFile, 'utf8')],
    };
    const port = await serve(ground, one, { receiver, serving });
    places.push({
      ...{ seeded, kind, resourceId: name, hostName, port },
      target: { ...target, endpoint: endpointOf({ hostName, port }) },
    });
    hooks.set(seeded, { receiver, faults, name });
  }
  return {
    places,
    hookOf(seeded) {
      const hook = hooks.get(seeded);
      if (hook === undefined) throw new TypeError(`stand: no message tells of ${seeded.name}`);
      return hook;
    },
  };
}

/** The server that the receiver deploys to. Answers with its port. */
async function serve(
  { cloud }: PlaceGround,
  { seeded, hostName, port: free }: WantedPlace,
  { receiver, serving }: { readonly receiver: DeployHook; readonly serving: Bundle },
): Promise<number> {
  const served = new Map<string, Served>([[hostName, servedWith(serving)]]);
  receiver.watch((bundle) => served.set(hostName, servedWith(bundle)));
  const { port, close } = await listen(served, { port: free, name: `server of ${seeded.name}` });
  cloud.onStop(close);
  return port;
}
