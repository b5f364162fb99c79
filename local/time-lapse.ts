import { type StandClock, systemClock } from './clock.ts';

/** How fast time goes, and since when: processes that are told the same live in the same time. */
export interface TimeLapse {
  /** Milliseconds since 1970, in real time: until then nothing was fast. */
  readonly since: number;
  /** Seconds that pass in one real second. */
  readonly factor: number;
}

/** A clock that goes `factor` times as fast as the real one: waits that say nothing to anybody are short. */
export function timeLapse({ since, factor }: TimeLapse, real: StandClock = systemClock): StandClock {
  return {
    now: () => new Date(since + (real.now().getTime() - since) * factor),
    at: (due, wake) => real.at(new Date(since + Math.ceil((due.getTime() - since) / factor)), wake),
  };
}

/** `SINCE,FACTOR` as a program's option has it. */
export function lapseText({ since, factor }: TimeLapse): string {
  return `${since},${factor}`;
}

/** `undefined`: no time lapse is written so. A factor is a whole number from 1 to 100. */
export function readLapse(text: string): TimeLapse | undefined {
  const [, since, factor] = /^(\d{1,15}),(\d{1,3})$/.exec(text) ?? [];
  const lapse = { since: Number(since), factor: Number(factor) };
  return lapse.factor >= 1 && lapse.factor <= 100 ? lapse : undefined;
}
