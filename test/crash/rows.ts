import { type Moment, moments } from './moments.ts';
import type { When } from './traps.ts';

export type Killed = 'worker' | 'host' | 'Azurite';

/** One line of the report: who is killed, and where. */
export interface Row {
  readonly killed: Killed;
  readonly point: 'before the effect' | 'after the effect' | 'after the result is stored';
  readonly when: When;
  readonly moment: Moment;
}

const isInStorage = ({ of }: Moment): boolean => of === 'blob' || of === 'table';

/**
 * The worker, which is the app, dies around every write and after every result; the host around the write that each stage is
 * there for, and after every result; Azurite around every write to it.
 */
export const rows: readonly Row[] = [
  ...spread(
    [...around('worker', moments), ...onceStored('worker')],
    [...around('host', mainOnes()), ...onceStored('host')],
  ),
  ...around('Azurite', moments.filter(isInStorage)),
];

function mainOnes(): readonly Moment[] {
  return moments.filter(({ main }) => main);
}

/** Puts the fewer evenly among the more: a worker that dies again and again is started later each time, by the same host. */
function spread(more: readonly Row[], fewer: readonly Row[]): readonly Row[] {
  const due = (index: number): number => Math.floor((index * fewer.length) / more.length);
  return more.flatMap((row, index) => [row, ...fewer.slice(due(index), due(index + 1))]);
}

function around(killed: Killed, some: readonly Moment[]): readonly Row[] {
  return some.flatMap((moment): Row[] => [
    { killed, moment, point: 'before the effect', when: 'before' },
    { killed, moment, point: 'after the effect', when: 'after' },
  ]);
}

function onceStored(killed: Killed): readonly Row[] {
  const last = moments.filter(({ thenStored }) => thenStored !== undefined);
  return last.map((moment) => ({ killed, moment, point: 'after the result is stored', when: 'hold' }));
}
