import { createEventGrid, type EventGrid } from '../../../local/events/grid.ts';
import type { VaultEvent } from '../../../local/events/types.ts';
import type { StartDependencies } from '../../../src/renewal/start.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { watch } from '../../../src/renewal/watchdog.ts';
import { orchestrationsOver } from './orchestrations.ts';
import type { World } from './world.ts';

const HOUR = 3_600_000;

/** Runs what a trigger runs, in the present life of the process; `lost` when that is no more before it has ended. */
export async function trigger<T>(world: World, run: (app: StartDependencies) => Promise<T>): Promise<T | 'lost'> {
  const { life } = world;
  if (life === undefined) return 'lost';
  const app = { ...life.app, orchestrations: orchestrationsOver(world, life.line) };
  return await Promise.race([run(app), life.line.died.then((): 'lost' => 'lost')]);
}

/** The sweep, by its schedule. */
export function startSweeps(world: World): void {
  const every = world.dice.pick('sweep every', [2, 6, 8, 12]) * HOUR;
  startTimer(world, { name: 'sweep', every, run: sweep });
  startTimer(world, { name: 'watchdog', every: world.dice.pick('watchdog every', [1, 3]) * HOUR, run: watch });
}

interface Timer {
  readonly name: string;
  readonly every: number;
  readonly run: (app: StartDependencies) => Promise<object>;
}

/** A timer does not overlap itself. */
function startTimer(world: World, { name, every, run: work }: Timer): void {
  let running: object | undefined;
  const run = (): void => {
    world.clock.after(every, run);
    if (running !== undefined && running === world.life) return;
    const mine = world.life;
    running = mine;
    void trigger(world, work).then(
      (report) => {
        world.trace(() => `${name} ${JSON.stringify(report)}`);
        if (running === mine) running = undefined;
      },
      (error: unknown) => {
        world.trace(() => `${name} failed: ${String(error)}`);
        if (running === mine) running = undefined;
      },
    );
  };
  world.clock.after(world.dice.integer(`first ${name}`, 0, every), run);
}

const ENDPOINT = 'https://app.contoso.example/runtime/webhooks/eventgrid';

/** Event Grid between the vaults and the app, and everything that may befall an event on its way. */
export async function startEvents(world: World): Promise<void> {
  const { dice, clock } = world;
  const grid = createEventGrid({
    clock,
    random: dice.stream('event grid'),
    log: (level, message) => world.trace(() => `grid ${level}: ${message}`),
    send: async ({ body }) => ({ status: await delivered(world, body ?? '[]'), headers: {}, body: '' }),
  });
  const schema = dice.pick('event schema', ['EventGridSchema', 'CloudEventSchemaV1_0'] as const);
  await grid.subscribe({ name: 'perennial', endpoint: ENDPOINT, schema });
  world.ground.watchers.push({ vaultEvent: (event) => publish(world, grid, event) });
  for (const { vault, name } of world.certificates) {
    if (!dice.chance('announced', 0.7)) continue;
    clock.after(dice.stream('announce')() * 24 * HOUR, () => {
      if (
        world.cloud
          .vault(vault)
          .snapshot()
          .some((one) => one.name === name)
      )
        world.cloud.vault(vault).announce(name, 'Microsoft.KeyVault.CertificateNearExpiry');
    });
  }
}

function publish(world: World, grid: EventGrid, event: VaultEvent): void {
  const { dice, faults, clock } = world;
  const certificate = `${event.vaultName}/${event.objectName}`;
  const where = `${certificate} ${event.type.split('.').at(-1) ?? ''}`;
  if (faults.strikes('eg.drop', where, certificate)) return;
  const copies = faults.strikes('eg.duplicate', where, certificate) ? dice.integer('copies', 2, 5) : 1;
  const facts = faults.strikes('eg.reissue', where, certificate) ? 2 : 1;
  const delay = faults.strikes('eg.delay', where, certificate)
    ? 20 * HOUR
    : faults.strikes('eg.reorder', where, certificate)
      ? dice.scale('reorder', 60_000, 6 * HOUR)
      : 0;
  for (let fact = 0; fact < facts; fact++) {
    clock.after(delay + (fact === 0 ? 0 : dice.scale('reissue', 1000, 600_000)), () => {
      grid.duplicate(copies);
      grid.publish(event);
      grid.duplicate(1);
    });
  }
}

/** What may lie among good events of one delivery. */
const badEvents: readonly [unknown, ...unknown[]] = [
  null,
  'no event',
  { id: 'bad', eventType: 'Microsoft.KeyVault.CertificateNearExpiry', data: { Id: 'nowhere' } },
  { specversion: '1.0', type: 'Microsoft.KeyVault.CertificateNearExpiry', id: 'bad', source: 'x' },
];

/** What the Functions host answers to Event Grid: 200 when the function has ended well, 500 when not. */
async function delivered(world: World, body: string): Promise<number> {
  const events = [JSON.parse(body) as unknown].flat();
  if (world.faults.strikes('eg.batch', 'delivery'))
    events.splice(world.dice.integer('bad place', 0, events.length), 0, world.dice.pick('bad event', badEvents));
  try {
    for (const event of events) {
      // Instances of one app share no memory.
      const isElsewhere = world.dice.chance('another instance', 0.5);
      const taken = await trigger(world, (app) =>
        takeEvent(event, isElsewhere ? { ...app, store: { ...app.store } } : app),
      );
      world.trace(() => `event taken: ${JSON.stringify(taken)}`);
      if (taken === 'lost') return 503;
    }
  } catch (error) {
    world.trace(() => `event failed: ${String(error)}`);
    return 500;
  }
  return world.faults.strikes('eg.ack-lost', 'delivery') ? 503 : 200;
}
