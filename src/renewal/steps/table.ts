import type { StepName } from '../story.ts';
import { check } from './check.ts';
import { close } from './close.ts';
import { gate } from './gate.ts';
import { inspect } from './inspect.ts';
import { merge } from './merge.ts';
import { request } from './request.ts';
import type { Step } from './step.ts';
import { poll, submit } from './submit.ts';
import { deploy, probe, rollBack, targetClosed } from './target.ts';

/** Every step by its name: each is registered as the activity of that name. */
export const steps: { readonly [S in StepName]: Step<S> } = {
  inspect,
  gate,
  request,
  submit,
  poll,
  check,
  merge,
  probe,
  deploy,
  rollBack,
  targetClosed,
  close,
};
