/** What every name begins with that a run gives. */
export const PREFIX = 'perennial-smoke-';

/** The tag that every certificate of a run carries; its value is the run's name. */
export const TAG = 'perennial-smoke';

/** `perennial-smoke-20261121t170102`: the run's name, from when it began (UTC). */
export function runName(began: Date): string {
  return `${PREFIX}${began.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}`;
}

/** Whether a name is one that `runName` gives. */
export function isRunName(text: string): boolean {
  return /^perennial-smoke-\d{8}t\d{6}$/.test(text);
}

/** The run that a name of a certificate, plan or resource belongs to; `undefined` for what no run has made. */
export function runOf(name: string): string | undefined {
  return /^perennial-smoke-\d{8}t\d{6}(?=$|-)/.exec(name)?.[0];
}

/** The throw-away certificates of a run. */
export interface Names {
  readonly run: string;
  /** Renewed by the app and served by the site. */
  readonly main: string;
  /** Already within its last 30 days when it is made. */
  readonly short: string;
  /** Asked for and never finished: an EC key. */
  readonly ec: string;
  /** Ends seconds after it was made. */
  readonly expired: string;
  /** Exists nowhere. */
  readonly absent: string;
}

export function namesOf(run: string): Names {
  const of = (part: string): string => `${run}-${part}`;
  return { run, main: run, short: of('short'), ec: of('ec'), expired: of('expired'), absent: of('absent') };
}

/**
 * Whether a certificate may be changed or deleted: its name is of a run, and it carries that run's tag. One without a
 * finished version may not show its tags yet: there the name has to do.
 */
export function isThrowAway(name: string, found: { readonly tags: unknown; readonly hasVersion: boolean }): boolean {
  const run = runOf(name);
  if (run === undefined) return false;
  const tag = (found.tags as Readonly<Record<string, unknown>> | undefined)?.[TAG];
  return tag === run || (!found.hasVersion && tag === undefined);
}
