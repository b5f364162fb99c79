import type { AppClient } from './app-client.ts';
import type { Course } from './course.ts';
import { judged } from './judge.ts';
import type { Report } from './report.ts';
import type { Stand } from './stand.ts';

const LIMIT_SECONDS = 55;
const LOOK_MILLISECONDS = 250;

/** Sets everything of the seeded estate going at once, as events, sweep and people would, and follows it to its end. */
export async function runDemo(stand: Stand, app: AppClient, print: (line: string) => void): Promise<Report> {
  const startedAt = Date.now();
  const courses = stand.estate.certificates.map((seeded): Course => ({ seeded, startedAt: Date.now() }));
  stand.cloud.events.drop((event) =>
    courses.some(({ seeded }) => seeded.trigger === 'sweep' && seeded.name === event.objectName),
  );
  await Promise.all(courses.map((course) => trigger(course, stand, app)));
  await delivered(stand);
  await app.runNow('sweep');
  await follow(courses, app, (course, line) =>
    print(`${elapsed(course.startedAt)}  ${course.seeded.name.padEnd(10)} ${line}`),
  );
  const renewals = await Promise.all(courses.map((course) => judged(course, stand)));
  return { ok: renewals.every((one) => one.problem === undefined), seconds: (Date.now() - startedAt) / 1000, renewals };
}

/** The sweep comes after the events, so that it finds what they left. */
async function delivered(stand: Stand): Promise<void> {
  const { events } = stand.cloud;
  for (let look = 0; events.waiting() > 0 && look < 20; look++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  await events.settled();
}

async function trigger(course: Course, stand: Stand, app: AppClient): Promise<void> {
  const { seeded } = course;
  switch (seeded.trigger) {
    case 'event':
    case 'sweep':
      return stand.raise(seeded);
    case 'five-events': {
      for (let copy = 0; copy < 5; copy++) stand.raise(seeded);
      return;
    }
    case 'force':
    case 'ask': {
      const answer = await app.renew({
        vault: seeded.vaultName,
        certificate: seeded.name,
        force: seeded.trigger === 'force',
      });
      take(course, answer.body);
      return;
    }
    default:
      return seeded.trigger satisfies never;
  }
}

/** A refusal is the end at once; anything else has an id to follow. */
function take(course: Course, body: Record<string, unknown>): void {
  course.view = body;
  if (typeof body.id === 'string') course.id = body.id;
  if (typeof body.outcome === 'string') course.endedAt = Date.now();
}

/** Looks until every course has an end, or the time is over. */
async function follow(
  courses: readonly Course[],
  app: AppClient,
  print: (course: Course, line: string) => void,
): Promise<void> {
  const stages = new Map<Course, string>();
  const until = Date.now() + LIMIT_SECONDS * 1000;
  while (courses.some((course) => course.endedAt === undefined) && Date.now() < until) {
    const listed = await app.list();
    for (const course of courses.filter((one) => one.endedAt === undefined)) {
      const row = listed.find(
        (one) => one.vault === course.seeded.vaultName && one.certificate === course.seeded.name.toLowerCase(),
      );
      if (row?.id !== undefined) course.id = row.id;
      if (course.id === undefined) continue;
      const view = await app.renewal(course.id);
      if (view !== undefined) take(course, view);
      const line = lineOf(course.view ?? {});
      if (stages.get(course) !== line) print(course, line);
      stages.set(course, line);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
}

function lineOf(view: Record<string, unknown>): string {
  if (typeof view.outcome === 'string') return `${view.outcome} (${String(view.outcomeReason)})`;
  const verified = typeof view.verified === 'string' ? `, targets verified ${view.verified}` : '';
  return `${String(view.stage)}${verified}`;
}

function elapsed(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1).padStart(5)} s`;
}
