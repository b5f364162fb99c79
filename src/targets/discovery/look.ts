import type { Arm } from '../../azure/arm.ts';
import { RenewalError } from '../../errors.ts';
import type { Found, KindLook, Shown, UseKind } from './found.ts';
import type { Graph } from './graph.ts';
import { kindLooks, subscriptionsQuery } from './kinds.ts';
import { shownOf } from './shown.ts';

/** What Azure shows of all kinds of places. */
export interface Look {
  readonly found: readonly Found[];
  /** Kinds of which every question was answered as a whole: of these, what is not found is not there. */
  readonly whole: readonly UseKind[];
  /** Subscriptions (GUIDs, lower case) that the identity sees nothing of. */
  readonly unseen: readonly string[];
  readonly problems: readonly LookProblem[];
}

/** Something that could not be looked at, or not be read. */
export interface LookProblem {
  readonly kind: UseKind;
  /** An error code, or `unreadable`. */
  readonly code: string;
  readonly problem: string;
}

export interface LookDependencies {
  readonly graph: Graph;
  readonly arm: Pick<Arm, 'list'>;
}

/** Each is a call of its own; an estate with more profiles or clusters is told so. */
const MOST_LISTED = 200;
/** Of what cannot be read, the first are told. */
const MOST_COMPLAINTS = 5;

/**
 * Asks Resource Graph for every kind of place in these subscriptions (GUIDs), and Resource Manager for what Resource Graph
 * does not hold. A kind that cannot be looked at keeps no other from it. Throws `arm-*` when not even the subscriptions
 * could be asked for.
 */
export async function lookForUses(subscriptions: readonly string[], ask: LookDependencies): Promise<Look> {
  const wanted = [...new Set(subscriptions.map((one) => one.toLowerCase()))].sort();
  const seen = await subscriptionsSeen(wanted, ask.graph);
  const unseen = wanted.filter((one) => !seen.includes(one));
  const found: Found[] = [];
  const whole: UseKind[] = [];
  const problems: LookProblem[] = [];
  if (seen.length === 0) return { found, whole, unseen, problems };
  for (const kind of kindLooks) {
    const one = await lookForKind(kind, seen, ask);
    found.push(...one.found);
    problems.push(...one.problems);
    if (one.problems.length === 0) whole.push(kind.kind);
  }
  return { found, whole, unseen, problems };
}

async function subscriptionsSeen(wanted: readonly string[], graph: Graph): Promise<readonly string[]> {
  if (wanted.length === 0) return [];
  const rows = await asked(graph.ask(subscriptionsQuery, wanted));
  const ids = rows.flatMap(
    (row) =>
      shownOf(row, () => undefined)
        ?.id.toLowerCase()
        .split('/')[2] ?? [],
  );
  return wanted.filter((one) => ids.includes(one));
}

/** Resource Graph refuses a query of which it sees no subscription at all, in words of its own; that is an answer. */
async function asked(rows: Promise<readonly unknown[]>): Promise<readonly unknown[]> {
  try {
    return await rows;
  } catch (error) {
    if (isNothingSeen(error)) return [];
    throw error;
  }
}

function isNothingSeen(error: unknown): boolean {
  if (!(error instanceof RenewalError)) return false;
  if (error.code === 'arm-forbidden') return true;
  return error.code === 'arm-refused' && error.message.includes('NoValidSubscriptionsInQueryRequest');
}

async function lookForKind(
  look: KindLook,
  subscriptions: readonly string[],
  ask: LookDependencies,
): Promise<Pick<Look, 'found' | 'problems'>> {
  const complaints: string[] = [];
  const complain = (problem: string): void => void complaints.push(problem);
  try {
    const rows: Record<string, readonly Shown[]> = {};
    for (const [name, query] of Object.entries(look.queries)) {
      const answer = await ask.graph.ask(query, subscriptions);
      rows[name] = answer.flatMap((row) => shownOf(row, complain) ?? []);
    }
    const listed = await listUnder(look, rows, { ...ask, complain });
    const found = look.read({ ...rows, listed }, complain);
    return { found, problems: unreadable(look.kind, complaints) };
  } catch (error) {
    if (!(error instanceof RenewalError) || !error.code.startsWith('arm-')) throw error;
    const problem = { kind: look.kind, code: error.code, problem: error.message.slice(0, 300) };
    return { found: [], problems: [problem, ...unreadable(look.kind, complaints)] };
  }
}

async function listUnder(
  { listed }: KindLook,
  rows: Readonly<Record<string, readonly Shown[]>>,
  { arm, complain }: LookDependencies & { readonly complain: (problem: string) => void },
): Promise<readonly Shown[]> {
  if (listed === undefined) return [];
  const parents = rows[listed.under] ?? [];
  if (parents.length > MOST_LISTED) complain(`${parents.length - MOST_LISTED} of them were not asked for`);
  const members: Shown[] = [];
  for (const { id } of parents.slice(0, MOST_LISTED)) {
    for await (const member of arm.list(`${id}/${listed.collection}`)) {
      const shown = shownOf(member, complain);
      if (shown !== undefined) members.push(shown);
    }
  }
  return members;
}

function unreadable(kind: UseKind, complaints: readonly string[]): readonly LookProblem[] {
  const told = complaints.slice(0, MOST_COMPLAINTS).map((problem) => ({ kind, code: 'unreadable', problem }));
  const more = complaints.length - told.length;
  return more > 0 ? [...told, { kind, code: 'unreadable', problem: `and ${more} more` }] : told;
}
