import type { InvocationResult, TypedData } from '../types.ts';

export interface RetryOptions {
  readonly firstIntervalMs: number;
  readonly attempts: number;
  readonly backoff: number;
  readonly longestIntervalMs: number;
}

/** Something an orchestrator asked for. The list holds everything since the start of the execution. */
export type Action =
  | { readonly kind: 'activity'; readonly name: string; readonly input: unknown; readonly retry?: RetryOptions }
  | {
      readonly kind: 'sub-orchestration';
      readonly name: string;
      readonly input: unknown;
      readonly instanceId?: string;
      readonly version?: string;
      readonly retry?: RetryOptions;
    }
  | { readonly kind: 'timer'; readonly fireAt: Date; readonly cancelled: boolean }
  | { readonly kind: 'event'; readonly name: string }
  | { readonly kind: 'any' | 'all'; readonly actions: readonly Action[] }
  | { readonly kind: 'continue-as-new'; readonly input: unknown }
  | { readonly kind: 'refused'; readonly reason: string };

/** What an orchestrator answered in one episode. */
export interface Answer {
  readonly actions: readonly Action[];
  readonly done: boolean;
  readonly output: unknown;
  /** The orchestrator threw. */
  readonly error?: string;
  readonly failureDetails?: unknown;
  /** Absent: the former one stays. */
  readonly customStatus?: unknown;
}

export type ParsedAnswer =
  | { readonly state: 'answered'; readonly answer: Answer }
  | { state: 'broken'; reason: string };

const OUT_OF_PROCESS_MARK = '$OutOfProcData$:';

/** The extension's default for `maxRetryIntervalInMilliseconds`: its longest single timer. */
const LONGEST_RETRY_MS = 6 * 24 * 3_600_000;

type Fields = Readonly<Record<string, unknown>>;

/** Reads what the worker gave back for an orchestrator; a thrown failure carries the same object behind a mark. */
export function parseAnswer(result: Exclude<InvocationResult, { state: 'lost' }>): ParsedAnswer {
  if (result.state === 'succeeded') return parseState(typedValue(result.returnValue));
  const mark = result.message.indexOf(OUT_OF_PROCESS_MARK);
  if (mark < 0) return { state: 'broken', reason: result.message };
  return withError(parseState(parseMarked(result.message.slice(mark + OUT_OF_PROCESS_MARK.length))));
}

/** The library leaves an empty message out; the orchestrator has thrown all the same. */
function withError(parsed: ParsedAnswer): ParsedAnswer {
  if (parsed.state === 'broken' || parsed.answer.error !== undefined) return parsed;
  return { state: 'answered', answer: { ...parsed.answer, error: 'an error without a message was thrown' } };
}

/** A value as the Functions host hands it on: text stays text, JSON is parsed. */
export function typedValue(value: TypedData | undefined): unknown {
  if (value === undefined) return null;
  if (value.string !== undefined) return value.string;
  if (value.json !== undefined) return parseJson(value.json);
  if (value.bytes !== undefined) return Buffer.from(value.bytes).toString('base64');
  return value.int ?? value.double ?? null;
}

/** Azure's host puts the stack behind the message, so that the object may be followed by it. */
function parseMarked(text: string): unknown {
  const stack = text.indexOf('\nStack:');
  return parseJson(text) ?? (stack < 0 ? undefined : parseJson(text.slice(0, stack)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseState(value: unknown): ParsedAnswer {
  const state = fields(value);
  const lists = state?.actions;
  if (state === undefined || !Array.isArray(lists)) {
    return { state: 'broken', reason: 'Out of proc orchestrators must return a valid JSON schema' };
  }
  if (lists.length !== 1 || !Array.isArray(lists[0])) {
    return { state: 'broken', reason: `expected actions to be one list, but got ${lists.length} of them` };
  }
  const answer: Answer = {
    actions: lists[0].map(parseAction),
    done: state.isDone === true,
    output: state.output ?? null,
    ...(typeof state.error === 'string' && state.error !== '' && { error: state.error }),
    ...(state.failureDetails !== undefined && { failureDetails: state.failureDetails }),
    ...(state.customStatus !== undefined && state.customStatus !== null && { customStatus: state.customStatus }),
  };
  return { state: 'answered', answer };
}

function parseAction(value: unknown): Action {
  const action = fields(value) ?? {};
  const refusal = retryRefusal(action);
  if (refusal !== undefined) return { kind: 'refused', reason: refusal };
  switch (action.actionType) {
    case 0:
    case 1:
      return { kind: 'activity', name: text(action.functionName), input: action.input ?? null, ...parseRetry(action) };
    case 2:
    case 3:
      return parseSubOrchestration(action);
    case 4:
      return { kind: 'continue-as-new', input: action.input ?? null };
    case 5:
      return { kind: 'timer', fireAt: new Date(text(action.fireAt)), cancelled: action.isCanceled === true };
    case 6:
      return { kind: 'event', name: text(action.externalEventName) };
    case 11:
      return { kind: 'any', actions: list(action.compoundActions) };
    case 12:
      return { kind: 'all', actions: list(action.compoundActions) };
    default:
      return { kind: 'refused', reason: refusalOf(action.actionType) };
  }
}

function parseSubOrchestration(action: Fields): Action {
  return {
    kind: 'sub-orchestration',
    name: text(action.functionName),
    input: action.input ?? null,
    ...(text(action.instanceId) !== '' && { instanceId: text(action.instanceId) }),
    ...(text(action.version) !== '' && { version: text(action.version) }),
    ...parseRetry(action),
  };
}

function parseRetry(action: Fields): { retry?: RetryOptions } {
  const options = fields(action.retryOptions);
  if (options === undefined) return {};
  return {
    retry: {
      firstIntervalMs: number(options.firstRetryIntervalInMilliseconds, 0),
      attempts: number(options.maxNumberOfAttempts, 0),
      backoff: number(options.backoffCoefficient, 1),
      longestIntervalMs: number(options.maxRetryIntervalInMilliseconds, LONGEST_RETRY_MS),
    },
  };
}

/** Retry options that Azure refuses, or that hang there. */
function retryRefusal(action: Fields): string | undefined {
  const options = fields(action.retryOptions);
  if (options === undefined) return undefined;
  if (options.retryTimeoutInMilliseconds !== undefined) {
    return 'retryTimeoutInMilliseconds: on Azure the orchestration hangs when that time is over';
  }
  return number(options.maxNumberOfAttempts, 0) < 1 ? 'maxNumberOfAttempts must be at least 1' : undefined;
}

function refusalOf(actionType: unknown): string {
  const names: Record<string, string> = {
    7: 'callEntity',
    8: 'callHttp',
    9: 'signalEntity',
    10: 'signalEntity at a time',
    13: 'lock',
    14: 'release of a lock',
  };
  const name = names[String(actionType)];
  if (name === undefined) return `an action of the unknown type ${String(actionType)}`;
  return `${name}: this local host runs no entities and no durable HTTP calls`;
}

function list(value: unknown): readonly Action[] {
  return Array.isArray(value) ? value.map(parseAction) : [];
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown, missing: number): number {
  return typeof value === 'number' ? value : missing;
}
