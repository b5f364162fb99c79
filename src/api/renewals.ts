import { RenewalError } from '../errors.ts';
import type { CertificateRow } from '../estate/port.ts';
import type { JournalRecord } from '../journal/port.ts';
import { cancelRenewal } from '../renewal/cancel.ts';
import type { RenewalInstance } from '../renewal/orchestrations.ts';
import { resumeRenewal } from '../renewal/resume.ts';
import { type StartDependencies, type Started, startRenewal } from '../renewal/start.ts';
import type { TargetResult } from '../renewal/story.ts';
import { countsOf } from '../renewal/tally.ts';
import { traceIdOf } from '../trace-parent.ts';
import { linksOf, type RenewalView, type TargetView } from './answers.ts';
import { type HealthDependencies, healthOf, lastSweep } from './health.ts';
import { callProblem, errorProblem, PROBLEM_TYPE, type ProblemDocument, refusal } from './problems.ts';
import { readRenewalId, readRenewalRequest } from './renewal-request.ts';
import type { RenewalSummary } from './summary.ts';

/** An answer, before any HTTP library has it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What every call comes with. `base` is where the caller reaches the app; `requester` who it is. */
export interface Call {
  readonly app: HealthDependencies;
  readonly base: string;
}

const POLL_SECONDS = '5';

/** `POST /api/renewals`. */
export async function postRenewal(
  call: Call,
  sent: { readonly contentType: string | null; readonly body: string; readonly requester?: string },
): Promise<Answer> {
  const read = readRenewalRequest(sent);
  if (read.state === 'wrong') return problemAnswer(read.problem);
  const { vault, certificate, force = false, comment } = read.value;
  const { requester } = sent;
  const by = { ...(requester !== undefined && { requester }), ...(comment !== undefined && { comment }) };
  const started = await startRenewal({ vault, certificate, reason: 'manual', force, ...by }, call.app);
  return startedAnswer(started, call.base);
}

function startedAnswer(started: Started, base: string): Answer {
  switch (started.state) {
    case 'started':
    case 'running': {
      const { state, renewalId: id, vault, certificate, traceId } = started;
      const links = linksOf(base, id);
      const headers = { location: links.self, 'operation-location': links.self, 'retry-after': POLL_SECONDS };
      const trace = traceId === undefined ? {} : { traceId };
      return json(202, { state, id, vault, certificate, ...trace, links }, headers);
    }
    case 'waiting': {
      const { state, outcomeReason, dueAt, detail } = started;
      return json(200, { state, outcome: 'not-needed', outcomeReason, dueAt, detail });
    }
    case 'refused': {
      const { renewalId: id, outcome, outcomeReason, detail } = started;
      const document = refusal(outcomeReason, detail, id === undefined ? undefined : linksOf(base, id).self);
      const { status, body, headers } = problemAnswer(document);
      return { status, headers, body: { ...body, outcome, outcomeReason, ...(id !== undefined && { id }) } };
    }
    default:
      return started satisfies never;
  }
}

/** `GET /api/renewals/{id}`: always 200 with how far it is, ended or not, because that is easier for whoever polls. */
export async function getRenewal(call: Call, idText: string | undefined): Promise<Answer> {
  const read = readRenewalId(idText);
  if (read.state === 'wrong') return problemAnswer(read.problem);
  const instance = await call.app.orchestrations.find(read.value);
  if (instance !== undefined) {
    const links = linksOf(call.base, read.value);
    return json(
      200,
      { ...viewOf(instance), ...(await backOffOf(instance, call.app)), links },
      instance.state === 'running' ? { 'retry-after': POLL_SECONDS } : {},
    );
  }
  const refused = refusedView(read.value, await call.app.journal.read(read.value));
  return refused === undefined
    ? problemAnswer(callProblem('renewal-unknown', 'No renewal has this id.'))
    : json(200, refused);
}

/** What the row says of the certificate's next attempt, when this renewal was its last one and has ended. */
async function backOffOf(
  { state, input }: RenewalInstance,
  { store }: StartDependencies,
): Promise<Pick<RenewalView, 'failedAttempts' | 'nextAttemptAt'>> {
  if (state === 'running') return {};
  const row = (await store.certificate(input.vault, input.certificate))?.row;
  if (row?.renewalId !== input.renewalId || row.state !== 'idle') return {};
  const { failedAttempts, nextAttemptAt } = row;
  return { failedAttempts, ...(nextAttemptAt !== undefined && { nextAttemptAt }) };
}

/** `GET /api/renewals`: the newest renewal of every certificate that was ever looked at. */
export async function listRenewals(call: Call): Promise<Answer> {
  const renewals: RenewalSummary[] = [];
  for await (const { row } of call.app.store.certificates()) renewals.push(summaryOf(row));
  return json(200, { renewals });
}

/** `POST /api/renewals/{id}/cancel`. */
export async function postCancel(call: Call, idText: string | undefined): Promise<Answer> {
  const read = readRenewalId(idText);
  if (read.state === 'wrong') return problemAnswer(read.problem);
  const cancelled = await cancelRenewal(read.value, call.app);
  switch (cancelled.state) {
    case 'accepted':
      return json(202, { state: 'accepted', id: read.value });
    case 'unknown':
      return problemAnswer(callProblem('renewal-unknown', 'No renewal has this id.'));
    case 'too-late':
      return problemAnswer(callProblem('too-late', `It cannot be cancelled: ${cancelled.detail}.`));
    default:
      return cancelled satisfies never;
  }
}

/** `POST /api/renewals/{id}/resume`. */
export async function postResume(call: Call, idText: string | undefined): Promise<Answer> {
  const read = readRenewalId(idText);
  if (read.state === 'wrong') return problemAnswer(read.problem);
  const resumed = await resumeRenewal(read.value, call.app);
  switch (resumed.state) {
    case 'unknown':
      return problemAnswer(callProblem('renewal-unknown', 'No renewal has this id.'));
    case 'not-partly-deployed':
      return problemAnswer(callProblem('not-partly-deployed', `It cannot be resumed: ${resumed.detail}.`));
    case 'superseded':
      return problemAnswer(refusal('not-current', `It cannot be resumed: ${resumed.detail}.`));
    case 'already-running':
      return problemAnswer(refusal('already-running', `It cannot be resumed: ${resumed.detail}.`));
    default:
      return startedAnswer(resumed, call.base);
  }
}

/** `GET /api/health`: 503 when something is wrong with the app as a whole. */
export async function getHealth(call: Call): Promise<Answer> {
  const health = await healthOf(call.app);
  return json(health.state === 'healthy' ? 200 : 503, health);
}

/** `GET /api/sweep`: what the last sweep found. */
export async function getSweep(call: Call): Promise<Answer> {
  const sweep = await lastSweep(call.app);
  return sweep === undefined
    ? problemAnswer(callProblem('sweep-unknown', 'No sweep has ended yet; one runs every hour.'))
    : json(200, sweep);
}

/** An error as an answer; what the caller must not see is in the log only. */
export function errorAnswer(error: unknown): Answer {
  const { problem, retryAfterSeconds } = errorProblem(error);
  return problemAnswer(problem, retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) });
}

/**
 * The answer of `GET /api/health` where the app cannot even start its work: what a person has to mend, each mistake in a
 * line. Nothing else tells it: whoever asks for health looks after the app.
 */
export function unreadyAnswer(error: unknown): Answer {
  const { status, headers, body } = errorAnswer(error);
  const problems = error instanceof RenewalError ? error.problems : undefined;
  return { status, headers, body: { ...body, ...(problems !== undefined && { problems }) } };
}

/** A renewal from its instance: the result when there is one, else what its custom status says. */
export function viewOf({ input, status, result, runtimeStatus, createdAt, updatedAt }: RenewalInstance): RenewalView {
  const { renewalId: id, vault, certificate, reason } = input;
  const traceId = traceIdOf(input.traceparent);
  const times = { startedAt: createdAt, updatedAt, ...(traceId !== undefined && { traceId }) };
  if (result !== undefined) {
    const { outcome, outcomeReason, detail, issuer, targets } = result;
    const counts = countsOf(result);
    const verified = `${counts.verified}/${counts.total}`;
    return {
      ...{ id, vault, certificate, reason, stage: 'close', outcome, outcomeReason, detail, ...times, verified },
      ...(issuer !== undefined && { issuer }),
      ...(status?.order !== undefined && { order: status.order }),
      ...(result.old && { oldSha256: result.old.sha256 }),
      ...(result.new && { newSha256: result.new.sha256 }),
      counts,
      targets: targets.map(targetViewOf),
    };
  }
  const stopped = runtimeStatus === 'Failed' || runtimeStatus === 'Terminated';
  const end = {
    outcome: 'failed',
    outcomeReason: 'step-failed',
    detail: `the orchestration is ${runtimeStatus}`,
  } as const;
  const { issuer, order, verified, wave, waitingFor, nextAttemptAt, stage = 'inspect' } = status ?? {};
  return {
    ...{ id, vault, certificate, reason, stage, ...times, targets: [], ...(stopped && end) },
    ...(issuer !== undefined && { issuer }),
    ...(order !== undefined && { order }),
    ...(verified !== undefined && { verified }),
    ...(wave !== undefined && { wave }),
    ...(waitingFor !== undefined && { waitingFor }),
    ...(nextAttemptAt !== undefined && { nextAttemptAt }),
  };
}

function targetViewOf({ id, kind, verified, servedSha256, problem, rolledBack, tookItself }: TargetResult): TargetView {
  const seen = { servedSha256, problem, rolledBack, tookItself };
  return { id, kind, verified, ...defined(seen) };
}

/** A renewal that was refused before an instance existed lives in its journal only. */
function refusedView(id: string, chain: readonly JournalRecord[]): RenewalView | undefined {
  const record = chain.findLast(({ step, kind }) => step === 'start' && kind === 'decision');
  if (record === undefined) return undefined;
  const { vault, certificate, reason, outcome, outcomeReason, detail, traceId } =
    record.facts as unknown as RenewalView;
  const times = { startedAt: record.at, updatedAt: record.at, ...(traceId !== undefined && { traceId }) };
  return { id, vault, certificate, reason, stage: 'decide', outcome, outcomeReason, detail, targets: [], ...times };
}

function summaryOf(row: CertificateRow): RenewalSummary {
  const { vault, name: certificate, state, owner, plan } = row;
  const optional = {
    id: row.renewalId,
    reason: row.startReason,
    outcome: row.state === 'idle' ? row.lastOutcome : undefined,
    outcomeReason: row.state === 'idle' ? row.lastReason : undefined,
    dueAt: row.dueAt,
    notAfter: row.notAfter,
    window: windowOf(row),
    startedAt: row.lastAttemptAt,
    nextAttemptAt: row.nextAttemptAt,
    queuedAt: row.queuedAt,
    expectedBy: row.expectedBy,
  };
  const { failedAttempts } = row;
  return { vault, certificate, state, owner, plan, failedAttempts, ...defined(optional) };
}

/** What the CA of the current version wishes; of an earlier one it is no longer of use. */
function windowOf({ windowOf, windowStart: start, windowEnd: end, windowPage: page, expectedVersion }: CertificateRow) {
  if (start === undefined || end === undefined || windowOf !== expectedVersion) return undefined;
  return { start, end, ...(page !== undefined && { page }) };
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body, headers: { 'content-type': 'application/json', ...headers } };
}

function problemAnswer(document: ProblemDocument, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: document.status, body: document, headers: { 'content-type': PROBLEM_TYPE, ...headers } };
}
