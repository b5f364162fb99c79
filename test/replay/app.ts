import * as df from 'durable-functions';
import type { Binding, FunctionInfo, Invocation, InvocationResult, Worker } from '../../local/host/types.ts';
import { createRegistry, installCoreModule, type RegisteredFunction } from '../../local/host/worker/core-module.ts';
import { runInvocation } from '../../local/host/worker/invocation.ts';
import { waitForIssuer } from '../../src/renewal/await-issue.ts';
import { deployGroup, deployTarget } from '../../src/renewal/deploy-target.ts';
import { heartbeat } from '../../src/renewal/heartbeat.ts';
import { lookAtGroup } from '../../src/renewal/look-at-group.ts';
import { renewCertificate } from '../../src/renewal/renew-certificate.ts';
import { rollBackGroup, rollBackTarget } from '../../src/renewal/roll-back.ts';
import { steps } from '../../src/renewal/steps/table.ts';
import type { StepName } from '../../src/renewal/story.ts';

/** The orchestrators of the app, under the names that functions/orchestrations.ts gives them. */
export const orchestrators = {
  renewCertificate,
  waitForIssuer,
  deployGroup,
  deployTarget,
  rollBackGroup,
  rollBackTarget,
  lookAtGroup,
  heartbeat,
} satisfies Record<string, df.OrchestrationHandler>;

export type OrchestratorName = keyof typeof orchestrators;
export type Orchestrators = Readonly<Record<OrchestratorName, df.OrchestrationHandler>>;

/** Answers an activity's call. */
export type Performance = (step: StepName, input: unknown) => Promise<unknown>;

/** Stands between hub and app. */
export type Around = (call: Invocation, run: () => Promise<InvocationResult>) => Promise<InvocationResult>;

/**
 * The orchestrators and steps, registered with the real library as functions/orchestrations.ts registers them. The
 * library knows one host a process: the app that was made last is the one that may be called.
 */
export function createAppWorker(
  performance: Performance,
  given: Orchestrators = orchestrators,
  around: Around = (_call, run) => run(),
): Worker {
  const registry = createRegistry(() => undefined);
  installCoreModule(registry);
  for (const [name, handler] of Object.entries(given)) df.app.orchestration(name, handler);
  for (const name of Object.keys(steps) as StepName[])
    df.app.activity(name, { handler: (input: unknown) => performance(name, input) });
  // Of the heartbeat only the flow is looked at here.
  df.app.activity('beat', { handler: () => null });
  registry.open = false;
  const scope = { registry, appHookData: {}, log: () => undefined };
  return {
    functions: [...registry.functions.values()].map(functionOf),
    invoke: (call) => around(call, () => runInvocation(scope, call)),
    stop: () => Promise.resolve(),
  };
}

function functionOf({ metadata }: RegisteredFunction): FunctionInfo {
  const bindings = Object.entries(metadata.bindings).map(([name, binding]) => ({ ...binding, name }) as Binding);
  const trigger = bindings.find(({ type }) => type.toLowerCase().endsWith('trigger'));
  if (trigger === undefined) throw new TypeError(`${metadata.name} has no trigger`);
  return { name: metadata.name, trigger, bindings };
}
