import type { CertificateRow, EstateStore } from '../estate/port.ts';
import { traceIdOf } from '../trace-parent.ts';
import type { LogLine } from './log-fields.ts';
import type { StepAnswer, StepCall, StepInput, StepName, StepOutput } from './story.ts';
import type { SweepReport } from './sweep.ts';
import type { Taken } from './take-event.ts';
import { countsOf } from './tally.ts';
import type { WatchReport } from './watchdog.ts';

/** What became of an event, and of which certificate it spoke: words of others, which are cut and believed by nobody. */
export function eventLine(event: unknown, taken: Taken, traceparent?: string): LogLine {
  const fields = (typeof event === 'object' && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  const vault = text(fields.topic ?? fields.source)
    .split('/')
    .at(-1);
  const reason = 'outcomeReason' in taken ? { reason: taken.outcomeReason } : {};
  // A renewal that ran already has a trace of its own: `renewalId` leads to it.
  const trace = traceparent === undefined ? {} : { traceId: traceIdOf(traceparent) };
  return { message: 'event taken', vault, certificate: text(fields.subject), ...taken, ...reason, ...trace };
}

/** How one run of a step ended: ids, the end and its reason, no bodies. The step that closes a renewal tells of the whole. */
export function stepLine(step: StepName, input: StepCall, answer: StepAnswer<unknown>): LogLine {
  const { renewalId, vault, certificate, attempt, traceparent } = input;
  const { target } = input as Partial<StepInput<'deploy'>>;
  const about = {
    renewalId,
    traceId: traceIdOf(traceparent),
    vault,
    certificate,
    attempt,
    step,
    ...(target && { target: target.id }),
  };
  const closing = step === 'close' && answer.state === 'done';
  if (closing) {
    const { seconds } = answer.value as StepOutput<'close'>;
    return { message: 'renewal closed', ...about, ...wholeOf(input as StepInput<'close'>), seconds };
  }
  const verified = step === 'targetClosed' ? { verified: (input as StepInput<'targetClosed'>).result.verified } : {};
  return { message: 'step ended', ...about, ...verified, ...endOf(answer) };
}

/** Of a renewal that could not move every target back, once it is closed; of all else nothing. */
export function rollBackLines(step: StepName, input: StepCall, answer: StepAnswer<unknown>): readonly LogLine[] {
  if (step !== 'close' || answer.state !== 'done') return [];
  if ((answer.value as StepOutput<'close'>).seconds === undefined) return [];
  const { renewalId, vault, certificate, traceparent, result } = input as StepInput<'close'>;
  if (result.outcomeReason !== 'roll-back-failed') return [];
  const { detail, verified, targets } = wholeOf(input as StepInput<'close'>);
  const traceId = traceIdOf(traceparent);
  return [{ message: 'roll back failed', renewalId, traceId, vault, certificate, detail, verified, targets }];
}

/** The end of a renewal that was closed from its records: its own last step, which would have told of it, never ran. */
export function closedRowLine(row: CertificateRow): LogLine {
  const { renewalId, traceparent, vault, name: certificate, lastOutcome: outcome, lastReason: reason } = row;
  const traceId = traceIdOf(traceparent);
  const detail = 'Closed from its row, order and journal: its orchestration did not get to its last step.';
  return { message: 'renewal closed', renewalId, traceId, vault, certificate, outcome, reason, detail };
}

function wholeOf({ result }: StepInput<'close'>) {
  const { outcome, outcomeReason: reason, detail } = result;
  const { verified, total: targets } = countsOf(result);
  return { outcome, reason, detail, verified, targets, notAfter: result.new?.notAfter };
}

function endOf(answer: StepAnswer<unknown>) {
  switch (answer.state) {
    case 'done':
      return { state: answer.state };
    case 'again':
      return { state: answer.state, code: answer.code, detail: answer.detail };
    case 'ended':
      return { state: answer.state, outcome: answer.outcome, reason: answer.outcomeReason, detail: answer.detail };
    default:
      return answer satisfies never;
  }
}

/** Rows in a line: some 10 KB, a third of what Application Insights takes for a message. */
const ROWS = 40;

/** The estate's rows, for the workbook: what is due when, and how the last renewal ended. */
export async function* estateLines(store: Pick<EstateStore, 'certificates'>): AsyncIterable<LogLine> {
  let rows: unknown[] = [];
  for await (const { row } of store.certificates()) {
    rows.push(shortOf(row));
    if (rows.length === ROWS) yield { message: 'estate rows', rows };
    if (rows.length === ROWS) rows = [];
  }
  if (rows.length > 0) yield { message: 'estate rows', rows };
}

function shortOf({ vault, name: certificate, plan, state, dueAt, notAfter, lastOutcome, lastReason }: CertificateRow) {
  return { vault, certificate, plan, state, dueAt, notAfter, lastOutcome, lastReason };
}

/** Entries of a list in a line: with the longest names there are, all lists together fit into a message. */
const LISTED = 15;

/** What a sweep or the watchdog found. Of a broken estate the lists are long: the line says how long, and names the first. */
export function reportLine(message: 'sweep done', report: SweepReport): LogLine;
export function reportLine(message: 'watchdog acted', report: WatchReport): LogLine;
export function reportLine(message: 'sweep done' | 'watchdog acted', report: SweepReport | WatchReport): LogLine {
  const lists = Object.entries(report).filter((entry): entry is [string, readonly unknown[]] =>
    Array.isArray(entry[1]),
  );
  const counts = Object.fromEntries(lists.map(([name, list]) => [name, list.length]));
  const first = Object.fromEntries(lists.map(([name, list]) => [name, list.slice(0, LISTED).map(short)]));
  return { message, ...report, ...first, counts };
}

function short(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null) return entry;
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, text(value)]));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 300) : '';
}
