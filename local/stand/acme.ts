import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { derToPem } from '../../src/certificate/pem.ts';
import type { DnsZones } from '../arm/dns-zones.ts';
import { type AcmeEmulator, createAcme } from '../issuers/acme/acme.ts';
import { DIRECTORY_PATH } from '../issuers/acme/places.ts';
import type { AcmeOptions } from '../issuers/acme/settings.ts';
import { type Ground, portOffsets } from './ground.ts';

/** A public CA of the stand, with the way to it. */
export interface StandAcme {
  readonly acme: AcmeEmulator;
  readonly directoryUrl: string;
  /** PEM files of the roots that its certificates end at: the usual one, and the alternate one. */
  readonly rootFiles: readonly [string, string];
}

/** What the emulator is told; where it looks for answers are the zones of the stand's Azure DNS. */
export type StandAcmeOptions = Omit<AcmeOptions, 'txt'> & { readonly dns: DnsZones };

/**
 * Puts the ACME server on HTTPS. Its listener is trusted by the stand's transport CA, as every other; the certificates that it
 * issues end at roots of its own.
 */
export async function mountAcme(ground: Ground, { dns, ...options }: StandAcmeOptions): Promise<StandAcme> {
  const acme = createAcme({ ...options, txt: (name) => dns.txt(name) });
  const { url } = await ground.mount(acme, { offset: portOffsets.acme, name: 'acme' });
  const [root, alternate] = acme.roots();
  const rootFiles = [
    join(ground.directory, 'acme-root.pem'),
    join(ground.directory, 'acme-alternate-root.pem'),
  ] as const;
  await writeFile(rootFiles[0], derToPem(root));
  await writeFile(rootFiles[1], derToPem(alternate));
  return { acme, directoryUrl: `${url}${DIRECTORY_PATH}`, rootFiles };
}
