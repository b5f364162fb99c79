import { randomUUID } from 'node:crypto';
import { taskListedTwice } from '../engine/listed-twice.ts';
import { HostError, messageOf } from '../host-error.ts';
import type { Invocation, InvocationResult, TypedData } from '../types.ts';
import type { Callback, InvocationModel, RegisteredFunction, Registry, RpcResponse } from './core-module.ts';
import { programmingModel } from './core-module.ts';
import type { LogLevel, WorkerLog } from './protocol.ts';
import { traceContextOf } from './trace-context.ts';
import { plainTypedData } from './typed-data.ts';

export interface InvocationScope {
  readonly registry: Registry;
  readonly appHookData: Record<string, unknown>;
  readonly log: WorkerLog;
}

/** Calls one function in the order of Azure's worker: arguments, hooks before, handler, hooks after, answer. */
export async function runInvocation(scope: InvocationScope, invocation: Invocation): Promise<InvocationResult> {
  const registered = scope.registry.functions.get(invocation.functionName.toLowerCase());
  if (registered === undefined) {
    return { state: 'failed', message: `The app has no function "${invocation.functionName}".` };
  }
  try {
    return succeeded(await calledWithHooks(scope, registered, invocation));
  } catch (error) {
    const stack = error instanceof Error ? error.stack : undefined;
    return { state: 'failed', message: messageOf(error), ...(stack === undefined ? {} : { stack }) };
  }
}

async function calledWithHooks(
  scope: InvocationScope,
  { metadata, callback }: RegisteredFunction,
  invocation: Invocation,
): Promise<RpcResponse> {
  const { registry, appHookData } = scope;
  const call = coreContext(scope, metadata, invocation);
  const model = programmingModel().getInvocationModel(call);
  const { context, inputs } = await model.getArguments();
  const hookData = {};
  call.state = 'preInvocationHooks';
  const before = { hookData, appHookData, invocationContext: context, inputs, functionCallback: callback };
  await runHooks(registry.hooks.preInvocation, before);
  call.state = 'invocation';
  const ended = await invoked(model, context, before);
  call.state = 'postInvocationHooks';
  const after = { hookData, appHookData, invocationContext: context, inputs: before.inputs, ...ended };
  await runHooks(registry.hooks.postInvocation, after);
  if (after.error !== undefined && after.error !== null) throw after.error;
  refuseTaskListedTwice(metadata, after.result);
  return model.getResponse(context, after.result);
}

/** Azure mixes up results when a task is waited for twice; here it is an error that says so, while objects still tell tasks apart. */
function refuseTaskListedTwice({ bindings }: RegisteredFunction['metadata'], result: unknown): void {
  const isOrchestrator = Object.values(bindings).some(({ type }) => type === 'orchestrationTrigger');
  const twice = isOrchestrator ? taskListedTwice(result) : undefined;
  if (twice !== undefined) throw new HostError(twice);
}

type CoreContext = { state?: string } & Record<string, unknown>;

function coreContext(scope: InvocationScope, metadata: RegisteredFunction['metadata'], call: Invocation): CoreContext {
  const invocationId = randomUUID();
  const context: CoreContext = {
    invocationId,
    metadata,
    request: {
      invocationId,
      functionId: metadata.functionId ?? metadata.name,
      inputData: Object.entries(call.inputs).map(([name, data]) => ({ name, data })),
      triggerMetadata: call.triggerMetadata ?? {},
      traceContext: traceContextOf(invocationId, call.traceparent),
    },
    log: (level: LogLevel, category: string, message: string) =>
      scope.log({ level, category, message, functionName: metadata.name, invocationId }),
  };
  return context;
}

/** A hook after the call may turn an error into a success, so that the error is a value until then. */
async function invoked(
  model: InvocationModel,
  context: unknown,
  call: { readonly inputs: unknown[]; readonly functionCallback: Callback },
): Promise<{ result: unknown; error: unknown }> {
  try {
    return { result: await model.invokeFunction(context, call.inputs, call.functionCallback), error: undefined };
  } catch (error) {
    return { result: undefined, error: error ?? new TypeError('The function threw nothing.') };
  }
}

export async function runHooks(hooks: readonly Callback[], context: object): Promise<void> {
  for (const hook of hooks) await hook(context);
}

function succeeded(response: RpcResponse): InvocationResult {
  const outputs: Record<string, TypedData> = {};
  for (const { name, data } of response.outputData ?? []) {
    const plain = plainTypedData(data);
    if (plain !== undefined) outputs[name] = plain;
  }
  const returnValue = plainTypedData(response.returnValue);
  return { state: 'succeeded', outputs, ...(returnValue === undefined ? {} : { returnValue }) };
}
