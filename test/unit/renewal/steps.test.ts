import { beforeEach, describe, expect, it } from 'vitest';
import { createKeys } from '../../../local/pki.ts';
import { RenewalError } from '../../../src/errors.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { runStep, type Step } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import {
  isEnded,
  type StepAnswer,
  type StepInput,
  type StepName,
  type StepOutput,
} from '../../../src/renewal/story.ts';
import { createWorld, NOW, pendingOf, site, type World } from '../../builders/world.ts';

let world: World;
let renewalId: string;
beforeEach(async () => {
  world = await createWorld();
  renewalId = await claim(world);
});

async function claim(of: World): Promise<string> {
  const started = await startRenewal({ vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false }, of.app);
  if (started.state !== 'started') throw new TypeError(`not started: ${JSON.stringify(started)}`);
  return started.renewalId;
}

type Asks<S extends StepName> = Omit<StepInput<S>, 'renewalId' | 'vault' | 'certificate' | 'attempt'>;

function run<S extends StepName>(name: S, asks: Asks<S>, attempt = 1): Promise<StepAnswer<StepOutput<S>>> {
  const input = { renewalId, vault: 'kv-web', certificate: 'shop', attempt, ...asks } as StepInput<S>;
  return runStep(name, steps[name] as Step<S>, { input, app: world.app });
}

async function value<S extends StepName>(name: S, asks: Asks<S>): Promise<StepOutput<S>> {
  const answer = await run(name, asks);
  if (answer.state !== 'done') throw new TypeError(`${name}: ${JSON.stringify(answer)}`);
  return answer.value;
}

const keys = async () => (await world.app.journal.read(renewalId)).map((record) => record.key);

/** The steps up to the merge, as the orchestration runs them. */
async function upToCheck() {
  const inspected = await value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await value('request', { inspected });
  const order = await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
  await value('poll', { reference: order.reference, issuer: 'internal', round: 1 });
  const checked = await run('check', { plan: inspected.plan, csrSha256, old: inspected.old, reason: 'sweep' });
  return { inspected, csrSha256, order, checked };
}

describe('the steps', () => {
  it('lead from a claim to a merged version, intent before act in the journal', async () => {
    const { inspected, csrSha256, checked } = await upToCheck();
    if (checked.state !== 'done') throw new TypeError(JSON.stringify(checked));
    const merged = await value('merge', { checked: checked.value, csrSha256, inspected });
    expect(merged.sha256).toBe(checked.value.sha256);
    expect(await keys()).toEqual([
      'inspect#1:result',
      'request#1:intent',
      'request#1:result',
      'submit#1:intent',
      'submit#1:result',
      'poll:1#1:result',
      'check#1:result',
      'merge#1:intent',
      'merge#1:result',
    ]);
  });

  it('have the effect of one run when they run twice', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const first = await value('request', { inspected });
    const second = await value('request', { inspected });
    expect(second.csrSha256).toBe(first.csrSha256);
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
    const order = await value('submit', { csrSha256: first.csrSha256, issuer: 'internal', validityDays: 90 });
    expect(await value('submit', { csrSha256: first.csrSha256, issuer: 'internal', validityDays: 90 })).toEqual(order);
    expect((await keys()).filter((key) => key === 'submit#1:result')).toHaveLength(1);
  });

  it('take nothing back when one of them runs again late', async () => {
    const { inspected, csrSha256, order, checked } = await upToCheck();
    if (checked.state !== 'done') throw new TypeError(JSON.stringify(checked));
    const accepted = await world.app.store.order(renewalId);
    await value('poll', { reference: order.reference, issuer: 'internal', round: 1 });
    expect(await world.app.store.order(renewalId)).toEqual(accepted);
    await value('merge', { checked: checked.value, csrSha256, inspected });
    const merged = await world.app.store.order(renewalId);
    expect(await value('request', { inspected })).toEqual({ csrSha256, resumed: true });
    await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    await value('poll', { reference: order.reference, issuer: 'internal', round: 1 });
    expect(await world.app.store.order(renewalId)).toEqual(merged);
    expect(world.vault.calls.filter((verb) => verb === 'request')).toHaveLength(1);
  });

  it('tell an issuer which certificate it is to replace', async () => {
    const held = world.vault.get('shop');
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    const asked: (string | undefined)[] = [];
    world.levers.issuer = {
      submit: async ({ renewalId, replaces }) => {
        asked.push(replaces);
        return { reference: renewalId };
      },
    };
    await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    expect(asked).toEqual([held.state === 'present' ? held.current?.der : 'nothing']);
  });

  it('ask an issuer that has refused not again', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    const asks = { csrSha256, issuer: 'internal', validityDays: 90 };
    world.levers.issuer = { submit: async () => ({ state: 'rejected', reason: 'name not allowed' }) };
    await run('submit', asks);
    world.levers.issuer = {};
    expect(await run('submit', asks, 2)).toMatchObject({ state: 'ended', outcomeReason: 'issuer-rejected' });
  });

  it('refuse an issuer that certifies another key, before anything is merged', async () => {
    const foreign = await createWorld({ certificate: 'shop' });
    const answer = await foreignChain(foreign);
    world.levers.issuer = { poll: async () => ({ state: 'issued', chain: answer }) };
    const { checked } = await upToCheck();
    expect(checked).toMatchObject({ state: 'ended', outcome: 'rejected', outcomeReason: 'wrong-key' });
    expect(world.vault.calls).not.toContain('merge');
  });

  it('refuse an answer that is too large to be kept', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    const order = await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    world.levers.issuer = { poll: async () => ({ state: 'issued', chain: ['A'.repeat(200_000)] }) };
    const asks = { reference: order.reference, issuer: 'internal', round: 1 };
    expect(await run('poll', asks)).toMatchObject({ outcome: 'rejected', outcomeReason: 'chain-too-large' });
    expect((await world.app.store.order(renewalId))?.row.chain).toBeUndefined();
  });

  it('remember how long an issuer asks to wait when the row cannot be told', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    const order = await value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
    const failing = async () => Promise.reject(new RenewalError('storage-unreachable', 'the table does not answer'));
    world = { ...world, app: { ...world.app, store: { ...world.app.store, saveCertificate: failing } } };
    world.levers.issuer = { poll: async () => ({ state: 'pending', retryAfterSeconds: 86_400 }) };
    const asks = { reference: order.reference, issuer: 'internal', round: 1 };
    expect(await run('poll', asks)).toMatchObject({
      ...{ state: 'again', code: 'storage-unreachable', retryAfterSeconds: 86_400 },
    });
  });

  it('tell an issuer’s refusal from an issuer that cannot be reached', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await value('request', { inspected });
    world.levers.issuer = {
      submit: () => Promise.reject(new RenewalError('issuer-unreachable', 'internal: no answer')),
    };
    expect(await run('submit', { csrSha256, issuer: 'internal', validityDays: 90 })).toMatchObject({
      state: 'again',
      code: 'issuer-unreachable',
    });
    world.levers.issuer = { submit: async () => ({ state: 'rejected', reason: 'name not allowed' }) };
    expect(await run('submit', { csrSha256, issuer: 'internal', validityDays: 90 }, 2)).toMatchObject({
      state: 'ended',
      outcome: 'rejected',
      outcomeReason: 'issuer-rejected',
    });
  });

  it('end a missing role with a person, at once', async () => {
    world.vault.fail = () => {
      throw new RenewalError('vault-forbidden', 'key-vault: inspect: ForbiddenByRbac');
    };
    expect(await run('inspect', { reason: 'sweep' })).toMatchObject({
      state: 'ended',
      outcome: 'needs-person',
      outcomeReason: 'vault-forbidden',
    });
  });

  it('stop at a gate when a person cancelled', async () => {
    const found = await world.app.store.certificate('kv-web', 'shop');
    if (found === undefined) throw new TypeError('the row is there');
    await world.app.store.saveCertificate({ ...found.row, cancelRequested: renewalId }, found.etag);
    expect(await run('gate', { point: 'before-submit', boundTo: {} })).toMatchObject({
      state: 'ended',
      outcome: 'cancelled',
    });
  });

  it('do not merge when the policy was edited in between', async () => {
    const { inspected, csrSha256, checked } = await upToCheck();
    if (checked.state !== 'done') throw new TypeError(JSON.stringify(checked));
    const held = world.vault.get('shop');
    if (held.state !== 'present') throw new TypeError('shop is there');
    world.vault.set('shop', { ...held, policy: { ...held.policy, exportable: false } });
    expect(await run('merge', { checked: checked.value, csrSha256, inspected })).toMatchObject({
      state: 'ended',
      outcomeReason: 'policy-changed',
    });
    expect(world.vault.calls).not.toContain('merge');
  });

  it('roll back to the version before, but not to one that has expired', async () => {
    world.levers.rollBack = true;
    const { old, vaultUri, vaultResourceId } = await value('inspect', { reason: 'sweep' });
    const asks = { target: site('shop-1'), issuer: 'internal', version: old, vaultUri, vaultResourceId };
    expect(await value('rollBack', asks)).toEqual({ rolledBack: true, detail: 're-bound' });
    world.served.clear();
    world.clock.advance(Date.parse(old.notAfter) - world.clock.now().getTime());
    expect(await value('rollBack', asks)).toEqual({
      rolledBack: false,
      detail: `the version before has expired at ${old.notAfter}`,
    });
    expect(world.served.size).toBe(0);
  });
});

async function foreignChain(of: World): Promise<readonly string[]> {
  const { csr } = pendingOf(
    { subject: 'CN=shop.contoso.example', dnsNames: ['shop.contoso.example'] },
    await createKeys('P-256'),
  );
  const issuer = of.app.issuer(await of.app.estate(), 'internal');
  const order = await issuer.submit({ renewalId: 'other', csr, validityDays: 90 });
  const status = await issuer.poll({ reference: 'reference' in order ? order.reference : '', csr: async () => csr });
  return status.state === 'issued' ? status.chain : [];
}

describe('a pending operation found at request', () => {
  const hold = async (dnsNames: string[]) => {
    const held = world.vault.get('shop');
    if (held.state !== 'present') throw new TypeError('shop is there');
    const pending = pendingOf({ subject: 'CN=shop.contoso.example', dnsNames }, await createKeys('P-256'));
    world.vault.set('shop', { ...held, pending });
    return pending;
  };
  const orderOf = (csrSha256: string) =>
    world.app.store.saveOrder({
      renewalId: 'earlier',
      vault: 'kv-web',
      name: 'shop',
      issuer: 'internal',
      csrSha256,
      requestId: 'r',
      state: 'requested',
      createdAt: NOW.toISOString(),
    });

  it('is resumed when it is ours with the CSR we want', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await hold(['shop.contoso.example']);
    await orderOf(csrSha256);
    expect(await value('request', { inspected })).toEqual({ csrSha256, resumed: true });
  });

  it('is deleted and made again when it is ours and different', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    const { csrSha256 } = await hold(['old-name.contoso.example']);
    await orderOf(csrSha256);
    const requested = await value('request', { inspected });
    expect(requested.resumed).toBe(false);
    expect(requested.csrSha256).not.toBe(csrSha256);
    expect(world.vault.calls).toContain('discard');
  });

  it.each([
    ['resumed when an earlier renewal has asked for it and never heard', { hoursAgo: 1, end: { state: 'done' } }],
    [
      'left alone when what we asked for was answered long ago',
      { hoursAgo: 24 * 300, end: { state: 'ended', outcomeReason: 'foreign-pending' } },
    ],
  ])('is %s', async (_title, { hoursAgo, end }) => {
    const inspected = await value('inspect', { reason: 'sweep' });
    await hold(['shop.contoso.example']);
    const row = { renewalId: 'unheard', vault: 'kv-web', name: 'shop', issuer: 'internal', csrSha256: '' };
    const createdAt = new Date(NOW.getTime() - hoursAgo * 3_600_000).toISOString();
    await world.app.store.saveOrder({ ...row, requestId: '', state: 'requesting', createdAt });
    expect(await run('request', { inspected })).toMatchObject(end);
  });

  it('is left alone when somebody was faster than our own request', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    world.vault.fail = (verb) => {
      if (verb === 'request') throw new RenewalError('vault-throttled', 'key-vault: request: 429');
    };
    expect(await run('request', { inspected })).toMatchObject({ state: 'again' });
    await hold(['other-name.contoso.example']);
    expect(await run('request', { inspected }, 2)).toMatchObject({
      state: 'ended',
      outcome: 'refused',
      outcomeReason: 'foreign-pending',
    });
    expect(world.vault.calls).not.toContain('discard');
  });

  it('is left alone when it is somebody else’s', async () => {
    const inspected = await value('inspect', { reason: 'sweep' });
    await hold(['shop.contoso.example']);
    expect(await run('request', { inspected })).toMatchObject({
      state: 'ended',
      outcome: 'refused',
      outcomeReason: 'foreign-pending',
    });
    expect(world.vault.calls).not.toContain('discard');
  });
});

describe('inspect', () => {
  it.each([
    [
      'a target that can never serve it',
      (of: World) => (of.levers.preflight = 'private-ca-on-multi-tenant'),
      'private-ca-on-multi-tenant',
    ],
    ['a key type that the plan does not allow', policyWith({ keyType: 'P-521' }), 'key-not-allowed'],
    [
      'a policy of ten thousand names',
      policyWith({ dnsNames: Array.from({ length: 10_000 }, (_, at) => `${at}.contoso.example`) }),
      'too-many-names',
    ],
    ['a key that targets could not take', policyWith({ exportable: false }), 'key-not-exportable'],
  ])('refuses %s before anything is requested', async (_title, change, outcomeReason) => {
    change(world);
    const answer = await run('inspect', { reason: 'sweep' });
    expect(answer).toMatchObject({ state: 'ended', outcome: 'refused', outcomeReason });
    expect(world.vault.calls).not.toContain('request');
  });
});

function policyWith(changes: object) {
  return (of: World) => {
    const held = of.vault.get('shop');
    if (held.state === 'present') of.vault.set('shop', { ...held, policy: { ...held.policy, ...changes } });
  };
}

describe('isEnded', () => {
  it('tells an end from a value', () => {
    expect(isEnded({ outcome: 'failed', outcomeReason: 'step-failed', detail: '' })).toBe(true);
    expect(isEnded({ reference: 'r' })).toBe(false);
    expect(isEnded(site('x'))).toBe(false);
  });
});
