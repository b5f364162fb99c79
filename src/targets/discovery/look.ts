import type { Arm } from '../../azure/arm.ts';
import { armStatusOf } from '../../azure/arm-error.ts';
import type { Clock } from '../../clock.ts';
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
  readonly clock: Clock;
}

/** All members of one kind: the sweep's function has half an hour for everything, and what is late is told. */
const MOST_MILLISECONDS = 300_000;
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
    const { members, failures } = await listUnder(look, rows, { ...ask, complain });
    const found = look.read({ ...rows, listed: members }, complain);
    const refused = failures.map((failure) => problemOf(look.kind, failure));
    return { found, problems: [...refused, ...unreadable(look.kind, complaints)] };
  } catch (error) {
    if (!isOfArm(error)) throw error;
    return { found: [], problems: [problemOf(look.kind, error), ...unreadable(look.kind, complaints)] };
  }
}

interface Listed {
  readonly members: readonly Shown[];
  /** The first of each subscription. */
  readonly failures: readonly RenewalError[];
}

/**
 * One call after the other, which keeps far below the reads that Resource Manager lets through. A subscription that refuses
 * one is not asked again; a resource that is gone by now has no members.
 */
async function listUnder(
  { listed }: KindLook,
  rows: Readonly<Record<string, readonly Shown[]>>,
  { arm, clock, complain }: LookDependencies & { readonly complain: (problem: string) => void },
): Promise<Listed> {
  const members: Shown[] = [];
  const failures = new Map<string, RenewalError>();
  if (listed === undefined) return { members, failures: [] };
  const parents = rows[listed.under] ?? [];
  const until = clock.now().getTime() + MOST_MILLISECONDS;
  let asked = 0;
  for (const { id } of parents.slice(0, listed.most)) {
    if (clock.now().getTime() >= until) break;
    asked += 1;
    const subscription = id.toLowerCase().split('/')[2] ?? '';
    if (failures.has(subscription)) continue;
    try {
      for await (const member of arm.list(`${id}/${listed.collection}`)) {
        const shown = shownOf(member, complain);
        if (shown !== undefined) members.push(shown);
      }
    } catch (error) {
      if (!isOfArm(error)) throw error;
      if (armStatusOf(error).status !== 404) failures.set(subscription, error);
    }
  }
  if (asked < parents.length) complain(`${parents.length - asked} of them were not asked for`);
  return { members, failures: [...failures.values()] };
}

function isOfArm(error: unknown): error is RenewalError {
  return error instanceof RenewalError && error.code.startsWith('arm-');
}

/** The right that is missing stands at the end of what Resource Manager says. */
const PROBLEM_CHARACTERS = 600;

function problemOf(kind: UseKind, { code, message }: RenewalError): LookProblem {
  return { kind, code, problem: message.slice(0, PROBLEM_CHARACTERS) };
}

function unreadable(kind: UseKind, complaints: readonly string[]): readonly LookProblem[] {
  const told = complaints.slice(0, MOST_COMPLAINTS).map((problem) => ({ kind, code: 'unreadable', problem }));
  const more = complaints.length - told.length;
  return more > 0 ? [...told, { kind, code: 'unreadable', problem: `and ${more} more` }] : told;
}
