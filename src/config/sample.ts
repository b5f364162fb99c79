import { type Setting, settings } from './settings.ts';

/** What `local.settings.sample.json` holds: the host's own settings first, then ours, in the order of their table. */
export function sampleSettings(): { readonly IsEncrypted: false; readonly Values: Readonly<Record<string, string>> } {
  const ours = Object.values<Setting>(settings).flatMap(({ name, sample }) =>
    sample === undefined ? [] : [[name, sample] as const],
  );
  const host = { AzureWebJobsStorage: 'UseDevelopmentStorage=true', FUNCTIONS_WORKER_RUNTIME: 'node' };
  return { IsEncrypted: false, Values: { ...host, ...Object.fromEntries(ours) } };
}
