import { beforeEach, describe, expect, it } from 'vitest';
import { startRenewal } from '../../../src/renewal/start.ts';
import { runStep, type Step } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { StepAnswer, StepInput, StepName, StepOutput } from '../../../src/renewal/story.ts';
import type { Inspection } from '../../../src/vault/port.ts';
import { createWorld, type World } from '../../builders/world.ts';

type Present = Extract<Inspection, { state: 'present' }>;
type Asks<S extends StepName> = Omit<StepInput<S>, 'renewalId' | 'vault' | 'certificate' | 'attempt'>;

let world: World;
let renewalId: string;
beforeEach(async () => {
  world = await createWorld();
  const asked = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
  const started = await startRenewal(asked, world.app);
  if (started.state !== 'started') throw new TypeError(`not started: ${JSON.stringify(started)}`);
  renewalId = started.renewalId;
});

function run<S extends StepName>(name: S, asks: Asks<S>): Promise<StepAnswer<StepOutput<S>>> {
  const input = { renewalId, vault: 'kv-web', certificate: 'shop', attempt: 1, ...asks } as StepInput<S>;
  return runStep(name, steps[name] as Step<S>, { input, app: world.app });
}

async function value<S extends StepName>(name: S, asks: Asks<S>): Promise<StepOutput<S>> {
  const answer = await run(name, asks);
  if (answer.state !== 'done') throw new TypeError(`${name}: ${JSON.stringify(answer)}`);
  return answer.value;
}

describe('a renewal that is started again after its CSR was made', () => {
  /** The issuer has the CSR, and the app died before the order row said so. */
  const orderedUnheard = async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    const made = await world.app.store.order(renewalId);
    if (made === undefined) throw new TypeError('the order is there');
    await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    const { reference: _reference, ...row } = { ...made.row };
    await world.app.store.saveOrder(row, (await world.app.store.order(renewalId))?.etag);
  };
  const edit = (change: (held: Present) => Present) => {
    const held = world.vault.get('shop');
    if (held.state !== 'present') throw new TypeError('shop is there');
    world.vault.set('shop', change(held));
  };
  const requestAgain = async () => run('request', { inspected: await value('inspect', { reason: 'sweep' }) });

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

  it('leaves the next renewal to make a CSR of its own', async () => {
    await orderedUnheard();
    edit((held) => ({ ...held, policy: { ...held.policy, dnsNames: ['edited.contoso.example'] } }));
    renewalId = `${renewalId}-next`;
    const { row, etag } = (await world.app.store.certificate('kv-web', 'shop')) ?? {};
    if (row === undefined) throw new TypeError('the row is there');
    await world.app.store.saveCertificate({ ...row, renewalId }, etag);
    expect(await requestAgain()).toMatchObject({ state: 'done', value: { resumed: false } });
  });
});
