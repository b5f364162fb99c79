import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import type { Inspected } from '../../../src/renewal/story.ts';
import type { Inspection } from '../../../src/vault/port.ts';
import { createStepRunner, type StepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

type Present = Extract<Inspection, { state: 'present' }>;
type Current = NonNullable<Present['current']>;

const notCurrent = { state: 'ended', outcome: 'not-needed', outcomeReason: 'not-current' };
const order = { issuer: 'internal', validityDays: 90 };

let world: World;
let steps: StepRunner;
let inspected: Inspected;
let csrSha256: string;
beforeEach(async () => {
  world = await createWorld();
  steps = await createStepRunner(world);
  inspected = await steps.value('inspect', { reason: 'sweep' });
  csrSha256 = (await steps.value('request', { inspected })).csrSha256;
});

function edit(change: (held: Present) => Present): void {
  const held = world.vault.get('shop');
  if (held.state !== 'present') throw new TypeError('shop is there');
  world.vault.set('shop', change(held));
}

const foreign = (held: Present): Current => ({
  ...(held.current as Current),
  version: 'f'.repeat(32),
  sha256: 'f'.repeat(64),
});

/** What somebody does by hand, and what the vault then shows. */
const deeds: readonly [string, (held: Present) => Present][] = [
  ['merges into our request', (held) => ({ ...held, current: foreign(held), pending: completed(held) })],
  ['merges, and the vault still shows the old version', (held) => ({ ...held, pending: completed(held) })],
  ['merges, and deletes the operation', ({ pending: _pending, ...held }) => ({ ...held, current: foreign(held) })],
  ['merges, and asks for the next', (held) => ({ ...held, current: foreign(held), pending: another(held) })],
];

function completed({ pending }: Present): NonNullable<Present['pending']> {
  if (pending === undefined) throw new TypeError('our request is pending');
  return { ...pending, status: 'completed' };
}

function another(held: Present): NonNullable<Present['pending']> {
  return { ...completed(held), status: 'inProgress', csrSha256: 'e'.repeat(64) };
}

describe('somebody who', () => {
  it.each(deeds)('%s before the CSR is submitted ends the renewal, and nothing is ordered', async (_, deed) => {
    const submitted: string[] = [];
    world.levers.issuer = {
      submit: async ({ renewalId }) => {
        submitted.push(renewalId);
        return { reference: renewalId };
      },
    };
    edit(deed);
    expect(await steps.run('submit', { csrSha256, ...order })).toMatchObject(notCurrent);
    expect(submitted).toEqual([]);
  });

  it.each(deeds)('%s while the issuer works ends the renewal at the check', async (_, deed) => {
    const { reference } = await steps.value('submit', { csrSha256, ...order });
    await steps.value('poll', { reference, issuer: 'internal', round: 1 });
    edit(deed);
    const { plan, old } = inspected;
    expect(await steps.run('check', { plan, csrSha256, old, reason: 'sweep' })).toMatchObject(notCurrent);
  });

  it.each(deeds)('%s before the order is finalized ends the renewal at the poll', async (_, deed) => {
    const { reference } = await steps.value('submit', { csrSha256, ...order });
    world.levers.issuer = { poll: async ({ csr }) => ({ state: 'issued', chain: [await csr()] }) };
    edit(deed);
    const poll = () => steps.run('poll', { reference, issuer: 'internal', round: 1 });
    expect(await poll()).toMatchObject(notCurrent);
    world.vault.set('shop', { state: 'absent', softDeleted: true });
    expect(await poll()).toMatchObject({ outcome: 'not-needed', outcomeReason: 'gone' });
  });

  it('takes our request away and merges nothing makes the poll fail, to be tried again', async () => {
    const { reference } = await steps.value('submit', { csrSha256, ...order });
    world.levers.issuer = { poll: async ({ csr }) => ({ state: 'issued', chain: [await csr()] }) };
    edit(({ pending: _pending, ...held }) => held);
    const answer = await steps.run('poll', { reference, issuer: 'internal', round: 1 });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'failed', outcomeReason: 'step-failed' });
  });

  it.each([
    ['takes our request away', ({ pending: _pending, ...held }: Present): Present => held],
    ['replaces our request', (held: Present): Present => ({ ...held, pending: another(held) })],
  ])('%s and merges nothing makes it fail, to be tried again', async (_, deed) => {
    edit(deed);
    const answer = await steps.run('submit', { csrSha256, ...order });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'failed', outcomeReason: 'step-failed' });
  });

  it('deletes the certificate ends the renewal', async () => {
    world.vault.set('shop', { state: 'absent', softDeleted: true });
    const answer = await steps.run('submit', { csrSha256, ...order });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'not-needed', outcomeReason: 'gone' });
  });
});

describe('a merge by hand', () => {
  const accepted = async () => {
    const { reference } = await steps.value('submit', { csrSha256, ...order });
    await steps.value('poll', { reference, issuer: 'internal', round: 1 });
    const { plan, old } = inspected;
    const checked = await steps.value('check', { plan, csrSha256, old, reason: 'sweep' });
    return { checked, csrSha256, inspected };
  };
  const byHand = () => edit((held) => ({ ...held, current: foreign(held), pending: completed(held) }));

  it('right before ours ends the renewal, and merges nothing', async () => {
    const asks = await accepted();
    byHand();
    expect(await steps.run('merge', asks)).toMatchObject(notCurrent);
    expect(world.vault.calls).not.toContain('merge');
  });

  it('after our last look ends the renewal as well', async () => {
    const asks = await accepted();
    world.vault.fail = (verb) => {
      if (verb !== 'merge') return;
      byHand();
      throw new RenewalError('vault-refused', 'key-vault: merge failed: status=404');
    };
    expect(await steps.run('merge', asks)).toMatchObject(notCurrent);
  });

  it('that did not happen is no excuse for a merge that was refused', async () => {
    const asks = await accepted();
    world.vault.fail = (verb) => {
      if (verb === 'merge') throw new RenewalError('vault-refused', 'key-vault: merge failed: status=400');
    };
    expect(await steps.run('merge', asks)).toMatchObject({ outcome: 'failed', outcomeReason: 'step-failed' });
  });
});
