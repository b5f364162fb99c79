import { readSettings, type Settings } from './read-settings.ts';
import { settings } from './settings.ts';

/** The only place that reads the process's environment. */
export function loadSettings(): Settings {
  return readSettings(process.env);
}

type Timed = 'sweepSchedule' | 'watchdogSchedule' | 'heartbeatSchedule' | 'eventPathSchedule' | 'crlSchedule';

/** A timer's schedule alone: triggers are registered before anything else may fail, so that a wrong one reads as the default. */
export function loadSchedule(of: Timed): string {
  const { name, default: usual, parse } = settings[of];
  const parsed = parse(process.env[name]?.trim() || usual);
  return 'value' in parsed ? parsed.value : usual;
}

/** The queue of the events alone, for the same reason: a wrong name reads as none, and every function tells of it. */
export function loadEventQueue(): string | undefined {
  const { name, parse } = settings.eventQueue;
  const parsed = parse(process.env[name]?.trim() ?? '');
  return 'value' in parsed ? parsed.value : undefined;
}
