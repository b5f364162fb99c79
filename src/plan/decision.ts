import { RenewalError } from '../errors.ts';
import type { CertificateRow } from '../estate/port.ts';
import type { Outcome, Reason } from '../renewal/outcomes.ts';
import type { Inspection, VersionFacts } from '../vault/port.ts';
import { dueAt, grownUpAt, wishedAt } from './due.ts';
import type { Plan } from './types.ts';

/** Why somebody or something asks for a renewal; `window-opened` is what the decision makes of it. */
export const startReasons = [
  ...(['near-expiry-event', 'expired-event', 'new-version-event', 'sweep', 'manual'] as const),
  'window-opened',
] as const;
export type StartReason = (typeof startReasons)[number] & Reason;

export interface DecisionRequest {
  readonly reason: StartReason;
  /** Renew although it is not due, too young or backing off. Only a person may say so. */
  readonly force: boolean;
  /** The version that an event or a window is about; absent when nobody named one. */
  readonly version?: string | undefined;
  /** Only what is current is to be deployed again, at once. Only a person may say so. */
  readonly resumes?: boolean | undefined;
  /** Set when a renewal decides again inside itself: its own claim does not stand in its way. */
  readonly renewalId?: string | undefined;
}

/** Everything the decision looks at, gathered before. */
export interface DecisionInput {
  readonly now: Date;
  readonly request: DecisionRequest;
  readonly plan: Plan;
  readonly facts: Inspection;
  readonly row: CertificateRow | undefined;
  /** Whether the CSR that is pending in the vault is one of our orders; `undefined` counts as "not known to be ours". */
  readonly pendingIsOurs: boolean | undefined;
}

/** `detail` is one sentence for people. Times are ISO 8601. */
export type Decision =
  | {
      readonly action: 'renew';
      readonly reason: StartReason;
      readonly dueAt: string;
      /**
       * `deploy`: the current version is good and was not seen served everywhere; it is deployed again. `adopt`: the vault has
       * made it by itself; it is judged, and then deployed.
       */
      readonly scope: Scope;
    }
  | {
      readonly action: 'wait';
      readonly reason: WaitReason;
      /** The renewal point of the current version: what the row remembers. */
      readonly dueAt: string;
      /** Before this moment the same question has the same answer; absent when it hangs on something else than time. */
      readonly waitUntil?: string;
      readonly detail: string;
    }
  | {
      readonly action: 'refuse';
      readonly outcome: Outcome & ('refused' | 'not-needed' | 'needs-person');
      readonly reason: RefuseReason;
      readonly detail: string;
    };

/** How much of a renewal is to be done. */
export type Scope = 'whole' | 'deploy' | 'adopt';

export type WaitReason = Reason & ('not-due' | 'too-young' | 'backing-off' | 'already-running' | 'new-version-event');
export type RefuseReason = Reason &
  ('gone' | 'soft-deleted' | 'no-version' | 'disabled' | 'not-current' | 'foreign-pending');

/**
 * Whether this certificate is to be renewed now. Pure: it runs in start, before any instance exists, and once more inside
 * the renewal, for races.
 */
export function decide(input: DecisionInput): Decision {
  const unusable = nothingToRenew(input.facts);
  if (unusable !== undefined) return unusable;
  const view = viewOf(input);
  for (const check of checks) {
    const end = check(view);
    if (end !== undefined) return end;
  }
  return renew(view, 'whole');
}

interface View extends DecisionInput {
  readonly current: VersionFacts;
  readonly notAfter: Date;
  readonly grownUp: Date;
  /** The earlier of the plan's renewal point and the CA's wish. */
  readonly due: Date;
  /** It is due by the CA's wish, and not yet by the plan. */
  readonly isWished: boolean;
}

type Check = (view: View) => Decision | undefined;

/** The first check that answers decides; when none does, the certificate is renewed. */
const checks: readonly Check[] = [
  newVersionStartsNothing, // a new version refreshes the row, whatever else holds
  eventIsAboutAnOlderVersion, // a late event is no reason to replace its successor
  currentVersionIsDisabled, // somebody switched it off: a new version would switch it on again
  renewalIsRunning, // one renewal a certificate, forced or not
  lastAttemptIsTooRecent, // failures are not repeated faster than the back-off allows
  currentVersionWasFound, // what the vault has made by itself is judged before anything new is asked for
  currentVersionIsNotServed, // merged is not served: it is deployed again before anything new is asked for
  versionIsTooYoung, // a wrong plan or clock must not make a renewal loop
  renewalPointIsAhead, // not due yet
  somebodyElsesRequestIsPending, // looked at last: while nothing is due, it is nobody's problem
];

function nothingToRenew(facts: Inspection): Decision | undefined {
  if (facts.state === 'absent') {
    return facts.softDeleted
      ? refuse('needs-person', 'soft-deleted', 'A soft-deleted certificate holds the name; recover or purge it.')
      : refuse('not-needed', 'gone', 'The vault holds no certificate of that name.');
  }
  if (facts.current !== undefined) return undefined;
  return refuse('refused', 'no-version', 'The certificate has no finished version that could be renewed.');
}

function newVersionStartsNothing({ request, due }: View): Decision | undefined {
  if (request.reason !== 'new-version-event') return undefined;
  return wait('new-version-event', { dueAt: due, detail: 'A new version exists; nothing is started for it.' });
}

function eventIsAboutAnOlderVersion({ request, current }: View): Decision | undefined {
  if (request.version === undefined || same(request.version, current.version)) return undefined;
  const what = request.resumes ? 'renewal' : request.reason === 'window-opened' ? 'window' : 'event';
  const detail = `The ${what} is about version ${request.version}, the current one is ${current.version}.`;
  return refuse('not-needed', 'not-current', detail);
}

function currentVersionIsDisabled({ current }: View): Decision | undefined {
  if (current.enabled) return undefined;
  return refuse('not-needed', 'disabled', `The current version ${current.version} is disabled.`);
}

function renewalIsRunning({ row, request, due }: View): Decision | undefined {
  if (row?.state !== 'renewing' || isOwnClaim(row, request)) return undefined;
  return wait('already-running', { dueAt: due, detail: `Renewal ${row.renewalId ?? '(starting)'} is running.` });
}

function lastAttemptIsTooRecent({ row, request, now, due }: View): Decision | undefined {
  if (request.force || request.resumes || row?.nextAttemptAt === undefined || isOwnClaim(row, request))
    return undefined;
  const next = dateOf(row.nextAttemptAt, 'nextAttemptAt');
  if (now >= next) return undefined;
  const detail = `${row.failedAttempts} failed; the next attempt may start at ${next.toISOString()}.`;
  return wait('backing-off', { dueAt: due, waitUntil: next, detail });
}

function currentVersionWasFound(view: View): Decision | undefined {
  const { row, request, current, now, due, notAfter } = view;
  if (request.force || row?.found !== current.version || now >= due || now >= notAfter) return undefined;
  return renew(view, 'adopt');
}

function currentVersionIsNotServed(view: View): Decision | undefined {
  const { row, request, current, now, due, notAfter } = view;
  if (request.force || row?.undeployed !== current.version || now >= notAfter) return undefined;
  return now >= due && !request.resumes ? undefined : renew(view, 'deploy');
}

function versionIsTooYoung({ request, now, notAfter, grownUp, due, isWished }: View): Decision | undefined {
  // A CA that revokes does so at any age; it has an age of its own, in `wishedAt`.
  if (request.force || now >= notAfter || now >= grownUp || isWished) return undefined;
  const detail = `The version is in the first quarter of its life, until ${grownUp.toISOString()}.`;
  return wait('too-young', { dueAt: due, waitUntil: due, detail });
}

function renewalPointIsAhead({ request, now, notAfter, due }: View): Decision | undefined {
  if (request.force || now >= notAfter || now >= due) return undefined;
  return wait('not-due', { dueAt: due, waitUntil: due, detail: `The renewal is due at ${due.toISOString()}.` });
}

function somebodyElsesRequestIsPending({ facts, pendingIsOurs }: View): Decision | undefined {
  if (facts.state !== 'present' || facts.pending?.status !== 'inProgress' || pendingIsOurs === true) return undefined;
  const detail = `Request ${facts.pending.requestId} is pending in the vault and is not ours; finish or delete it there.`;
  return refuse('refused', 'foreign-pending', detail);
}

function renew({ request, due, isWished }: View, scope: Scope): Decision {
  const reason = isWished && !request.force && scope === 'whole' ? 'window-opened' : request.reason;
  return { action: 'renew', reason, dueAt: due.toISOString(), scope };
}

function viewOf(input: DecisionInput): View {
  const current = input.facts.state === 'present' ? input.facts.current : undefined;
  if (current === undefined) throw new RenewalError('bug', 'decision: no current version after the check for one');
  const notBefore = dateOf(current.notBefore, 'notBefore');
  const notAfter = dateOf(current.notAfter, 'notAfter');
  const planned = dueAt(notBefore, notAfter, input.plan);
  const wished = wishOf(input, { sha256: current.sha256, version: current.version, notBefore, notAfter });
  const due = wished !== undefined && wished < planned ? wished : planned;
  const isWished = input.now >= due && input.now < planned;
  return { ...input, current, notAfter, grownUp: grownUpAt(notBefore, notAfter), due, isWished };
}

/** When the CA wishes the version to be replaced. A renewal that was started for that wish finds its moment come. */
function wishOf(
  { request, row, now }: DecisionInput,
  current: Parameters<typeof wishedAt>[1] & { readonly version: string },
): Date | undefined {
  if (request.reason === 'window-opened') return now;
  if (row?.windowStart === undefined || row.windowEnd === undefined) return undefined;
  if (row.windowOf === undefined || !same(row.windowOf, current.version)) return undefined;
  return wishedAt({ start: row.windowStart, end: row.windowEnd }, current);
}

function isOwnClaim(row: CertificateRow, request: DecisionRequest): boolean {
  return request.renewalId !== undefined && row.renewalId === request.renewalId;
}

/** Versions are hexadecimal: the same one may come in either case. */
function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** An unreadable date must never read as "due". */
function dateOf(text: string, field: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new RenewalError('bug', `decision: ${field} is no date: ${text}`);
  return date;
}

function refuse(outcome: 'refused' | 'not-needed' | 'needs-person', reason: RefuseReason, detail: string): Decision {
  return { action: 'refuse', outcome, reason, detail };
}

function wait(reason: WaitReason, at: { dueAt: Date; waitUntil?: Date; detail: string }): Decision {
  const until = at.waitUntil === undefined ? {} : { waitUntil: at.waitUntil.toISOString() };
  return { action: 'wait', reason, dueAt: at.dueAt.toISOString(), ...until, detail: at.detail };
}
