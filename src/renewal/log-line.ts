import type { CertificateRow, EstateStore } from '../estate/port.ts';
import type { StepAnswer, StepCall, StepInput, StepName } from './story.ts';
import type { Taken } from './take-event.ts';

/** What alerts and the workbook read: one JSON object a line, whose `message` comes first, because queries look for it there. */
export interface LogLine {
  readonly message: 'event taken' | 'step ended' | 'renewal closed' | 'estate rows';
  readonly [field: string]: unknown;
}

/** What became of an event, and of which certificate it spoke: words of others, which are cut and believed by nobody. */
export function eventLine(event: unknown, taken: Taken): LogLine {
  const fields = (typeof event === 'object' && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  const vault = text(fields.topic ?? fields.source)
    .split('/')
    .at(-1);
  return { message: 'event taken', vault, certificate: text(fields.subject), ...taken };
}

/** How one run of a step ended: ids, the end and its reason, no bodies. The step that closes a renewal tells of the whole. */
export function stepLine(step: StepName, input: StepCall, answer: StepAnswer<unknown>): LogLine {
  const { renewalId, vault, certificate, attempt } = input;
  const { target } = input as Partial<StepInput<'deploy'>>;
  const about = { renewalId, vault, certificate, attempt, step, ...(target && { target: target.id }) };
  const closing = step === 'close' && answer.state === 'done';
  if (closing) return { message: 'renewal closed', ...about, ...wholeOf(input as StepInput<'close'>) };
  const verified = step === 'targetClosed' ? { verified: (input as StepInput<'targetClosed'>).result.verified } : {};
  return { message: 'step ended', ...about, ...verified, ...endOf(answer) };
}

function wholeOf({ result }: StepInput<'close'>) {
  const { outcome, outcomeReason: reason, detail, targets } = result;
  const verified = targets.filter((target) => target.verified).length;
  return { outcome, reason, detail, verified, targets: targets.length, notAfter: result.new?.notAfter };
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

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 300) : '';
}
