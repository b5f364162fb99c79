import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fleetStory } from '../../local/stand/fleet/story.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { type CrashBench, openCrashBench } from './crash-bench.ts';
import { inTime, kill, untilAccepted, untilEnded } from './live-through.ts';
import type { Call, HandledCall, When } from './traps.ts';

/** In waves of 1, 2, 3 and 6. */
const MACHINES = 12;
/** Of the third wave the second. */
const STRUCK = 4;

interface Point {
  readonly what: string;
  readonly method: 'PUT' | 'GET';
  readonly when: When;
  /** How many of the third wave may be told again, for nobody has recorded that they were told. */
  readonly again: number;
}

const points: readonly Point[] = [
  { what: 'before a machine is told', method: 'PUT', when: 'before', again: 3 },
  { what: 'when a machine was told, and the answer is lost', method: 'PUT', when: 'after', again: 3 },
  { what: 'when all were told, before a report is read', method: 'GET', when: 'before', again: 0 },
];

const named = points.map((point) => [point.what, point] as const);

let bench: CrashBench;
beforeAll(async () => {
  // A wave waits for its scripts: nobody has to sit through that.
  const lapse = { since: Date.now(), factor: 5 };
  bench = await openCrashBench({ seed: 42, certificates: points.map(() => fleetStory(MACHINES)), lapse });
});
afterAll(() => bench?.close());

describe('the host and its worker killed with -9 in the midst of the third wave', () => {
  it.each(named)('%s: the rollout goes on to its end, and nobody is told anything else', async (_what, point) => {
    const seeded = bench.stand.estate.certificates[points.indexOf(point)];
    if (seeded === undefined) throw new TypeError('no certificate is seeded');
    const { id, told } = await killedIn(seeded, point);
    expect([told[0], told[1], told[3]], 'told of the first, the second and the last wave').toEqual([1, 2, 0]);
    if (point.again === 0) expect(told[2]).toBe(3);
    const view = await untilEnded(bench, id);
    expect(view).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', verified: '12/12' });
    const machines = bench.stand.machines.of(seeded);
    const { sha256 } = await bench.stand.current(seeded);
    expect(machines.map(({ servedSha256 }) => servedSha256)).toEqual(machines.map(() => sha256));
    const writes = machines.map(({ machine }) => writesTo(machine).map(({ body }) => commandOf(body)));
    const more = writes.map((own) => own.length - 1);
    // Those of the other waves were told once; of the third some once more, for the same.
    expect(more.filter((_, index) => machines[index]?.wave !== 3)).toEqual(Array.from({ length: 9 }, () => 0));
    expect(Math.min(...more)).toBe(0);
    expect(Math.max(...more)).toBeLessThanOrEqual(1);
    expect(more.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(point.again);
    for (const own of writes) expect(new Set(own.map((command) => JSON.stringify(command))).size).toBe(1);
    expect(bench.view.versions(seeded)).toBe(2);
    expect(await bench.view.rowsOf('orders', seeded)).toMatchObject([{ renewalId: id, state: 'merged' }]);
    const keys = (await bench.view.journal.read(id)).map(({ key }) => key);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });
});

/** How many machines of each wave had been told when the host was killed. */
async function killedIn(seeded: Seeded, { method, when }: Point) {
  bench.traps.handled.length = 0;
  const machines = bench.stand.machines.of(seeded);
  const struck = machines[STRUCK]?.machine ?? '';
  const caught = bench.traps.set({
    when,
    isIt: (call) => call.method === method && isCommandOf(call, struck),
    strike: async () => void (await kill(bench, 'host')),
  });
  const id = await untilAccepted(bench, seeded);
  await inTime(caught, `${method} of ${struck}: never reached`);
  const told = [1, 2, 3, 4].map(
    (wave) => machines.filter((one) => one.wave === wave && writesTo(one.machine).length > 0).length,
  );
  await bench.app.start();
  return { id, told };
}

function writesTo(machine: string): readonly HandledCall[] {
  return bench.traps.handled.filter((call) => call.method === 'PUT' && call.status < 300 && isCommandOf(call, machine));
}

function isCommandOf({ of, path }: Call, machine: string): boolean {
  return of === 'arm' && path.toLowerCase().startsWith(`${machine.toLowerCase()}/runcommands/`);
}

interface CommandBody {
  readonly properties: { readonly parameters: readonly { readonly name: string; readonly value: string }[] };
}

/** What a command says, but for the minute in which it was asked: with another one it runs again. */
function commandOf(body: string): CommandBody {
  const command = JSON.parse(body) as CommandBody;
  const parameters = command.properties.parameters.filter(({ name }) => name !== 'PERENNIAL_ASKED');
  return { ...command, properties: { ...command.properties, parameters } };
}
