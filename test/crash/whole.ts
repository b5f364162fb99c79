import type { Seeded } from '../../local/stand/scenarios.ts';
import { lookAt } from '../../local/stand/served.ts';
import type { CrashBench } from './crash-bench.ts';
import { isUnknownWrite, moments } from './moments.ts';
import type { Call, HandledCall } from './traps.ts';

/** A renewal that has ended, as the app tells it, and every call that was handled meanwhile. */
export interface EndedRenewal {
  readonly id: string;
  readonly view: Readonly<Record<string, unknown>>;
  readonly calls: readonly HandledCall[];
  /** Whether a step may have been tried again: not when only the app died, whose calls are repeated as they were. */
  readonly mayRetry: boolean;
}

/** What is not as it would be if nothing had been killed; empty: all is well. */
export async function problemsOf(bench: CrashBench, seeded: Seeded, ended: EndedRenewal): Promise<readonly string[]> {
  const { sha256 } = await bench.stand.current(seeded);
  const served = await lookAt(bench.stand.siteOf(seeded, 0), bench.stand.rootPemOf(seeded));
  const checks: readonly (readonly [string, unknown, unknown])[] = [
    ['outcome', `${ended.view.outcome} ${ended.view.outcomeReason}`, 'renewed served'],
    ['new version as the app tells it', ended.view.newSha256, sha256],
    ['certificate that the site serves', `${served.state} ${'sha256' in served && served.sha256}`, `trusted ${sha256}`],
    ['versions in the vault', bench.view.versions(seeded), 2],
    ['CSRs made', successes(ended.calls, 'CSR'), 1],
    ['merges made', successes(ended.calls, 'merge'), 1],
    ...(await rowChecks(bench, seeded, ended)),
    ['writes that the table of moments does not know', ended.calls.filter(isUnknownWrite).map(nameOf), []],
    ['records in the journal', await actsOf(bench, ended), acts],
    ['keys that stand twice in the journal', await repeatedKeys(bench, ended.id), []],
  ];
  return checks.flatMap(([what, is, must]) =>
    JSON.stringify(is) === JSON.stringify(must) ? [] : [`${what}: ${JSON.stringify(is)}, not ${JSON.stringify(must)}`],
  );
}

async function rowChecks({ view }: CrashBench, seeded: Seeded, { id }: EndedRenewal) {
  const orders = await view.rowsOf('orders', seeded);
  const issuances = (await view.rows('issuances')).filter(({ renewalId }) => renewalId === id);
  const [certificate = {}] = await view.rowsOf('certificates', seeded);
  const targets = (await view.rows('targets')).filter(({ renewalId }) => renewalId === id);
  return [
    ['orders', orders.map(({ renewalId, state }) => `${renewalId} ${state}`), [`${id} merged`]],
    ['issuances', issuances.length, 1],
    [
      'row of the certificate',
      `${certificate.state} ${certificate.lastOutcome} ${certificate.attempt}`,
      'idle renewed 1',
    ],
    ['rows of the target', targets.map(({ verified }) => verified), [true]],
  ] as const;
}

const acts = moments.flatMap(({ record }) => (record === undefined ? [] : [record]));

/**
 * The journal's keys without target, round and try; reading it proves the chain. Being taken up again is no act, and an act that
 * was tried again, because storage was away, has an intent for each try and one result.
 */
async function actsOf({ view }: CrashBench, { id, mayRetry }: EndedRenewal): Promise<readonly string[]> {
  const chain = (await view.journal.read(id)).filter(({ key }) => key !== 'start:again');
  const told = chain.map(({ key, step, kind }) => {
    const subject = /:(before-[a-z]+|baseline|verify)\b/.exec(key)?.[1];
    const tried = mayRetry || key.includes('#1:') ? [] : [key];
    return [step, ...(subject === undefined ? [] : [subject]), kind, ...tried].join(' ');
  });
  return told.filter((act, index) => !(mayRetry && act.endsWith(' intent') && told[index + 1] === act));
}

/** How often something was done: a call that was refused is none. */
export function successes(calls: readonly HandledCall[], effect: string): number {
  const moment = moments.find((one) => one.effect === effect);
  return calls.filter((call) => call.status < 300 && moment?.isIt(call)).length;
}

function nameOf({ of, method, path }: Call): string {
  return `${of} ${method} ${path}`;
}

async function repeatedKeys({ view }: CrashBench, id: string): Promise<readonly string[]> {
  const keys = (await view.journal.read(id)).map(({ key }) => key);
  return keys.filter((key, index) => keys.indexOf(key) !== index);
}
