import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import type { FleetMachine } from '../../local/stand/fleet/count.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { isAlive } from './program.ts';
import { type CommandCall, type CommandLog, changeRollout, createCommandLog, fleetOf, using } from './rollout-bench.ts';
import { type BenchOptions, openStandBench, type StandBench } from './stand-bench.ts';

const MACHINES = 12;
/** Timers that would finish or begin anything of themselves run once a year: every call is the renewal's. */
const quiet = Object.fromEntries(
  ['SWEEP', 'WATCHDOG', 'HEARTBEAT'].map((timer) => [`PERENNIAL_${timer}_SCHEDULE`, '0 0 0 1 1 *']),
);

interface Fleet extends StandBench {
  readonly certificate: Seeded;
  readonly commands: CommandLog;
  machines(): readonly FleetMachine[];
}

let open: StandBench | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Without passing faults: calls are counted here. */
async function openFleet(options: BenchOptions = {}, then?: (call: CommandCall) => Promise<void>): Promise<Fleet> {
  const clock = new ManualClock(new Date());
  const commands = createCommandLog(() => clock.now(), then);
  const bench = await openStandBench({
    ...{ seed: 41, clock, scenarios: fleetOf(MACHINES), events: false, faults: 'off', settings: quiet },
    before: commands.before,
    ...options,
  });
  open = bench;
  const certificate = bench.seeded('fleet');
  return { ...bench, certificate, commands, machines: () => bench.stand.machines.of(certificate) };
}

/** What the stand's own door says that Resource Manager was asked. */
async function armSum({ stand }: Fleet) {
  const response = await fetch(`${stand.cloud.urls.traffic}/arm`);
  return ((await response.json()) as { sum: { writes: number; reads: number; throttled: number } }).sum;
}

describe('a machine that is off while all others are told', () => {
  it('is the only one that is left, and the only one that a resume writes to', async () => {
    const fleet = await openFleet();
    const { stand, certificate, commands } = fleet;
    const left = fleet.machines().at(-1)?.machine ?? '';
    await stand.machines.compute.power(left, 'deallocated');
    const first = await fleet.ended(await fleet.renew(certificate));
    expect(first).toMatchObject({ outcome: 'partly-deployed', outcomeReason: 'targets-unverified', verified: '11/12' });
    expect(using(fleet.machines(), first.newSha256)).toHaveLength(MACHINES - 1);
    await stand.machines.compute.power(left, 'running');
    const [before, { writes }] = [commands.calls.length, await armSum(fleet)];
    const second = await fleet.ended(await resume(fleet, first.id));
    expect(second).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', verified: '12/12' });
    expect([...commands.writes(before)]).toEqual([[left, 1]]);
    expect((await armSum(fleet)).writes - writes).toBe(1);
    expect(using(fleet.machines(), first.newSha256)).toHaveLength(MACHINES);
    // Deployed only: no second order, no second version.
    expect(fleet.versions(certificate)).toBe(2);
    expect((await fleet.rowsOf('orders', certificate)).map(({ renewalId }) => renewalId)).toEqual([first.id]);
    const steps = (await fleet.journal.read(second.id)).map(({ step }) => step);
    expect(steps).toContain('deploy');
    expect(steps).not.toContain('request');
  });

  it('is told by the sweep when the back-off is over, and not before', async () => {
    const fleet = await openFleet();
    const { stand, certificate, commands, clock } = fleet;
    const left = fleet.machines().at(-1)?.machine ?? '';
    await stand.machines.compute.power(left, 'deallocated');
    const first = await fleet.ended(await fleet.renew(certificate));
    expect(first).toMatchObject({ outcome: 'partly-deployed' });
    await stand.machines.compute.power(left, 'running');
    const before = commands.calls.length;
    await sweep(fleet);
    const row = await rowOf(fleet);
    expect(row).toMatchObject({ renewalId: first.id, state: 'idle' });
    expect(commands.calls).toHaveLength(before);
    clock.advance(Date.parse(String(row.nextAttemptAt)) - clock.now().getTime() + 1000);
    await sweep(fleet);
    const second = String((await rowOf(fleet)).renewalId);
    expect(second).not.toBe(first.id);
    expect(await fleet.ended(second)).toMatchObject({ outcome: 'renewed', verified: '12/12' });
    expect([...commands.writes(before)]).toEqual([[left, 1]]);
    expect(using(fleet.machines(), first.newSha256)).toHaveLength(MACHINES);
    expect(fleet.versions(certificate)).toBe(2);
  });
});

/** Runs it to its end. */
async function sweep({ app, host, clock, until }: Fleet): Promise<void> {
  // Its time is none that an earlier one ended at.
  clock.advance(1000);
  const begun = clock.now().toISOString();
  await app.runNow('sweep');
  await until(async () => {
    const response = await fetch(`${host.url}/api/sweep`, { headers: { 'x-functions-key': host.keys.function } });
    const { completedAt = '' } = (await response.json()) as { completedAt?: string };
    return completedAt >= begun ? completedAt : undefined;
  });
}

async function rowOf(fleet: Fleet): Promise<Record<string, unknown>> {
  const [row] = await fleet.rowsOf('certificates', fleet.certificate);
  if (row === undefined) throw new TypeError('the certificate has no row');
  return row;
}

async function resume({ host }: Fleet, id: string): Promise<string> {
  const response = await fetch(`${host.url}/api/renewals/${id}/resume`, {
    method: 'POST',
    headers: { 'x-functions-key': host.keys.function },
  });
  const body = (await response.json()) as { id: string };
  expect(response.status, JSON.stringify(body)).toBe(202);
  return body.id;
}

describe('a worker that is killed with -9 in the midst of the third wave', () => {
  it('is started again, and the rollout goes on: nobody is told anything else', async () => {
    const state: { struck?: string; fleet?: Fleet; killed?: number } = {};
    const fleet = await openFleet({}, async ({ method, machine }) => {
      const pid = state.fleet?.host.workerPid;
      if (method !== 'PUT' || machine !== state.struck || pid === undefined || state.killed !== undefined) return;
      // It was told, and its answer comes to nobody.
      state.killed = pid;
      process.kill(pid, 'SIGKILL');
      while (isAlive(pid)) await nextTurn();
    });
    Object.assign(state, { fleet, struck: fleet.machines()[4]?.machine });
    const view = await fleet.ended(await fleet.renew(fleet.certificate));
    expect(view).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', verified: '12/12' });
    expect(state.killed).toBeGreaterThan(0);
    expect(fleet.host.workerPid).not.toBe(state.killed);
    expect(using(fleet.machines(), view.newSha256)).toHaveLength(MACHINES);
    const writes = fleet.commands.writes();
    const again = fleet.machines().filter(({ machine }) => writes.get(machine) !== 1);
    expect(again.every(({ wave, machine }) => wave === 3 && writes.get(machine) === 2)).toBe(true);
    expect(again.map(({ machine }) => machine)).toContain(state.struck);
    for (const { machine } of again) expect(new Set(toldOf(fleet, machine)).size).toBe(1);
  });
});

/** What each command to a machine said, but for the minute in which it was asked. */
function toldOf({ commands }: Fleet, of: string): readonly string[] {
  const writes = commands.calls.filter(({ method, machine }) => method === 'PUT' && machine === of);
  return writes.map(({ told }) => JSON.stringify({ ...told, PERENNIAL_ASKED: '' }));
}

describe('a Resource Manager that takes little at once', () => {
  it('is asked again when it said, and every machine is done', async () => {
    const writes = { burst: 3, perSecond: 0.2 };
    const fleet = await openFleet({ armLimits: { reads: { burst: 1, perSecond: 0.1 }, writes, deletes: writes } });
    const view = await fleet.ended(await fleet.renew(fleet.certificate));
    expect(view).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', verified: '12/12' });
    expect(using(fleet.machines(), view.newSha256)).toHaveLength(MACHINES);
    const { calls } = fleet.commands;
    expect((await armSum(fleet)).throttled).toBeGreaterThan(0);
    expect(methodsOf(calls.filter(({ status }) => status === 429))).toEqual(['GET', 'PUT']);
    expect(tooSoon(calls)).toEqual([]);
    expect([...fleet.commands.writes().values()]).toEqual(Array.from({ length: MACHINES }, () => 1));
  });

  it('refuses nothing when the plan says how little that is', async () => {
    const plenty = { burst: 250, perSecond: 25 };
    // The plan asks for a hundredth of what Azure takes, which is four fifths of this: as by default, there is room for others.
    const fleet = await openFleet({
      armLimits: { reads: plenty, writes: { burst: 2.5, perSecond: 0.125 }, deletes: plenty },
      prepare: (stand) => changeRollout(stand, { writePercent: 1 }),
    });
    const view = await fleet.ended(await fleet.renew(fleet.certificate));
    expect(view).toMatchObject({ outcome: 'renewed', outcomeReason: 'served', verified: '12/12' });
    expect(using(fleet.machines(), view.newSha256)).toHaveLength(MACHINES);
    expect(await armSum(fleet)).toMatchObject({ writes: MACHINES, throttled: 0 });
  });
});

const methodsOf = (calls: readonly CommandCall[]) => [...new Set(calls.map(({ method }) => method))].sort();

/** Calls that came again before the time was over that Resource Manager named. */
function tooSoon(calls: readonly CommandCall[]): readonly CommandCall[] {
  return calls.filter(({ method, machine, at }, index) => {
    const last = calls.slice(0, index).findLast((one) => one.method === method && one.machine === machine);
    return last?.retryAfterSeconds !== undefined && at.getTime() < last.at.getTime() + last.retryAfterSeconds * 1000;
  });
}

describe('a machine of a canary of three that lies', () => {
  const canary = { waves: [{ count: 3 }, { count: 3 }, { count: 6 }].map((wave) => ({ ...wave, failureBudget: 0 })) };
  const prepare: BenchOptions['prepare'] = (stand) => changeRollout(stand, canary);
  const liar = (fleet: Fleet): string => {
    const machine = fleet.machines()[2]?.machine ?? '';
    fleet.stand.machines.compute.fault(machine, 'lies');
    return machine;
  };

  it('takes the others of its wave back with it, and leaves the later waves alone', async () => {
    const fleet = await openFleet({ prepare });
    const lying = liar(fleet);
    const [first = '', second = ''] = fleet.machines().map(({ machine }) => machine);
    const view = await fleet.ended(await fleet.renew(fleet.certificate));
    expect(view).toMatchObject({ outcome: 'rolled-back', outcomeReason: 'targets-unverified', verified: '0/12' });
    expect(view.detail).toContain(lying.split('/').at(-1));
    const old = fleet.stand.initial(fleet.certificate).sha256;
    expect(using(fleet.machines(), old)).toHaveLength(MACHINES);
    // Told to go on, and to go back; nobody else was told anything.
    expect(Object.fromEntries(fleet.commands.writes())).toEqual({ [first]: 2, [second]: 2, [lying]: 2 });
    expect(modesOf(fleet, first)).toEqual(['deploy', 'roll-back']);
  });

  it('leaves one behind that went off with the new version, and says who serves what', async () => {
    const goesOff = { machine: '' };
    let fleet: Fleet | undefined;
    fleet = await openFleet({ prepare }, async ({ method, machine, status }) => {
      const compute = fleet?.stand.machines.compute;
      // Its report has been read: it serves the new version.
      if (method === 'GET' && status === 200 && machine === goesOff.machine)
        await compute?.power(machine, 'deallocated');
    });
    const lying = liar(fleet);
    const [first = '', second = ''] = fleet.machines().map(({ machine }) => machine);
    goesOff.machine = second;
    const view = await fleet.ended(await fleet.renew(fleet.certificate));
    expect(view).toMatchObject({ outcome: 'partly-deployed', outcomeReason: 'roll-back-failed', verified: '0/12' });
    const { newSha256 = '' } = view;
    expect(view.detail).toContain(`1 of 3 targets are not back`);
    expect(view.detail).toContain(`serves ${newSha256.slice(0, 16)}`);
    expect(view.detail).toContain(second.split('/').at(-1));
    expect(using(fleet.machines(), newSha256)).toEqual([second]);
    const old = fleet.stand.initial(fleet.certificate).sha256;
    expect(using(fleet.machines(), old)).toHaveLength(MACHINES - 1);
    expect([...fleet.commands.writes().keys()].sort()).toEqual([first, second, lying]);
  });
});

function modesOf({ commands }: Fleet, of: string): readonly string[] {
  const writes = commands.calls.filter(({ method, machine }) => method === 'PUT' && machine === of);
  return writes.map(({ told }) => told.PERENNIAL_MODE ?? '');
}
