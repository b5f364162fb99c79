import type { FunctionInfo, Invocation, InvocationResult } from '../types.ts';

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** A line that the app or the worker wrote. */
export interface WorkerLogLine {
  readonly level: LogLevel;
  /** `user`: the app's `context.log`; `system`: the libraries; `stdout`, `stderr`: the process's own streams. */
  readonly category: string;
  readonly message: string;
  readonly functionName?: string;
  readonly invocationId?: string;
}

export type WorkerLog = (line: WorkerLogLine) => void;

/** From the host to the child. `now` is there when the host's clock is not the system's. */
export type ToChild =
  | { readonly kind: 'load'; readonly appDirectory: string; readonly now?: number }
  | { readonly kind: 'invoke'; readonly id: number; readonly invocation: Invocation; readonly now?: number }
  | { readonly kind: 'stop' };

/** From the child to the host. */
export type FromChild =
  | { readonly kind: 'loaded'; readonly functions: readonly FunctionInfo[] }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'log'; readonly line: WorkerLogLine }
  | { readonly kind: 'result'; readonly id: number; readonly result: InvocationResult };
