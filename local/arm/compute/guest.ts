import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import { load, pull } from './extension.ts';
import type { CommandEnd, Held, Machine, Place, ReadMachineSecret } from './types.ts';

/**
 * SHA-256 of the scripts that a machine of the stand understands. It does not run them: it does what they do. A script of
 * other bytes runs nothing, so that a change of theirs has to be taught here too.
 */
export const knownScripts: Readonly<Record<'linux' | 'windows', string>> = {
  linux: '78c4c6d888d82e6bfc0ef887ae73fba134324a9173c5d08e1036a446751383be',
  windows: '74c03baa802ac4695c12186e80298d485ccde30901b413a6779d6e01236f161d',
};

interface Run {
  readonly script: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly readSecret: ReadMachineSecret;
  readonly now: Date;
}

/** What running the script on the machine comes to. */
export async function runScript(machine: Machine, run: Run): Promise<CommandEnd> {
  if (machine.faults.has('script-fails')) return ended('Failed', 2, '', '\u001b[31mopenssl: command not found\u0007\n');
  if (sha256Hex(Buffer.from(run.script)) !== knownScripts[machine.os])
    return ended('Failed', 1, '', 'the stand knows no script of these bytes, and runs none\n');
  const place = placeOf(machine, run.parameters);
  const before = place?.current?.sha256 ?? '';
  const told = place === undefined ? { error: nothingThere(run.parameters) } : await act(machine, place, run);
  const report = reportOf(place, { run, before, ...told });
  return ended(
    told.error === '' ? 'Succeeded' : 'Failed',
    told.error === '' ? 0 : 1,
    `${JSON.stringify(report)}\n`,
    '',
  );
}

interface Told {
  readonly error: string;
  readonly reloaded?: boolean;
}

async function act(machine: Machine, place: Place, run: Run): Promise<Told> {
  if (machine.faults.has('lies')) return { error: '', reloaded: true };
  const want = run.parameters.get('PERENNIAL_WANT') ?? '';
  const mode = run.parameters.get('PERENNIAL_MODE');
  const error = mode === 'roll-back' ? goBack(place, want, run) : await refresh(machine, place, { want, run });
  return error === '' ? takeUp(machine, place, run) : { error };
}

async function refresh(
  machine: Machine,
  place: Place,
  { want, run }: { readonly want: string; readonly run: Run },
): Promise<string> {
  if (!holds(place, want)) await pull(machine, run.readSecret, run.now);
  if (!holds(place, want)) return 'not-replaced';
  return bind(place, want, run.now);
}

function goBack(place: Place, want: string, { now }: Run): string {
  if (!holds(place, want)) return 'not-kept';
  if (place.path === undefined && place.iis === undefined) return 'not-a-site';
  return bind(place, want, now);
}

function holds(place: Place, want: string): boolean {
  return place.held.some(({ sha256 }) => sha256 === want);
}

function bind(place: Place, want: string, now: Date): string {
  if (place.current?.sha256 === want) return '';
  // The link of the extension leads to its newest: a deployment never moves it by hand.
  place.current = place.held.find(({ sha256 }) => sha256 === want);
  place.changedAt = now;
  if (place.service === undefined) load(place, now);
  return '';
}

function takeUp(machine: Machine, place: Place, { parameters, now }: Run): Told {
  const service = parameters.get('PERENNIAL_SERVICE');
  if (service === undefined) return { error: '', reloaded: false };
  if (service.toLowerCase() !== place.service?.toLowerCase()) return { error: 'service-not-running' };
  if (place.loaded?.sha256 === place.current?.sha256 && place.runningSince >= place.changedAt)
    return { error: '', reloaded: false };
  if (!machine.faults.has('no-reload')) load(place, now);
  return { error: '', reloaded: true };
}

function placeOf({ places }: Machine, parameters: ReadonlyMap<string, string>): Place | undefined {
  const path = parameters.get('PERENNIAL_PATH');
  const port = parameters.get('PERENNIAL_SITE_PORT');
  const host = parameters.get('PERENNIAL_SITE_HOST');
  const service = parameters.get('PERENNIAL_SERVICE');
  return places.find((place) => {
    if (path !== undefined) return place.path === path;
    if (port !== undefined) return String(place.iis?.port) === port && place.iis?.host === host;
    return place.iis === undefined && place.service === service;
  });
}

function nothingThere(parameters: ReadonlyMap<string, string>): string {
  if (parameters.has('PERENNIAL_SITE_PORT')) return 'no-binding';
  return parameters.has('PERENNIAL_PATH') ? 'not-replaced' : 'service-not-running';
}

function reportOf(
  place: Place | undefined,
  { run, before, error, reloaded = false }: Told & { readonly run: Run; readonly before: string },
) {
  const given = (name: string): string => run.parameters.get(`PERENNIAL_${name}`) ?? '';
  return {
    perennial: 1,
    ...{ renewal: given('RENEWAL'), asked: given('ASKED'), mode: given('MODE'), want: given('WANT'), before },
    ...contentOf(place?.current),
    changedAt: place === undefined ? null : secondsOf(place.changedAt),
    runningSince: place?.service === undefined ? null : secondsOf(place.runningSince),
    ...{ reloaded, error },
  };
}

function contentOf(held: Held | undefined) {
  if (held === undefined) return { after: '', serial: '', notAfter: '', chain: [] };
  const { sha256, serial, notAfter, chain } = held;
  return { after: sha256, serial, notAfter, chain };
}

function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

function ended(state: CommandEnd['state'], exitCode: number, output: string, error: string): CommandEnd {
  return { state, exitCode, output, error };
}
