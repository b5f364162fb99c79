import { beforeEach, describe, expect, it } from 'vitest';
import type { Inspection, PendingFacts } from '../../../src/vault/port.ts';
import { createStepRunner, type StepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

type Present = Extract<Inspection, { state: 'present' }>;

let world: World;
let steps: StepRunner;
beforeEach(async () => {
  world = await createWorld();
  steps = await createStepRunner(world);
});

describe('a renewal that is started again after its CSR was made', () => {
  /** The issuer has the CSR, and the app died before the order row said so. */
  const orderedUnheard = async () => {
    const inspected = await steps.value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await steps.value('request', { inspected });
    const made = await world.app.store.order(steps.renewalId);
    if (made === undefined) throw new TypeError('the order is there');
    await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    const { reference: _reference, ...row } = { ...made.row };
    await world.app.store.saveOrder(row, (await world.app.store.order(steps.renewalId))?.etag);
  };
  const edit = (change: (held: Present) => Present) => {
    const held = world.vault.get('shop');
    if (held.state !== 'present') throw new TypeError('shop is there');
    world.vault.set('shop', change(held));
  };
  const requestAgain = async () =>
    steps.run('request', { inspected: await steps.value('inspect', { reason: 'sweep' }) });

  it.each([
    ['its names', { dnsNames: ['edited.contoso.example'] }],
    ['its subject', { subject: 'CN=edited.contoso.example' }],
    ['its life', { validityMonths: 24 }],
    ['that the key stays in the vault', { exportable: false }],
  ])('does not undo what somebody has changed in the policy since it was read: %s', async (_what, change) => {
    const inspected = await steps.value('inspect', { reason: 'sweep' });
    edit((held) => ({ ...held, policy: { ...held.policy, ...change } }));
    const answer = await steps.run('request', { inspected });
    expect(answer).toMatchObject({ outcome: 'needs-person', outcomeReason: 'policy-changed' });
    expect(world.vault.calls).not.toContain('request');
  });

  it('ends when the policy asks for another CSR by now', async () => {
    await orderedUnheard();
    edit((held) => ({ ...held, policy: { ...held.policy, dnsNames: ['edited.contoso.example'] } }));
    expect(await requestAgain()).toMatchObject({ outcome: 'needs-person', outcomeReason: 'policy-changed' });
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
    expect(world.vault.calls).not.toContain('discard');
  });

  it('ends when somebody took the pending operation away', async () => {
    await orderedUnheard();
    edit(({ pending: _pending, ...held }) => held);
    expect(await requestAgain()).toMatchObject({ outcome: 'failed', outcomeReason: 'step-failed' });
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
  });

  it('ends as not needed when somebody has merged with it', async () => {
    await orderedUnheard();
    edit((held) => ({ ...held, pending: { ...(held.pending as PendingFacts), status: 'completed' } }));
    expect(await requestAgain()).toMatchObject({ outcome: 'not-needed', outcomeReason: 'not-current' });
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
  });

  it('leaves the next renewal to make a CSR of its own', async () => {
    await orderedUnheard();
    edit((held) => ({ ...held, policy: { ...held.policy, dnsNames: ['edited.contoso.example'] } }));
    const renewalId = `${steps.renewalId}-next`;
    steps.renewalId = renewalId;
    const { row, etag } = (await world.app.store.certificate('kv-web', 'shop')) ?? {};
    if (row === undefined) throw new TypeError('the row is there');
    await world.app.store.saveCertificate({ ...row, renewalId }, etag);
    expect(await requestAgain()).toMatchObject({ state: 'done', value: { resumed: false } });
  });
});
