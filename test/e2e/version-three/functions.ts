import * as df from 'durable-functions';
import { currentApp } from '../../../src/app.ts';
import { waitForIssuer } from '../../../src/renewal/await-issue.ts';
import { deployGroup, deployTarget } from '../../../src/renewal/deploy-target.ts';
import { lookAtGroup } from '../../../src/renewal/look-at-group.ts';
import type { Story } from '../../../src/renewal/perform.ts';
import { renewCertificate } from '../../../src/renewal/renew-certificate.ts';
import { rollBackGroup, rollBackTarget } from '../../../src/renewal/roll-back.ts';
import { runStep, type Step } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { RenewalResult, StepInput, StepName, TargetResult } from '../../../src/renewal/story.ts';
import '../../../functions/events.ts';
import '../../../functions/renewals.ts';
import '../../../functions/sweep.ts';

// The app as a later release may be: its orchestrators have another order of steps under version 3.0, and keep the old
// ones for whatever was started under an earlier one.

/** 3.0 has the gate before the inspection as well. */
function* renewInEitherOrder(context: df.OrchestrationContext): Story<RenewalResult> {
  if (context.df.version === '3.0') yield* firstGate(context);
  return yield* renewCertificate(context);
}

/** 3.0 passes a gate before each deployment. */
function* deployInEitherOrder(context: df.OrchestrationContext): Story<TargetResult | undefined> {
  if (context.df.version === '3.0') yield* firstGate(context);
  return yield* deployTarget(context);
}

function* firstGate(context: df.OrchestrationContext): Story<void> {
  const { renewalId, vault, certificate } = context.df.getInput<StepInput<'gate'>>();
  const asked = { renewalId, vault, certificate, attempt: 1, point: 'before-request', boundTo: { version: '3.0' } };
  yield context.df.callActivity('gate', asked);
}

df.app.orchestration('renewCertificate', renewInEitherOrder);
df.app.orchestration('waitForIssuer', waitForIssuer);
df.app.orchestration('deployGroup', deployGroup);
df.app.orchestration('deployTarget', deployInEitherOrder);
df.app.orchestration('rollBackGroup', rollBackGroup);
df.app.orchestration('rollBackTarget', rollBackTarget);
df.app.orchestration('lookAtGroup', lookAtGroup);

for (const name of Object.keys(steps) as StepName[]) register(name, steps[name] as Step<typeof name>);

function register<S extends StepName>(name: S, step: Step<S>): void {
  df.app.activity(name, {
    handler: async (input: unknown) => runStep(name, step, { input: input as StepInput<S>, app: await currentApp() }),
  });
}
