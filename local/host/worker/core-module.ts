import Module from 'node:module';
import { HostError } from '../host-error.ts';
import type { LogLevel } from './protocol.ts';

export type Callback = (...args: unknown[]) => unknown;
export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';

export interface FunctionMetadata {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, { readonly type: string; readonly direction: string }>>;
}

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata;
  readonly callback: Callback;
}

/** What `@azure/functions` hands over so that the worker can call functions its way. */
export interface ProgrammingModel {
  readonly name: string;
  getInvocationModel(call: object): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: Callback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<RpcResponse>;
}

export interface RpcResponse {
  readonly outputData?: readonly { readonly name: string; readonly data: unknown }[];
  readonly returnValue?: unknown;
}

/** The registrations of one app. */
export interface Registry {
  readonly functions: Map<string, RegisteredFunction>;
  readonly hooks: Record<HookName, Callback[]>;
  /** True until the app has started: registrations come in. */
  open: boolean;
  readonly log: (level: LogLevel, category: string, message: string) => void;
}

export function createRegistry(log: Registry['log']): Registry {
  return {
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [], log: [] },
    open: true,
    log,
  };
}

const MODULE_NAME = '@azure/functions-core';
const FUNCTION_NAME = /^[a-z][a-z0-9_-]{0,127}$/i;

let registry: Registry | undefined;
let model: ProgrammingModel | undefined;
let installed = false;

/**
 * Makes `require('@azure/functions-core')` answer, and lets registrations go to `target`. The library keeps the first
 * answer for the life of the process, so that there is one module for all apps that come one after the other.
 */
export function installCoreModule(target: Registry): void {
  registry = target;
  if (installed) return;
  installed = true;
  const original = Module.prototype.require;
  Module.prototype.require = function require(this: NodeJS.Module, id: string): unknown {
    return id === MODULE_NAME ? coreModule : original.call(this, id);
  };
}

export function programmingModel(): ProgrammingModel {
  if (model === undefined) throw new HostError('The app registered no function through @azure/functions.');
  return model;
}

class Disposable {
  readonly #undo: () => void;

  constructor(undo: () => void) {
    this.#undo = undo;
  }

  dispose(): void {
    this.#undo();
  }
}

const coreModule = {
  version: '3.10.0',
  hostVersion: '4.1037.0',
  Disposable,
  registerFunction,
  registerHook,
  setProgrammingModel: (next: ProgrammingModel): void => {
    model = next;
  },
  getProgrammingModel: (): ProgrammingModel | undefined => model,
  log: (level: LogLevel, category: string, message: string): void => current().log(level, category, message),
};

function registerFunction(metadata: FunctionMetadata, callback: Callback): Disposable {
  const { functions, open } = current();
  const id = metadata.name.toLowerCase();
  if (!open) throw new HostError(`Function "${metadata.name}" can only be registered during app startup.`);
  if (!FUNCTION_NAME.test(metadata.name) || id === 'host') {
    throw new HostError(
      `"${metadata.name}" is no function name: a letter, then up to 127 letters, digits, "_" or "-".`,
    );
  }
  if (functions.has(id)) {
    throw new HostError(`A function named "${metadata.name}" is registered twice; names ignore case.`);
  }
  functions.set(id, { metadata, callback });
  return new Disposable(() => functions.delete(id));
}

function registerHook(name: string, callback: Callback): Disposable {
  const hooks: Partial<Record<string, Callback[]>> = current().hooks;
  const list = hooks[name];
  if (list === undefined) throw unknownHook(name);
  list.push(callback);
  return new Disposable(() => void list.splice(list.indexOf(callback), 1));
}

/** The library recognises an old worker by this very error. */
function unknownHook(name: string): RangeError {
  return Object.assign(new RangeError(`Unrecognized hook "${name}"`), { isAzureFunctionsSystemError: true });
}

function current(): Registry {
  if (registry === undefined) throw new HostError('The core module is used before an app is loaded.');
  return registry;
}
