import { readFile, writeFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody } from '../../local/emulator.ts';
import type { FleetMachine } from '../../local/stand/fleet/count.ts';
import { fleetStory } from '../../local/stand/fleet/story.ts';
import type { Stand } from '../../local/stand/stand.ts';

/** One call to a machine's run command, and its answer. */
export interface CommandCall {
  readonly method: string;
  /** ARM id. */
  readonly machine: string;
  readonly status: number;
  /** When it was answered. */
  readonly at: Date;
  /** From 429 on. */
  readonly retryAfterSeconds?: number;
  /** What the command was told, by name. */
  readonly told: Readonly<Record<string, string>>;
}

/** Everything that is asked of run commands, in the order of the answers. */
export interface CommandLog {
  readonly calls: readonly CommandCall[];
  /** Goes before the stand's emulators. */
  before(emulator: Emulator, name: string): Emulator;
  /** Writes that were taken, by machine. */
  writes(from?: number): ReadonlyMap<string, number>;
}

const COMMAND = /^(.+\/virtualMachines\/[^/]+)\/runCommands\/[^/]+$/i;

/** `then` runs after a call was answered, and before the app hears of it. */
export function createCommandLog(
  now: () => Date,
  then: (call: CommandCall) => Promise<void> = async () => undefined,
): CommandLog {
  const calls: CommandCall[] = [];
  return {
    calls,
    before: (emulator, name) =>
      name !== 'arm'
        ? emulator
        : {
            async handle(request) {
              const answer = await emulator.handle(request);
              const call = commandCall(request, answer, now());
              if (call !== undefined) {
                calls.push(call);
                await then(call);
              }
              return answer;
            },
          },
    writes(from = 0) {
      const counts = new Map<string, number>();
      for (const { method, machine, status } of calls.slice(from))
        if (method === 'PUT' && status < 300) counts.set(machine, (counts.get(machine) ?? 0) + 1);
      return counts;
    },
  };
}

function commandCall(request: EmulatorRequest, answer: EmulatorResponse, at: Date): CommandCall | undefined {
  const machine = COMMAND.exec(decodeURIComponent(request.url.pathname))?.[1];
  if (machine === undefined) return undefined;
  const retryAfter = answer.headers['retry-after'];
  return {
    ...{ method: request.method, machine, status: answer.status, at, told: toldBy(request) },
    ...(retryAfter !== undefined && { retryAfterSeconds: Number(retryAfter) }),
  };
}

/** The parameters of a command that is written. */
function toldBy(request: EmulatorRequest): Readonly<Record<string, string>> {
  const body = jsonBody(request) as
    | { properties?: { parameters?: readonly { name: string; value: string }[] } }
    | undefined;
  return Object.fromEntries((body?.properties?.parameters ?? []).map(({ name, value }) => [name, value]));
}

/** Machines of one client certificate: of 12, waves of 1, 2, 3 and 6. */
export const fleetOf = (machines: number) => [fleetStory(machines)];

/** Writes other members into the rollout of the estate file. */
export async function changeRollout({ estateFile }: Stand, members: Readonly<Record<string, unknown>>): Promise<void> {
  const estate = parse(await readFile(estateFile, 'utf8')) as { plans: Record<string, { rollout: object }> };
  for (const [name, plan] of Object.entries(estate.plans))
    if (name.startsWith('fleet-')) plan.rollout = { ...plan.rollout, ...members };
  await writeFile(estateFile, stringify(estate));
}

/** Machines whose application uses that version. */
export function using(machines: readonly FleetMachine[], sha256: string | undefined): readonly string[] {
  return machines.flatMap(({ machine, servedSha256 }) => (servedSha256 === sha256 ? [machine] : []));
}
