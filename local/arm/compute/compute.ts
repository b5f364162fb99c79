import { randomUUID } from 'node:crypto';
import type { StandClock } from '../../clock.ts';
import { SeedError } from '../resource-id.ts';
import { load, pull } from './extension.ts';
import type { Machine, MachineFault, MachineSeed, Place, ReadMachineSecret } from './types.ts';

/** The extension's usual interval, which Windows 4.0 does not let be longer. */
const POLL_SECONDS = 3600;
/** The agent notices a command, and the script runs, when nothing is wrong. */
const SCRIPT_SECONDS = 20;

export interface ComputeOptions {
  readonly clock: StandClock;
  readonly readSecret: ReadMachineSecret;
}

/** Microsoft.Compute behind its API: machines (and instances of scale sets) whose Key Vault extension follows vaults. */
export interface Compute {
  /** Puts a machine in that has run for long: the extension has read the vault, the services have what was there. */
  addMachine(seed: MachineSeed): Promise<Machine>;
  machine(resourceId: string): Machine | undefined;
  machines(): readonly Machine[];
  remove(resourceId: string): void;
  /** Switches it off, or on again: then the extension reads the vault, and services begin with what is there. */
  power(resourceId: string, power: Machine['power']): Promise<void>;
  fault(resourceId: string, fault: MachineFault, isOn?: boolean): void;
  /** The extension reads the vault now. */
  pull(machine: Machine): Promise<void>;
  /** For what goes on behind an answer: `settled` waits for it. */
  track(work: Promise<void>): void;
  /** When everything that has begun is done. */
  settled(): Promise<void>;
  readonly options: ComputeOptions;
  stop(): void;
}

export function createCompute(options: ComputeOptions): Compute {
  const { clock, readSecret } = options;
  const byId = new Map<string, Machine>();
  const polls = new Map<Machine, () => void>();
  const working = new Set<Promise<void>>();
  const errors: unknown[] = [];

  const track = (work: Promise<void>): void => {
    // What goes wrong is thrown where it is waited for, and ends no process before.
    const ended = work.catch((error: unknown) => void errors.push(error)).finally(() => working.delete(ended));
    working.add(ended);
  };
  const pullNow = async (machine: Machine): Promise<void> => {
    if (machine.power !== 'running') return;
    const now = clock.now();
    await pull(machine, readSecret, now);
    for (const extension of machine.extensions.values()) extension.pulledAt = now;
  };
  const poll = (machine: Machine): void => {
    const due = new Date(clock.now().getTime() + machine.pollSeconds * 1000);
    const cancel = clock.at(due, () => {
      track(pullNow(machine));
      poll(machine);
    });
    polls.set(machine, cancel);
  };
  const found = (resourceId: string): Machine => {
    const machine = byId.get(resourceId.toLowerCase());
    if (machine === undefined) throw new SeedError(`there is no machine ${resourceId}`);
    return machine;
  };

  return {
    options,
    async addMachine(seed) {
      const machine = newMachine(seed, clock.now());
      byId.set(machine.resourceId.toLowerCase(), machine);
      await pullNow(machine);
      for (const place of machine.places) begin(machine, place, clock.now());
      poll(machine);
      return machine;
    },
    machine: (resourceId) => byId.get(resourceId.toLowerCase()),
    machines: () => [...byId.values()],
    remove(resourceId) {
      const machine = found(resourceId);
      polls.get(machine)?.();
      polls.delete(machine);
      for (const { cancel } of machine.commands.values()) cancel();
      byId.delete(resourceId.toLowerCase());
    },
    async power(resourceId, power) {
      const machine = found(resourceId);
      machine.power = power;
      await pullNow(machine);
      if (power === 'running') for (const place of machine.places) load(place, clock.now());
    },
    fault(resourceId, fault, isOn = true) {
      const { faults } = found(resourceId);
      if (isOn) faults.add(fault);
      else faults.delete(fault);
    },
    pull: pullNow,
    track,
    async settled() {
      while (working.size > 0) await Promise.all(working);
      if (errors.length > 0) throw new AggregateError(errors.splice(0), 'machines could not do what they were told');
    },
    stop() {
      for (const cancel of polls.values()) cancel();
      for (const { commands } of byId.values()) for (const { cancel } of commands.values()) cancel();
    },
  };
}

/** Everything on the machine is from before: bindings too, which the extension never makes. */
function begin(machine: Machine, place: Place, now: Date): void {
  if (machine.os === 'windows') place.current = place.held.at(-1);
  place.changedAt = new Date(now.getTime() - 1000);
  load(place, now);
}

function newMachine(seed: MachineSeed, now: Date): Machine {
  const { resourceId, location, os, tags = {}, places, pollSeconds = POLL_SECONDS, scaleSet } = seed;
  const { scriptSeconds = SCRIPT_SECONDS } = seed;
  const type = os === 'linux' ? 'KeyVaultForLinux' : 'KeyVaultForWindows';
  const extension = {
    name: type,
    properties: extensionProperties(type, pollSeconds, places),
    pulledAt: undefined,
  };
  return {
    ...{ resourceId, location, os, tags, pollSeconds, scriptSeconds, scaleSet },
    name: resourceId.split('/').at(-1) ?? '',
    vmId: randomUUID(),
    places: places.map((place) => ({
      ...place,
      held: [],
      current: undefined,
      changedAt: now,
      loaded: undefined,
      runningSince: now,
    })),
    faults: new Set(),
    extensions: new Map([[type.toLowerCase(), extension]]),
    commands: new Map(),
    power: 'running',
  };
}

function extensionProperties(type: string, pollSeconds: number, places: MachineSeed['places']) {
  const observedCertificates = places.map(({ secret, path }) => ({
    url: secret,
    ...(path === undefined
      ? { certificateStoreName: 'MY', certificateStoreLocation: 'LocalMachine' }
      : { certificateStoreLocation: path.slice(0, path.lastIndexOf('/')) }),
  }));
  return {
    publisher: 'Microsoft.Azure.KeyVault',
    type,
    typeHandlerVersion: type === 'KeyVaultForLinux' ? '3.0' : '4.0',
    autoUpgradeMinorVersion: true,
    enableAutomaticUpgrade: true,
    settings: { secretsManagementSettings: { pollingIntervalInS: String(pollSeconds), observedCertificates } },
  };
}
