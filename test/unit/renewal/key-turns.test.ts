import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { runStep } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { Inspected } from '../../../src/renewal/story.ts';
import { takeTurn, turnSeconds } from '../../../src/renewal/turn.ts';
import { createStepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

const WAITING = 60;
/** Of attempts: the first, and one after each wait of the table of retries. */
const MOST_ATTEMPTS = 10;

let world: World;
let inspected: Inspected;
beforeEach(async () => {
  world = await createWorld();
  inspected = await (await createStepRunner(world)).value('inspect', { reason: 'sweep' });
  // The start of that one took a turn.
  world.clock.advance(turnSeconds * 1000);
});

const name = (at: number): string => `shop-${at}`;

/** `attempt` of the renewal of `certificate`, whose facts are those of `shop`. */
async function request(certificate: string, attempt: number): Promise<'done' | number> {
  if (world.vault.get(certificate).state === 'absent') world.vault.set(certificate, inspected.facts);
  const input = { renewalId: `renewal-of-${certificate}`, vault: 'kv-web', certificate, attempt, inspected };
  const answer = await runStep('request', steps.request, { input, app: world.app });
  if (answer.state === 'done') return 'done';
  expect(answer).toMatchObject({ state: 'again', code: 'vault-throttled' });
  return answer.state === 'again' ? (answer.retryAfterSeconds ?? 0) : 0;
}

async function useUpTurns(): Promise<void> {
  while ((await takeTurn('kv-web', world.app)) !== undefined);
}

const keysAsked = () => world.vault.calls.filter((verb) => verb === 'request').length;

describe('request', () => {
  it('makes the key of a renewal that has just started, whatever turns are left', async () => {
    await useUpTurns();
    expect(await request('shop-1', 1)).toBe('done');
  });

  it('waits for a turn when it tries again, and makes no key meanwhile', async () => {
    await useUpTurns();
    expect(await request('shop-1', 2)).toBe(turnSeconds);
    expect(keysAsked()).toBe(0);
    world.clock.advance(turnSeconds * 1000);
    expect(await request('shop-1', 2)).toBe('done');
    expect(keysAsked()).toBe(1);
  });

  it('waits for a turn when its renewal was started again before there was a key', async () => {
    world.vault.fail = (verb) => {
      if (verb === 'request') throw new RenewalError('vault-throttled', 'key-vault: request: 429');
    };
    await request('shop-1', 1);
    delete world.vault.fail;
    await useUpTurns();
    expect(await request('shop-1', 1)).toBe(turnSeconds);
  });

  it('takes up a key that is there without a turn', async () => {
    await request('shop-1', 1);
    await useUpTurns();
    expect(await request('shop-1', 2)).toBe('done');
    expect(keysAsked()).toBe(1);
  });

  it('makes no more keys in ten seconds than a vault may, when an outage ends for all at once', async () => {
    let waiting = Array.from({ length: WAITING }, (_, at) => name(at));
    const perWindow: number[] = [];
    for (let attempt = 2; waiting.length > 0; attempt++) {
      expect(attempt).toBeLessThanOrEqual(MOST_ATTEMPTS);
      const before = keysAsked();
      const answers = await Promise.all(waiting.map((certificate) => request(certificate, attempt)));
      perWindow.push(keysAsked() - before);
      waiting = waiting.filter((_, at) => answers[at] !== 'done');
      world.clock.advance(turnSeconds * 1000);
    }
    expect(perWindow).toEqual(
      Array.from({ length: WAITING / world.app.startsPerVault }, () => world.app.startsPerVault),
    );
  });
});
