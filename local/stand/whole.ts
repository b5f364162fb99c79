import { vaultAudience } from '../vault/challenge.ts';
import { placeOf, tokenFor } from './addresses.ts';
import { writeSettings } from './settings-file.ts';
import { type Stand, type StandOptions, startStand } from './stand.ts';

/** The whole stand without the app, with the settings written that another Functions host needs. */
export async function startWhole(options: StandOptions & { readonly settings: string }) {
  const stand = await startStand(options);
  try {
    await writeSettings(stand.settings, options.settings);
  } catch (error) {
    await stand.stop();
    throw error;
  }
  const note = `${options.settings} is written: start the app with any Functions host, \`func start\` for instance.`;
  return { addresses: addressesOf(stand), note, stop: () => stand.stop() };
}

function addressesOf({ cloud, estate, estateFile, settings }: Stand): Record<string, unknown> {
  const token = tokenFor(cloud, cloud, vaultAudience);
  const vaults = estate.vaultNames.map((name) => placeOf(cloud.vault(name)));
  return { vaults, caFile: cloud.caFile, token, urls: cloud.urls, estateFile, settings };
}
