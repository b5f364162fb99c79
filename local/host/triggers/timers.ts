import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StandClock } from '../../clock.ts';
import { HostError, messageOf } from '../host-error.ts';
import { readJson } from '../json-file.ts';
import type { FunctionInfo, Invocation, Worker } from '../types.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** What a timer is told about its schedule, in the spelling of Azure's host. */
export interface ScheduleStatus {
  readonly Last: string;
  readonly Next: string;
  readonly LastUpdated: string;
}

export interface TimerOptions {
  readonly functions: readonly FunctionInfo[];
  readonly clock: StandClock;
  readonly worker: Worker;
  /** Where the schedule survives a restart, so that a missed run is noticed; absent: nowhere. */
  readonly directory?: string;
  readonly timeZone?: string;
  readonly log: (message: string, functionName: string) => void;
  /** Told of every run, so that somebody can wait for all that is under way. */
  readonly track: (run: Promise<void>) => void;
}

export interface Timers {
  /** When the function fires next. */
  next(functionName: string): Date | undefined;
  stop(): void;
}

/** Starts all timers of the app: one run at a time each, missed runs once with `IsPastDue`. Throws `HostError`. */
export async function startTimers(options: TimerOptions): Promise<Timers> {
  const infos = options.functions.filter(({ trigger }) => trigger.type.toLowerCase() === 'timertrigger');
  const schedules = infos.map((info) => [info, scheduleOf(info, options.timeZone)] as const);
  const store = await openScheduleStore(options.directory);
  const timers = schedules.map(([info, schedule]) => new Timer(options, { info, schedule, store }));
  for (const timer of timers) timer.start();
  return {
    next: (name) => timers.find((timer) => timer.name === name)?.next,
    stop: () => {
      for (const timer of timers) timer.stop();
    },
  };
}

function scheduleOf({ name, trigger }: FunctionInfo, timeZone: string | undefined): Schedule {
  try {
    return parseSchedule(String(trigger.schedule ?? ''), timeZone);
  } catch (error) {
    throw new HostError(`Function "${name}": ${messageOf(error)}`, { cause: error });
  }
}

interface Timed {
  readonly info: FunctionInfo;
  readonly schedule: Schedule;
  readonly store: ScheduleStore;
}

class Timer {
  readonly #options: TimerOptions;
  readonly #timed: Timed;
  #next: Date;
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(options: TimerOptions, timed: Timed) {
    this.#options = options;
    this.#timed = timed;
    this.#next = timed.schedule.next(options.clock.now());
  }

  get name(): string {
    return this.#timed.info.name;
  }

  get next(): Date {
    return this.#next;
  }

  start(): void {
    const { info, store } = this.#timed;
    const missed = store.read(info.name);
    const now = this.#options.clock.now();
    const pastDue = missed !== undefined && Date.parse(missed.Next) < now.getTime();
    if (pastDue || info.trigger.runOnStartup === true) this.#options.track(this.#run(pastDue));
    else this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** The next run is found when the last one has ended: runs never overlap, and a jump of the clock gives one run. */
  #arm(): void {
    if (this.#stopped) return;
    const { clock, track } = this.#options;
    this.#next = this.#timed.schedule.next(clock.now());
    this.#cancel = clock.at(this.#next, () => track(this.#run(false)));
  }

  async #run(pastDue: boolean): Promise<void> {
    const { worker, clock, log } = this.#options;
    const started = clock.now();
    const status = this.#timed.store.read(this.name);
    const result = await worker.invoke(timerInvocation(this.#timed.info, { status, pastDue }));
    if (result.state === 'failed') log(result.stack ?? result.message, this.name);
    if (result.state === 'lost') log('The worker ended during the run; the timer waits for its next time.', this.name);
    this.#arm();
    await this.#record(started);
  }

  async #record(started: Date): Promise<void> {
    if (this.#timed.info.trigger.useMonitor === false) return;
    const last = started.toISOString();
    const status = { Last: last, Next: this.#next.toISOString(), LastUpdated: last };
    try {
      await this.#timed.store.write(this.name, status);
    } catch (error) {
      this.#options.log(`The schedule cannot be stored: ${messageOf(error)}`, this.name);
    }
  }
}

interface TimerRun {
  readonly status?: ScheduleStatus | undefined;
  readonly pastDue: boolean;
}

export function timerInvocation({ name, trigger }: FunctionInfo, { status, pastDue }: TimerRun): Invocation {
  const timer = { Schedule: { AdjustForDST: true }, ScheduleStatus: status ?? null, IsPastDue: pastDue };
  return { functionName: name, inputs: { [trigger.name]: { json: JSON.stringify(timer) } } };
}

interface ScheduleStore {
  read(functionName: string): ScheduleStatus | undefined;
  write(functionName: string, status: ScheduleStatus): Promise<void>;
}

async function openScheduleStore(directory: string | undefined): Promise<ScheduleStore> {
  const rows = new Map<string, ScheduleStatus>();
  if (directory === undefined)
    return { read: (name) => rows.get(name), write: async (name, row) => void rows.set(name, row) };
  const file = join(directory, 'timers.json');
  for (const [name, row] of Object.entries(((await readJson(file)) ?? {}) as Record<string, ScheduleStatus>)) {
    rows.set(name, row);
  }
  let last = Promise.resolve();
  return {
    read: (name) => rows.get(name),
    write: (name, row) => {
      rows.set(name, row);
      // One after the other: two renames of the same half-written file would lose one.
      last = last.catch(() => {}).then(() => replaceFile(file, JSON.stringify(Object.fromEntries(rows), null, 2)));
      return last;
    },
  };
}

async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(`${file}.tmp`, text);
  await rename(`${file}.tmp`, file);
}
