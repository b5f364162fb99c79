import { readSettings, type Settings, settings } from './settings.ts';

/** The only place that reads the process's environment. */
export function loadSettings(): Settings {
  return readSettings(process.env);
}

/** The sweep's schedule alone: triggers are registered before anything else may fail, so that a wrong one reads as the default. */
export function loadSweepSchedule(): string {
  const { name, default: usual, parse } = settings.sweepSchedule;
  const parsed = parse(process.env[name]?.trim() || usual);
  return 'value' in parsed ? parsed.value : usual;
}
