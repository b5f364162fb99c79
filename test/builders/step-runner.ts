import { startRenewal } from '../../src/renewal/start.ts';
import { runStep, type Step } from '../../src/renewal/steps/step.ts';
import { steps } from '../../src/renewal/steps/table.ts';
import type { StepAnswer, StepInput, StepName, StepOutput } from '../../src/renewal/story.ts';
import type { World } from './world.ts';

type Asks<S extends StepName> = Omit<StepInput<S>, 'renewalId' | 'vault' | 'certificate' | 'attempt'>;

/** Runs the steps of one renewal of `shop` as its activities do, without the orchestration. */
export interface StepRunner {
  renewalId: string;
  run<S extends StepName>(name: S, asks: Asks<S>): Promise<StepAnswer<StepOutput<S>>>;
  /** As `run`; throws a `TypeError` when the step is not done. */
  value<S extends StepName>(name: S, asks: Asks<S>): Promise<StepOutput<S>>;
}

/** Claims a renewal in the world. */
export async function createStepRunner(world: World): Promise<StepRunner> {
  const asked = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
  const started = await startRenewal(asked, world.app);
  if (started.state !== 'started') throw new TypeError(`not started: ${JSON.stringify(started)}`);
  const runner: StepRunner = {
    renewalId: started.renewalId,
    run(name, asks) {
      const { renewalId } = runner;
      const input = { renewalId, vault: 'kv-web', certificate: 'shop', attempt: 1, ...asks } as StepInput<typeof name>;
      return runStep(name, steps[name] as Step<typeof name>, { input, app: world.app });
    },
    async value(name, asks) {
      const answer = await runner.run(name, asks);
      if (answer.state !== 'done') throw new TypeError(`${name}: ${JSON.stringify(answer)}`);
      return answer.value;
    },
  };
  return runner;
}
