import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { jsonResponse } from '../../local/emulator.ts';
import { addressRule } from '../../src/address.ts';
import { RenewalError } from '../../src/errors.ts';
import { START } from '../unit/local/arm/bench.ts';
import { makeGatewaySecrets, type Secrets, versionOf } from './application-gateway-bench.ts';
import { type HookWish, openHook, TOKEN } from './webhook-target-bench.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await makeGatewaySecrets();
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stand(wish: Partial<HookWish> = {}) {
  const open = await openHook(secrets, { seen: 'report', ...wish });
  ends.push(open.close);
  const { adapter, target } = open;
  return {
    ...open,
    deploy: () => adapter.deploy(target, renewed()),
    rollBack: () => adapter.rollBack(target, old()),
    look: (purpose: 'baseline' | 'verify' = 'verify') => adapter.probe(target, { purpose, version: renewed() }),
  };
}

const old = () => versionOf(secrets.old);
const renewed = () => versionOf(secrets.renewed);

/** What every kind of target does is in `webhook-target-suite.test.ts`. */
describe('the report of a webhook target', () => {
  it('tells what is served before, and afterwards what was there and since when another one is', async () => {
    const { look, deploy, pass } = await stand();
    expect(await look('baseline')).toMatchObject({ state: 'served', sha256: old().sha256, seenBy: 'report' });
    expect(await deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 30 });
    expect(await look()).toMatchObject({ state: 'pending', reason: 'the change goes on' });
    await pass(60);
    const seen = await look();
    expect(seen).toMatchObject({
      ...{ state: 'served', sha256: renewed().sha256, before: old().sha256, seenBy: 'report' },
      runningSince: new Date(START.getTime() + 60_000).toISOString(),
    });
    expect(seen).toMatchObject({ chain: [renewed().sha256, expect.any(String)] });
    expect(seen).not.toHaveProperty('problem');
  });

  it.each([
    ['is not signed', 'unsigned', 'not signed by it: unsigned'],
    ['is signed for another message', 'stale', 'signed for another message'],
    ['repeats the hash that it was told', 'parrots', 'has not the form of one'],
  ] as const)('is not believed when it %s', async (_, fault, reason) => {
    const { look, deploy, pass } = await stand({ faults: [fault] });
    await deploy();
    await pass(60);
    expect(await look()).toEqual({
      state: 'unreachable',
      at: expect.any(String),
      reason: expect.stringContaining(reason),
    });
  });

  it('shows that a chain does not hold', async () => {
    const { look, deploy, pass } = await stand({ options: { roots: [] } });
    await deploy();
    await pass(60);
    expect(await look()).toMatchObject({ sha256: renewed().sha256, problem: expect.stringContaining('root') });
  });

  it('ends the verification when the receiver has failed, and is no baseline', async () => {
    const { look, deploy, pass } = await stand({ faults: ['fails'] });
    await deploy();
    await pass(60);
    expect(await look()).toEqual({ state: 'failed', at: expect.any(String), reason: 'The service did not start' });
    expect(await look('baseline')).toMatchObject({ state: 'pending' });
  });

  it('is not asked for where there is an endpoint', async () => {
    const { look, hook } = await stand({ seen: 'endpoint' });
    expect(await look()).toMatchObject({ state: 'served', sha256: old().sha256 });
    expect(hook.heard).toEqual([]);
  });
});

describe('the messages of a webhook target', () => {
  it('are the same for ten minutes, and said anew afterwards', async () => {
    const { deploy, hook, pass } = await stand();
    await deploy();
    await deploy();
    expect([...hook.taken]).toEqual([expect.stringMatching(/^deploy-shop-shop-renewal-\d+$/)]);
    await pass(600);
    await deploy();
    expect(hook.taken.size).toBe(2);
  });

  it('are refused in the receiver’s own words', async () => {
    const readSecret = async () => ({ state: 'secret-unknown' as const });
    const { deploy } = await stand({ hook: { readSecret } });
    const reason = 'webhook:shop: the receiver answered 422: The secret cannot be read';
    expect(await deploy()).toEqual({ state: 'refused', reason });
  });

  it('find no way back where the receiver knows none', async () => {
    const { deploy, pass, rollBack } = await stand({ hook: { goesBack: false } });
    await deploy();
    await pass(60);
    const reason = expect.stringContaining('does not know how to go back');
    expect(await rollBack()).toEqual({ state: 'impossible', reason });
  });

  const unreachable: readonly (readonly [string, Partial<HookWish>, string])[] = [
    ['an address that may not be connected to', { options: { mayConnect: addressRule([]) } }, 'target-misconfigured'],
    ['a URL that is no https', { held: { url: `http://localhost/${TOKEN}` } }, 'target-misconfigured'],
    ['a text that is no URL', { held: { url: TOKEN } }, 'target-misconfigured'],
    ['a host that is not there', { held: { url: `https://localhost:1/${TOKEN}` } }, 'target-unreachable'],
    ['a signing secret that is too short', { held: { hook: 'short' } }, 'target-misconfigured'],
  ];
  it.each(unreachable)('tell nobody the URL: %s', async (_, wish, code) => {
    const { deploy, look, rollBack } = await stand(wish);
    for (const verb of [deploy, look, rollBack]) {
      const error = await verb().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code });
      expect(told(error)).not.toContain(TOKEN);
    }
  });

  it.each([
    ['a server error', jsonResponse(500, {}), 'target-unreachable'],
    ['a redirect', jsonResponse(307, {}, { location: 'https://evil.example/' }), 'target-misconfigured'],
    ['a refused signature', jsonResponse(401, {}), 'target-forbidden'],
    ['a change that goes on', jsonResponse(423, {}, { 'retry-after': '9' }), 'target-throttled'],
  ])('tell nobody the URL: %s', async (_, answer, code) => {
    const { deploy, plant } = await stand();
    plant(answer);
    const error = await deploy().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(told(error)).not.toContain(TOKEN);
  });

  it('carry no key, and say what the receiver may read', async () => {
    const { deploy, plant, adapter, target } = await stand();
    await deploy();
    // What a receiver says may repeat what it was sent.
    plant(jsonResponse(422, { detail: `no: ${JSON.stringify(target)}` }));
    const answer = await adapter.deploy(target, renewed());
    expect(JSON.stringify([answer, target])).not.toContain(TOKEN);
    expect(JSON.stringify(target)).not.toMatch(/whsec_|PRIVATE/);
  });

  it('are not sent when the vault does not give the URL', async () => {
    const { adapter, target } = await stand();
    const elsewhere = { ...target, url: target.url.replace('/url', '/nothing') };
    await expect(adapter.deploy(elsewhere, renewed())).rejects.toMatchObject({ code: 'vault-forbidden' });
  });
});

function told(error: unknown): string {
  if (!(error instanceof RenewalError)) throw new TypeError('no RenewalError was thrown');
  return JSON.stringify([error.message, error.stack, error.cause, error.problems]);
}
