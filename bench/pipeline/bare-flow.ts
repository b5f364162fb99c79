import type { OrchestrationContext } from 'durable-functions';
import type { App } from '../../src/app.ts';
import { waitForIssuer } from '../../src/renewal/await-issue.ts';
import { deployGroup, deployTarget } from '../../src/renewal/deploy-target.ts';
import type { Story } from '../../src/renewal/perform.ts';
import { renewCertificate } from '../../src/renewal/renew-certificate.ts';
import { rollBackGroup, rollBackTarget } from '../../src/renewal/roll-back.ts';
import { runStep, type Step } from '../../src/renewal/steps/step.ts';
import { steps } from '../../src/renewal/steps/table.ts';
import type { RenewalResult, StepInput, StepName } from '../../src/renewal/story.ts';

/** A task without a durable library: what it does when it is waited for. */
interface BareTask {
  readonly run: () => Promise<unknown>;
}

const children: Readonly<Record<string, (context: OrchestrationContext) => Story<unknown>>> = {
  waitForIssuer,
  deployGroup,
  deployTarget,
  rollBackGroup,
  rollBackTarget,
};

/**
 * The renewal as a plain loop: each step is called when the story asks for it, and nothing is written down that the
 * steps do not write themselves. It makes the calls that an orchestrated renewal makes, and dies with its process.
 */
export function renewBare(app: App, input: unknown): Promise<RenewalResult> {
  return live(renewCertificate, input, app) as Promise<RenewalResult>;
}

async function live(story: (context: OrchestrationContext) => Story<unknown>, input: unknown, app: App) {
  for (let next = { input }; ; ) {
    const bare = bareContext(next.input, app);
    const flow = story(bare.context);
    let turn = flow.next();
    while (!turn.done) turn = flow.next(await (turn.value as unknown as BareTask).run());
    const again = bare.continued();
    if (again === undefined) return turn.value;
    next = again;
  }
}

function bareContext(input: unknown, app: App) {
  let again: { readonly input: unknown } | undefined;
  const df = {
    getInput: () => input,
    get currentUtcDateTime() {
      return app.clock.now();
    },
    setCustomStatus: () => undefined,
    callActivity: (name: StepName, asked: unknown): BareTask => ({ run: () => runNamed(name, asked, app) }),
    callSubOrchestrator: (name: string, asked: unknown): BareTask => ({ run: () => live(childOf(name), asked, app) }),
    createTimer: (until: Date): BareTask => ({ run: () => sleep(until.getTime() - app.clock.now().getTime()) }),
    continueAsNew: (asked: unknown) => {
      again = { input: asked };
    },
    Task: {
      all: (tasks: readonly BareTask[]): BareTask => ({ run: () => Promise.all(tasks.map((task) => task.run())) }),
    },
  };
  return { context: { df } as unknown as OrchestrationContext, continued: () => again };
}

function runNamed<S extends StepName>(name: S, asked: unknown, app: App): Promise<unknown> {
  return runStep(name, steps[name] as Step<S>, { input: asked as StepInput<S>, app });
}

function childOf(name: string): (context: OrchestrationContext) => Story<unknown> {
  const child = children[name];
  if (child === undefined) throw new TypeError(`bench: the story has no child ${name}`);
  return child;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
