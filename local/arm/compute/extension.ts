import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import { type Bundle, readBundle, sentChain } from '../pfx.ts';
import type { Held, Machine, Place, ReadMachineSecret } from './types.ts';

/** Windows 4.0 installs the two newest versions of each certificate. */
const KEPT_ON_WINDOWS = 2;

/**
 * The Key Vault extension reads the vault for each place of the machine, by the machine's own identity. It keeps what it
 * fetched before, moves the link to the newest (Linux), and reloads nothing.
 */
export async function pull(machine: Machine, readSecret: ReadMachineSecret, now: Date): Promise<void> {
  for (const place of machine.places) {
    const read = await readSecret(place.secret, machine.resourceId);
    const bundle = read.state === 'ok' ? readBundle(read.value) : undefined;
    if (read.state === 'ok' && bundle !== undefined) take(machine, place, { held: heldOf(bundle), now });
  }
}

function take(machine: Machine, place: Place, { held, now }: { readonly held: Held; readonly now: Date }): void {
  const others = place.held.filter(({ sha256 }) => sha256 !== held.sha256);
  const kept = [...others, held];
  place.held = machine.os === 'windows' ? kept.slice(-KEPT_ON_WINDOWS) : kept;
  const isLinked = machine.os === 'linux' || place.iis === undefined;
  if (!isLinked || place.current?.sha256 === held.sha256) return;
  place.current = held;
  place.changedAt = now;
  if (place.service === undefined) load(place, now);
}

/** The application reads the certificate anew. */
export function load(place: Place, now: Date): void {
  place.loaded = place.current;
  place.runningSince = now;
}

/** A hundred machines hold the same file. */
const known = new WeakMap<Bundle, Held>();

function heldOf(bundle: Bundle): Held {
  const held = known.get(bundle) ?? readHeld(bundle);
  known.set(bundle, held);
  return held;
}

function readHeld(bundle: Bundle): Held {
  const { leaf } = bundle;
  return {
    sha256: sha256Hex(leaf.raw),
    serial: leaf.serialNumber.toLowerCase(),
    notAfter: new Date(leaf.validTo).toISOString(),
    chain: sentChain(bundle).map(({ raw }) => sha256Hex(raw)),
    bundle,
  };
}
