import { readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second, on every Linux that Node runs on. */
const TICK_MILLISECONDS = 10;

/** CPU time that a process has taken so far, in milliseconds; `undefined` where there is no /proc. */
export function cpuMilliseconds(pid: number): number | undefined {
  try {
    // pid (name, which may hold anything) state … utime and stime are the 12th and 13th field after the name.
    const fields = /.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MILLISECONDS;
  } catch {
    return undefined;
  }
}

/** Memory that a process holds now and has held at most, in MB; `undefined` where there is no /proc. */
export function memoryMegabytes(pid: number): { readonly now: number; readonly most: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const of = (field: string): number => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0) / 1024;
    return { now: of('VmRSS'), most: of('VmHWM') };
  } catch {
    return undefined;
  }
}
