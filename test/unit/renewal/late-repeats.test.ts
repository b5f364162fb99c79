import { beforeEach, describe, expect, it } from 'vitest';
import { createStepRunner, type StepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

const gate = { point: 'before-submit', boundTo: {} } as const;
const cancelled = { outcome: 'cancelled', outcomeReason: 'cancel-requested', detail: 'a person cancelled it' } as const;

let world: World;
let steps: StepRunner;
beforeEach(async () => {
  world = await createWorld();
  steps = await createStepRunner(world);
});

const row = async () => {
  const found = await world.app.store.certificate('kv-web', 'shop');
  if (found === undefined) throw new TypeError('the row is there');
  return found;
};
const edit = async (change: object) => {
  const found = await row();
  await world.app.store.saveCertificate({ ...found.row, ...change }, found.etag);
};
const ends = async (step: string) =>
  (await world.app.journal.read(steps.renewalId)).filter((record) => record.step === step && record.kind !== 'intent');

describe('a step that runs again late', () => {
  it('as a gate adds nothing to the journal after the cancelled renewal has closed', async () => {
    const { renewalId } = steps;
    await edit({ cancelRequested: renewalId });
    expect(await steps.run('gate', gate)).toMatchObject({ outcome: 'cancelled' });
    const about = { renewalId, vault: 'kv-web', certificate: 'shop', reason: 'sweep', targets: [] } as const;
    await steps.value('close', { result: { ...about, ...cancelled } });
    const closed = await row();
    await steps.run('gate', gate);
    expect(await ends('gate')).toMatchObject([{ kind: 'decision', facts: { outcome: 'cancelled' } }]);
    expect(await row()).toEqual(closed);
  });

  it('as a gate that had passed does not say that it was cancelled there', async () => {
    await steps.value('gate', gate);
    await edit({ cancelRequested: steps.renewalId });
    await steps.run('gate', gate);
    expect(await ends('gate')).toMatchObject([{ kind: 'result', facts: { point: 'before-submit' } }]);
  });

  it('as the check does not say, once the version is merged, that it was not needed', async () => {
    const inspected = await steps.value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await steps.value('request', { inspected });
    const { reference } = await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    await steps.value('poll', { reference, issuer: 'internal', round: 1 });
    const check = { plan: inspected.plan, csrSha256, old: inspected.old, reason: 'sweep' } as const;
    const checked = await steps.value('check', check);
    await steps.value('merge', { checked, csrSha256, inspected });
    await steps.run('check', check);
    expect(await ends('check')).toMatchObject([{ kind: 'result', facts: { sha256: checked.sha256 } }]);
  });

  it('and waits does not speak for the renewal that runs now', async () => {
    const inspected = await steps.value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await steps.value('request', { inspected });
    const { reference } = await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    await edit({ renewalId: 'the-next-one' });
    const next = await row();
    world.levers.issuer = { poll: async () => ({ state: 'pending', retryAfterSeconds: 86_400 }) };
    await steps.value('poll', { reference, issuer: 'internal', round: 1 });
    expect(await row()).toEqual(next);
  });
});
