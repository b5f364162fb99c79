import type { AppClient } from '../app-client.ts';
import type { Course } from '../course.ts';
import { judged } from '../judge.ts';
import type { FleetReport, RenewalReport, Report } from '../report.ts';
import type { Seeded } from '../scenarios.ts';
import type { Stand } from '../stand.ts';
import { countWaves, type FleetCount, type FleetMachine } from './count.ts';
import { armText, endOf, type Painter } from './view.ts';

/** Real time, whatever the stand's clock says: nobody waits longer for a fleet. */
const LIMIT_SECONDS = 900;
const LOOK_MILLISECONDS = 500;

export interface FleetRun {
  readonly stand: Stand;
  readonly app: AppClient;
  readonly painter: Painter;
  readonly print: (line: string) => void;
  /** How many times as fast as in Azure time goes. */
  readonly timesAsFast: number;
}

/** Lets the vault raise its event, and follows the rollout wave by wave to its end. */
export async function runFleet(run: FleetRun): Promise<Report> {
  const { stand, app, painter, print } = run;
  const [seeded] = stand.estate.certificates;
  if (seeded === undefined) throw new TypeError('stand: a fleet without a certificate');
  const course: Course = { seeded, startedAt: Date.now() };
  stand.raise(seeded);
  await follow(course, app, async () => painter.paint(await countNow(run, course)));
  painter.end();
  const renewal = await judgedFleet(course, stand);
  const count = await countNow(run, course);
  const fleet = fleetReport(run, seeded, { count, renewal });
  for (const line of endOf(count)) print(line);
  return { ok: renewal.problem === undefined, seconds: count.seconds, renewals: [renewal], fleet };
}

async function follow(course: Course, app: AppClient, show: () => Promise<void>): Promise<void> {
  const until = Date.now() + LIMIT_SECONDS * 1000;
  while (course.endedAt === undefined && Date.now() < until) {
    await look(course, app);
    await show();
    if (course.endedAt === undefined) await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
}

async function look(course: Course, app: AppClient): Promise<void> {
  if (course.id === undefined) {
    const [row] = await app.list();
    if (row?.id === undefined) return;
    course.id = row.id;
  }
  const view = await app.renewal(course.id);
  if (view === undefined) return;
  course.view = view;
  if (typeof view.outcome === 'string') course.endedAt = Date.now();
}

async function countNow({ stand }: FleetRun, { seeded, view = {}, startedAt }: Course): Promise<FleetCount> {
  const { sha256 } = await stand.current(seeded);
  const isNew = sha256 !== stand.initial(seeded).sha256;
  return {
    waves: countWaves(stand.machines.of(seeded), isNew ? sha256 : undefined),
    arm: stand.cloud.traffic.sum('deployer'),
    stage: String(view.outcome ?? view.stage ?? 'waits for the event'),
    ...(typeof view.verified === 'string' && { verified: view.verified }),
    seconds: (Date.now() - startedAt) / 1000,
  };
}

/** The app's word is held against every machine. */
async function judgedFleet(course: Course, stand: Stand): Promise<RenewalReport> {
  const renewal = await judged(course, stand);
  if (renewal.problem !== undefined) return renewal;
  const others = stand.machines.of(course.seeded).filter(({ servedSha256 }) => servedSha256 !== renewal.newSha256);
  return others.length === 0 ? renewal : { ...renewal, problem: `${others.length} machines do not serve it` };
}

function fleetReport(
  { stand, timesAsFast }: FleetRun,
  seeded: Seeded,
  { count: { waves, arm }, renewal }: { readonly count: FleetCount; readonly renewal: RenewalReport },
): FleetReport {
  const machines = stand.machines.of(seeded);
  const using = (sha256: string | null): number =>
    machines.filter(({ servedSha256 }) => sha256 !== null && servedSha256 === sha256).length;
  const [fresh, old] = [using(renewal.newSha256), using(renewal.oldSha256)];
  return {
    ...{ waves, arm, timesAsFast, machines },
    writesPerMachine: arm.writes / machines.length,
    readsPerMachine: arm.reads / machines.length,
    serving: { new: fresh, old, other: machines.length - fresh - old },
  };
}

const SHOWN_MACHINES = 10;

/** For people: what became of the certificate, who uses what, and which machines of the waves that began do not follow. */
export function fleetSummary(
  { serving, waves, machines, arm, ...per }: FleetReport,
  renewals: Report['renewals'],
): string {
  const [renewal] = renewals;
  if (renewal === undefined) return 'there was no renewal';
  const { vault, certificate, reason, issuer, seconds, outcome, outcomeReason, oldSha256, newSha256 } = renewal;
  const each = (value: number): string => value.toFixed(2);
  const begun = new Set(waves.flatMap(({ wave, told }) => (told > 0 ? [wave] : [])));
  const behind = machines.filter(({ wave, servedSha256 }) => begun.has(wave) && servedSha256 !== newSha256);
  const more = behind.length - SHOWN_MACHINES;
  return [
    `${vault}/${certificate} (${reason}, issuer ${issuer ?? '-'}) ended as ${outcome}: ${outcomeReason} after ${seconds.toFixed(1)} s`,
    `${serving.new} machines serve the new certificate, ${serving.old} the old one, ${serving.other} another or none`,
    `${armText(arm)}: ${each(per.writesPerMachine)} writes and ${each(per.readsPerMachine)} reads a machine`,
    ...behind.slice(0, SHOWN_MACHINES).map((machine) => `  ${lineOf(machine, oldSha256)}`),
    ...(more > 0 ? [`  and ${more} more (--report FILE)`] : []),
  ].join('\n');
}

function lineOf({ machine, wave, isTold, servedSha256 }: FleetMachine, oldSha256: string): string {
  const what = servedSha256 === oldSha256 ? 'the old certificate' : (servedSha256?.slice(0, 16) ?? 'nothing');
  return `${machine.split('/').at(-1)} (wave ${wave}) ${isTold ? 'was told' : 'took no command'}, and serves ${what}`;
}
