import type { StandClock } from '../clock.ts';

/** A value on its way into or out of a function: exactly one member is set (functions-host.md 1.5). */
export interface TypedData {
  readonly string?: string;
  readonly json?: string;
  readonly bytes?: Uint8Array;
  readonly int?: number;
  readonly double?: number;
  readonly http?: unknown;
}

export interface Binding {
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly name: string;
  readonly [option: string]: unknown;
}

/** A function as the app registered it. */
export interface FunctionInfo {
  readonly name: string;
  /** The binding whose type ends in `Trigger`. */
  readonly trigger: Binding;
  readonly bindings: readonly Binding[];
}

export interface Invocation {
  readonly functionName: string;
  /** By binding name. */
  readonly inputs: Readonly<Record<string, TypedData>>;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  /** The header of the request that led to the call. */
  readonly traceparent?: string;
}

/** How a call of a function ended. `lost`: the worker died meanwhile, so that nobody knows. */
export type InvocationResult =
  | {
      readonly state: 'succeeded';
      readonly returnValue?: TypedData;
      readonly outputs: Readonly<Record<string, TypedData>>;
    }
  | { readonly state: 'failed'; readonly message: string; readonly stack?: string }
  | { readonly state: 'lost' };

/** The app, loaded: in a child process or in this one. A lost child is started again by itself. */
export interface Worker {
  readonly functions: readonly FunctionInfo[];
  /** Process id of the child; absent in process. */
  readonly pid?: number;
  invoke(invocation: Invocation): Promise<InvocationResult>;
  stop(): Promise<void>;
}

export type RuntimeStatus =
  | 'Pending'
  | 'Running'
  | 'Completed'
  | 'ContinuedAsNew'
  | 'Failed'
  | 'Canceled'
  | 'Terminated'
  | 'Suspended';

export interface InstanceStatus {
  readonly instanceId: string;
  readonly name: string;
  readonly version?: string;
  readonly parentInstanceId?: string;
  readonly runtimeStatus: RuntimeStatus;
  /** JSON values. */
  readonly input: unknown;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
}

/** An event of an orchestration's history, in the wire form of functions-host.md 2.2. */
export interface HistoryEvent {
  readonly EventType: number;
  readonly EventId: number;
  readonly IsPlayed: boolean;
  readonly Timestamp: string;
  readonly [field: string]: unknown;
}

export interface InstanceFilter {
  readonly createdTimeFrom?: Date;
  readonly createdTimeTo?: Date;
  readonly runtimeStatus?: readonly RuntimeStatus[];
  readonly instanceIdPrefix?: string;
  readonly top?: number;
  readonly continuationToken?: string;
}

export interface StartRequest {
  readonly name: string;
  /** JSON text. */
  readonly input?: string;
  readonly instanceId?: string;
  readonly version?: string;
}

/** What the durable client's RPC API and the management API are made of. */
export interface TaskHub {
  /** `conflict`: an instance of that id is not finished yet. */
  start(
    request: StartRequest,
  ): Promise<{ state: 'started'; instanceId: string } | { state: 'conflict' } | { state: 'unknown-function' }>;
  status(instanceId: string): Promise<InstanceStatus | undefined>;
  history(instanceId: string): Promise<readonly HistoryEvent[] | undefined>;
  list(filter: InstanceFilter): Promise<{ instances: readonly InstanceStatus[]; continuationToken?: string }>;
  raiseEvent(instanceId: string, name: string, input: string): Promise<'accepted' | 'finished' | 'unknown'>;
  terminate(instanceId: string, reason: string): Promise<'accepted' | 'finished' | 'unknown'>;
  suspend(instanceId: string, reason: string): Promise<'accepted' | 'finished' | 'unknown'>;
  resume(instanceId: string, reason: string): Promise<'accepted' | 'finished' | 'unknown'>;
  rewind(instanceId: string, reason: string): Promise<'accepted' | 'not-failed' | 'unknown'>;
  restart(
    instanceId: string,
    withNewId: boolean,
  ): Promise<{ state: 'started'; instanceId: string } | { state: 'conflict' | 'unknown' }>;
  purge(instanceId: string): Promise<'purged' | 'running' | 'unknown'>;
  purgeMany(filter: InstanceFilter): Promise<number>;
  /** Resolves when nothing runs and nothing waits but durable timers and external events. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** `extensions.durableTask` of host.json, as far as it matters here. */
export interface DurableOptions {
  readonly hubName: string;
  readonly defaultVersion?: string;
  readonly versionMatchStrategy: 'None' | 'Strict' | 'CurrentOrOlder';
  readonly versionFailureStrategy: 'Reject' | 'Fail';
  readonly overridableExistingInstanceStates: 'NonRunningStates' | 'AnyState';
  readonly maxConcurrentActivityFunctions: number;
  readonly maxConcurrentOrchestratorFunctions: number;
}

export interface TaskHubOptions {
  readonly worker: Worker;
  readonly clock: StandClock;
  readonly durable: DurableOptions;
  /** Folder of the durable store; absent: memory. */
  readonly directory?: string;
  readonly log: (level: 'information' | 'warning' | 'error', message: string) => void;
}
