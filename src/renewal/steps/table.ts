import type { StepName } from '../story.ts';
import { check } from './check.ts';
import { checkVersion } from './check-version.ts';
import { close } from './close.ts';
import { disableOld } from './disable-old.ts';
import { gate } from './gate.ts';
import { inspect } from './inspect.ts';
import { merge } from './merge.ts';
import { requestOrOrder } from './order.ts';
import type { Step } from './step.ts';
import { readGroup } from './stored-groups.ts';
import { poll, submit } from './submit.ts';
import { deploy, probe, rollBack, targetClosed } from './target.ts';

/** Every step by its name: each is registered as the activity of that name. */
export const steps: { readonly [S in StepName]: Step<S> } = {
  inspect,
  gate,
  request: requestOrOrder,
  submit,
  poll,
  check,
  checkVersion,
  merge,
  readGroup,
  probe,
  deploy,
  rollBack,
  targetClosed,
  disableOld,
  close,
};
