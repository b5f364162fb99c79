import { expect, it } from 'vitest';
import { createStepRunner } from '../../builders/step-runner.ts';
import { createWorld } from '../../builders/world.ts';

it.each([
  ['says how often the issuer may have issued unheard', 2, { unheard: 2 }],
  ['says nothing of it when it was heard', undefined, {}],
])('the journal of submit %s', async (_, unheard, more) => {
  const world = await createWorld();
  const steps = await createStepRunner(world);
  const inspected = await steps.value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await steps.value('request', { inspected });
  world.levers.issuer = { submit: async () => ({ reference: 'r-1', ...(unheard !== undefined && { unheard }) }) };
  await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
  const records = await world.app.journal.read(steps.renewalId);
  const told = records.filter(({ step, kind }) => step === 'submit' && kind === 'result');
  expect(told.map(({ facts }) => facts)).toEqual([{ order: 'r-1', ...more }]);
});

it('the journal of poll says it of an issuer that is asked by polling alone', async () => {
  const world = await createWorld();
  const steps = await createStepRunner(world);
  const inspected = await steps.value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await steps.value('request', { inspected });
  const issued = { state: 'issued', chain: ['AAAA'], unheard: 1 } as const;
  world.levers.issuer = { submit: async () => ({ reference: 'r-1' }), poll: async () => issued };
  await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
  await steps.value('poll', { reference: 'r-1', issuer: 'internal', round: 1 });
  const records = await world.app.journal.read(steps.renewalId);
  const told = records.filter(({ step, kind }) => step === 'poll' && kind === 'result');
  expect(told.map(({ facts }) => facts)).toMatchObject([{ state: 'issued', unheard: 1 }]);
});
