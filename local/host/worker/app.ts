import { HostError } from '../host-error.ts';
import type { Binding, FunctionInfo, Invocation, InvocationResult } from '../types.ts';
import {
  createRegistry,
  type FunctionMetadata,
  installCoreModule,
  programmingModel,
  type Registry,
} from './core-module.ts';
import { type InvocationScope, runHooks, runInvocation } from './invocation.ts';
import { loadEntryPoints } from './load-app.ts';
import type { WorkerLog, WorkerLogLine } from './protocol.ts';

/** The app, loaded into this very process. */
export interface LoadedApp {
  readonly functions: readonly FunctionInfo[];
  invoke(invocation: Invocation): Promise<InvocationResult>;
  /** Runs the app's terminate hooks. */
  terminate(): Promise<void>;
}

/** Loads the app as Azure's worker does and refuses what Azure refuses; throws `HostError`. */
export async function loadApp(appDirectory: string, log: WorkerLog): Promise<LoadedApp> {
  const registry: Registry = createRegistry((level, category, message) => hooked({ level, category, message }));
  const hooked = withLogHooks(registry, log);
  const appHookData = {};
  installCoreModule(registry);
  await loadEntryPoints(appDirectory);
  if (registry.functions.size === 0) {
    throw new HostError(
      `The app in ${appDirectory} registers no function: its entry point ran, but called no app.*().`,
    );
  }
  await refuseStreaming();
  await runHooks(registry.hooks.appStart, { hookData: appHookData, appHookData, functionAppDirectory: appDirectory });
  registry.open = false;
  const scope: InvocationScope = { registry, appHookData, log: hooked };
  return {
    functions: [...registry.functions.values()].map(({ metadata }) => functionInfo(metadata)),
    invoke: (invocation) => runInvocation(scope, invocation),
    terminate: () => runHooks(registry.hooks.appTerminate, { hookData: appHookData, appHookData }),
  };
}

/** A log hook may rewrite a line. Lines that a hook itself writes go past the hooks, or it would never end. */
function withLogHooks(registry: Registry, log: WorkerLog): WorkerLog {
  let inHook = false;
  return (line) => {
    if (inHook || registry.hooks.log.length === 0) return log(line);
    inHook = true;
    try {
      log(rewritten(registry, line));
    } finally {
      inHook = false;
    }
  };
}

function rewritten(registry: Registry, line: WorkerLogLine): WorkerLogLine {
  const context = { hookData: {}, level: line.level, message: line.message, category: line.category };
  for (const hook of registry.hooks.log) hook(context);
  return { ...line, level: context.level, message: context.message };
}

async function refuseStreaming(): Promise<void> {
  const capabilities = await programmingModel().getCapabilities({});
  if (capabilities.HttpUri !== undefined) {
    throw new HostError('The app turns HTTP streaming on (app.setup enableHttpStream); this host does not stream.');
  }
}

/** Bindings lose whatever is not JSON, so that they can cross a process boundary. */
function functionInfo(metadata: FunctionMetadata): FunctionInfo {
  const plain = JSON.parse(JSON.stringify(metadata.bindings)) as Record<string, Binding>;
  const bindings = Object.entries(plain).map(([name, binding]) => ({ ...binding, name }));
  const trigger = bindings.find((binding) => /trigger$/i.test(binding.type));
  if (trigger === undefined) throw new HostError(`Function "${metadata.name}" has no trigger.`);
  return { name: metadata.name, trigger, bindings };
}
