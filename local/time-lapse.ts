import { type StandClock, systemClock } from './clock.ts';

/** How fast time goes, and since when: processes that are told the same live in the same time. */
export interface TimeLapse {
  /** Milliseconds since 1970: the moment at which this time is the real one. Before it, it is behind; after it, ahead. */
  readonly since: number;
  /** Seconds that pass in one real second. */
  readonly factor: number;
  /** Fast only until `since`, and real from then on: whoever lives in real time is never shown what is still to come. */
  readonly catchesUp?: true;
}

/** A clock that goes `factor` times as fast as the real one: waits that say nothing to anybody are short. */
export function timeLapse({ since, factor, catchesUp }: TimeLapse, real: StandClock = systemClock): StandClock {
  const isReal = (milliseconds: number): boolean => catchesUp === true && milliseconds >= since;
  return {
    now() {
      const now = real.now();
      return isReal(now.getTime()) ? now : new Date(since + (now.getTime() - since) * factor);
    },
    at(due, wake) {
      const milliseconds = due.getTime() - since;
      return real.at(isReal(due.getTime()) ? due : new Date(since + Math.ceil(milliseconds / factor)), wake);
    },
  };
}

/** `SINCE,FACTOR` as a program's option has it; `SINCE,FACTOR,catches-up` when it does. */
export function lapseText({ since, factor, catchesUp }: TimeLapse): string {
  return [since, factor, ...(catchesUp ? ['catches-up'] : [])].join(',');
}

/** `undefined`: no time lapse is written so. A factor is a whole number from 1 to 100. */
export function readLapse(text: string): TimeLapse | undefined {
  const [, since, factor, catchesUp] = /^(\d{1,15}),(\d{1,3})(,catches-up)?$/.exec(text) ?? [];
  const lapse = { since: Number(since), factor: Number(factor) };
  if (!(lapse.factor >= 1 && lapse.factor <= 100)) return undefined;
  return catchesUp === undefined ? lapse : { ...lapse, catchesUp: true };
}
