import type { LogLine } from '../renewal/log-fields.ts';
import type { EventPathsReport } from './event-paths.ts';
import type { EventPath, EventPathState } from './judge.ts';

/** Vaults of a list in a line. */
const LISTED = 15;

/** One line a dead path. */
export function deadLines({ state, paths }: EventPathsReport): readonly LogLine[] {
  if (state === 'failed') return [];
  return paths
    .filter((path) => path.state === 'dead')
    .map(({ vault, certificate, announcedAt, lastAt }) => ({
      message: 'event path dead',
      ...{ vault, certificate, announcedAt, lastAt },
    }));
}

/** What the look came to. Of one that failed the lists are left out: they would be those of the look before. */
export function lookLine(report: EventPathsReport): LogLine {
  const message = 'event paths checked';
  if (report.state === 'failed') return { message, state: report.state, code: report.code, problem: report.problem };
  const { state, paths } = report;
  const lists = { dead: of(paths, 'dead'), unheard: of(paths, 'unheard'), unlogged: of(paths, 'unlogged') };
  const counts = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.length]));
  const first = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.slice(0, LISTED)]));
  return { message, state, looked: paths.length, counts, ...first };
}

function of(paths: readonly EventPath[], state: EventPathState): readonly string[] {
  return paths.filter((path) => path.state === state).map(({ vault }) => vault);
}
