import { cpuMilliseconds } from '../cpu.ts';
import type { Detail } from '../figure.ts';

/** CPU time of processes by a name, added up over several stretches. */
export interface Times {
  /** Counts what the processes take until `work` is done. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Milliseconds of CPU for each of `count` renewals. */
  detail(title: string, count: number): Detail;
}

export function timesOf(processes: Readonly<Record<string, number>>): Times {
  const taken = new Map<string, number>();
  const now = () => Object.entries(processes).map(([name, pid]) => [name, cpuMilliseconds(pid) ?? 0] as const);
  return {
    async during(work) {
      const before = new Map(now());
      const done = await work();
      for (const [name, after] of now()) {
        taken.set(name, (taken.get(name) ?? 0) + after - (before.get(name) ?? 0));
      }
      return done;
    },
    detail: (title, count) => ({
      title,
      columns: ['process', 'CPU ms/renewal'],
      rows: [...taken].map(([name, milliseconds]) => [name, milliseconds / count]),
    }),
  };
}
