import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import { currentApp } from '../src/app.ts';
import { waitForIssuer } from '../src/renewal/await-issue.ts';
import { deployGroup, deployTarget } from '../src/renewal/deploy-target.ts';
import { heartbeat } from '../src/renewal/heartbeat.ts';
import { logText } from '../src/renewal/log-fields.ts';
import { rollBackLines, stepLine } from '../src/renewal/log-line.ts';
import { lookAtGroup } from '../src/renewal/look-at-group.ts';
import { closeMetrics } from '../src/renewal/measure.ts';
import { renewCertificate } from '../src/renewal/renew-certificate.ts';
import { rollBackGroup, rollBackTarget } from '../src/renewal/roll-back.ts';
import { runStepWhenReady, type Step } from '../src/renewal/steps/step.ts';
import { steps } from '../src/renewal/steps/table.ts';
import type { StepInput, StepName } from '../src/renewal/story.ts';

df.app.orchestration('renewCertificate', renewCertificate);
df.app.orchestration('waitForIssuer', waitForIssuer);
df.app.orchestration('deployGroup', deployGroup);
df.app.orchestration('deployTarget', deployTarget);
df.app.orchestration('rollBackGroup', rollBackGroup);
df.app.orchestration('rollBackTarget', rollBackTarget);
df.app.orchestration('lookAtGroup', lookAtGroup);
df.app.orchestration('heartbeat', heartbeat);

for (const name of Object.keys(steps) as StepName[]) register(name, steps[name] as Step<typeof name>);

function register<S extends StepName>(name: S, step: Step<S>): void {
  df.app.activity(name, {
    handler: async (input: unknown, context: InvocationContext) => {
      const asked = input as StepInput<S>;
      const answer = await runStepWhenReady(name, step, { input: asked, app: currentApp });
      for (const line of closeMetrics(name, asked, answer)) context.log(logText(line));
      context.log(logText(stepLine(name, asked, answer)));
      for (const line of rollBackLines(name, asked, answer)) context.warn(logText(line));
      return answer;
    },
  });
}
