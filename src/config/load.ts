import { readSettings, type Settings } from './settings.ts';

/** The only place that reads the process's environment. */
export function loadSettings(): Settings {
  return readSettings(process.env);
}
