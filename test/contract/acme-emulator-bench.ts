import { ManualClock } from '../../local/clock.ts';
import { type AcmeEmulator, createAcme } from '../../local/issuers/acme/acme.ts';
import type { AcmeOptions } from '../../local/issuers/acme/settings.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import type { AcmeBench } from './acme-walk.ts';
import { createWire } from './acme-wire.ts';

export interface EmulatorBench extends AcmeBench {
  readonly acme: AcmeEmulator;
  readonly clock: ManualClock;
  /** From now on looking up this name fails. */
  breakName(name: string): void;
  readonly origin: string;
  close(): Promise<void>;
}

const transport = createTransportCa();

/** Further than any validation or issuance takes that no fault slows down. */
const PAUSE_MILLISECONDS = 5000;

/** The emulator on HTTPS with a clock that tests move; honest and unhurried unless told otherwise. */
export async function startEmulator(options: Partial<AcmeOptions> = {}): Promise<EmulatorBench> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const zone = new Map<string, readonly string[]>();
  const broken = new Set<string>();
  const txt = async (name: string): Promise<readonly string[]> => {
    if (broken.has(name)) throw new TypeError(`no server for ${name} answers`);
    return zone.get(name) ?? [];
  };
  const acme = createAcme({ clock, txt, reusePercent: 0, faults: [], blockedNames: ['blocked.example'], ...options });
  const listener = await serveEmulator(acme, { port: 0, tls: transport.issue() });
  return {
    ...{ acme, clock, origin: listener.url },
    wire: createWire({ directoryUrl: `${listener.url}/directory`, ca: transport.caPem }),
    setTxt: (name, values) => void zone.set(name, values),
    breakName: (name) => void broken.add(name),
    pause: () => clock.advance(PAUSE_MILLISECONDS),
    close: () => listener.close(),
  };
}
