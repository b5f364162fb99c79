import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import type { CancelResult, Issuer } from '../../../src/issuers/port.ts';
import { cancelOrder } from '../../../src/renewal/cancel-order.ts';
import { closeFromRecords, isClaimed } from '../../../src/renewal/heal.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { createStepRunner, type StepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

let world: World;
let steps: StepRunner;
let cancels: string[];
/** What the issuer answers to a wish to cancel; `undefined`: nothing. */
let answer: CancelResult | undefined;

beforeEach(async () => {
  world = await createWorld();
  steps = await createStepRunner(world);
  cancels = [];
  answer = { state: 'cancelled' };
  world.levers.issuer = { ...cancelling(), poll: async () => ({ state: 'pending', retryAfterSeconds: 60 }) };
});

function cancelling(): Pick<Issuer, 'capabilities' | 'cancel'> {
  return {
    capabilities: ['cancel'],
    async cancel({ reference }) {
      cancels.push(reference);
      if (answer === undefined) throw new RenewalError('issuer-unreachable', 'the CA is down');
      return answer;
    },
  };
}

/** Places the order of the renewal; answers with its reference. */
async function order(): Promise<string> {
  const inspected = await steps.value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await steps.value('request', { inspected });
  return (await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 })).reference;
}

const ends = {
  cancelled: { outcome: 'cancelled', outcomeReason: 'cancel-requested', detail: 'a person cancelled it' },
  tooSlow: { outcome: 'failed', outcomeReason: 'issuer-too-slow', detail: 'it had not decided' },
  failed: { outcome: 'failed', outcomeReason: 'step-failed', detail: 'some step failed' },
} as const;

function resultOf(end: keyof typeof ends): RenewalResult {
  const about = { renewalId: steps.renewalId, vault: 'kv-web', certificate: 'shop', reason: 'sweep' } as const;
  return { ...about, ...ends[end], targets: [] };
}

const close = (end: keyof typeof ends) => steps.value('close', { result: resultOf(end) });
const row = async () => (await world.app.store.certificate('kv-web', 'shop'))?.row;
const orderRow = async () => (await world.app.store.order(steps.renewalId))?.row;
const told = async () =>
  (await world.app.journal.read(steps.renewalId))
    .filter(({ step }) => step === 'cancel')
    .map(({ key, facts }) => ({ key, ...facts }));

describe('a renewal that ends while its order is open', () => {
  it.each(['cancelled', 'tooSlow'] as const)('asks the issuer to cancel it when it is %s', async (end) => {
    const reference = await order();
    await close(end);
    expect(cancels).toEqual([reference]);
    expect(await orderRow()).toMatchObject({ state: 'submitted', cancel: 'cancelled' });
    expect(await told()).toEqual([
      { key: 'cancel#1:intent', order: reference, issuer: 'internal' },
      { key: 'cancel#1:result', order: reference, cancel: 'cancelled' },
    ]);
    expect(await row()).toMatchObject({ state: 'idle' });
    expect((await row())?.orderToCancel).toBeUndefined();
  });

  it('leaves the order to the next attempt after any other failure', async () => {
    await order();
    await close('failed');
    expect(cancels).toEqual([]);
  });

  it('says that a certificate may exist when it was too late', async () => {
    answer = { state: 'too-late', reason: 'issued a minute ago' };
    await order();
    await close('cancelled');
    expect((await told())[1]).toMatchObject({
      cancel: 'too-late',
      detail: 'a certificate may exist, and the next attempt looks for it: issued a minute ago',
    });
  });

  it('says that a certificate was issued and is not merged', async () => {
    const reference = await order();
    const poll = world.levers.issuer.poll;
    world.levers.issuer = cancelling();
    await steps.value('poll', { reference, issuer: 'internal', round: 1 });
    world.levers.issuer = { ...cancelling(), ...(poll && { poll }) };
    await close('cancelled');
    expect(cancels).toEqual([]);
    expect(await told()).toMatchObject([{ cancel: 'too-late', detail: 'a certificate was issued; it is not merged' }]);
  });

  it('says that the order stays open at an issuer that cancels nothing', async () => {
    await order();
    world.levers.issuer = {};
    await close('cancelled');
    expect(await told()).toMatchObject([{ key: 'cancel#impossible', cancel: 'impossible' }]);
    expect((await row())?.orderToCancel).toBeUndefined();
  });

  it('has nothing to cancel before there is an order', async () => {
    await close('cancelled');
    expect(await told()).toEqual([]);
  });

  it('asks once when its end runs twice', async () => {
    await order();
    await close('cancelled');
    await close('cancelled');
    expect(cancels).toHaveLength(1);
  });

  it('is cancelled at the issuer when the watchdog closes it and a person had asked for that', async () => {
    await order();
    const found = await world.app.store.certificate('kv-web', 'shop');
    if (!isClaimed(found)) throw new TypeError('not claimed');
    const asked = { ...found.row, cancelRequested: steps.renewalId };
    const etag = await world.app.store.saveCertificate(asked, found.etag);
    const instance = world.instances.get(steps.renewalId);
    if (instance === undefined) throw new TypeError('no instance');
    await closeFromRecords({ row: asked, etag }, { instance, why: { reason: 'stuck', detail: 'silent' } }, world.app);
    expect(await orderRow()).toMatchObject({ cancel: 'cancelled' });
  });
});

describe('an issuer that does not answer whether it cancels', () => {
  beforeEach(async () => {
    answer = undefined;
    await order();
    await close('cancelled');
  });

  it('holds up no end, and is asked again by the sweep', async () => {
    expect(await row()).toMatchObject({ state: 'idle', lastOutcome: 'cancelled', orderToCancel: steps.renewalId });
    expect((await told())[1]).toMatchObject({ key: 'cancel#1:result', again: 'issuer-unreachable' });
    expect((await sweep(world.app)).openOrders).toEqual([steps.renewalId]);
    answer = { state: 'cancelled' };
    expect((await sweep(world.app)).openOrders).toEqual([]);
    expect((await told()).map(({ key }) => key)).toEqual(
      [1, 2, 3].flatMap((n) => [`cancel#${n}:intent`, `cancel#${n}:result`]),
    );
    expect((await row())?.orderToCancel).toBeUndefined();
    await sweep(world.app);
    expect(cancels).toHaveLength(3);
  });

  it('is left alone after two days', async () => {
    for (let tries = 1; tries < 48; tries++) await cancelOrder(steps.renewalId, world.app);
    expect((await sweep(world.app)).openOrders).toEqual([]);
    expect(cancels).toHaveLength(48);
    expect((await told()).at(-1)).toMatchObject({ cancel: 'given-up', tries: 48 });
    expect((await row())?.orderToCancel).toBeUndefined();
  });

  it('has its order taken up by nobody', async () => {
    await takeTurn();
    const { reference } = (await orderRow()) ?? {};
    expect(reference).toBeUndefined();
  });

  it('is tried again when it has left the estate for a while', async () => {
    const { issuer } = world.app;
    Object.assign(world.app, {
      issuer: () => {
        throw new RenewalError('estate-invalid', 'estate: no issuer internal');
      },
    });
    expect(await cancelOrder(steps.renewalId, world.app)).toBe('unanswered');
    expect((await told()).at(-1)).toMatchObject({ key: 'cancel#2:result', again: 'estate-invalid' });
    answer = { state: 'cancelled' };
    Object.assign(world.app, { issuer });
    expect(await cancelOrder(steps.renewalId, world.app)).toBe('over');
  });
});

/** The next attempt, up to its request: it finds the CSR of the one before in the vault. */
async function takeTurn(): Promise<void> {
  steps = await createStepRunner(world);
  const inspected = await steps.value('inspect', { reason: 'sweep' });
  await steps.value('request', { inspected });
}

describe('the attempt after one whose order', () => {
  it.each([
    ['failed and may be issued yet', 'failed', undefined, true],
    ['was too late to be cancelled', 'cancelled', { state: 'too-late', reason: 'issued' }, true],
    ['was cancelled', 'cancelled', { state: 'cancelled' }, false],
  ] as const)('%s', async (_what, end, says, isTakenUp) => {
    answer = says;
    const reference = await order();
    await close(end);
    world.clock.advance(7_200_000);
    await takeTurn();
    expect((await orderRow())?.reference).toBe(isTakenUp ? reference : undefined);
  });

  it('has a CSR that is of no use any more cancels it', async () => {
    const reference = await order();
    await close('failed');
    world.clock.advance(7_200_000);
    const held = world.vault.get('shop');
    if (held.state !== 'present') throw new TypeError('gone');
    const policy = { ...held.policy, dnsNames: ['shop.contoso.example', 'www.contoso.example'] };
    world.vault.set('shop', { ...held, policy });
    await takeTurn();
    expect(cancels).toEqual([reference]);
    expect((await orderRow())?.reference).toBeUndefined();
  });
});
