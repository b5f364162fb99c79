import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import type { Issuer, RevokeRequest } from '../../../src/issuers/port.ts';
import { createStepRunner, type StepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

let world: World;
let steps: StepRunner;
beforeEach(async () => {
  world = await createWorld();
  steps = await createStepRunner(world);
});

const extra = Buffer.from('an extra leaf').toString('base64');
const sha256 = createHash('sha256').update('an extra leaf').digest('hex');

/** Polls an issuer that tells of an extra leaf; answers with what the journal says of it. */
async function polled(levers: Partial<Issuer>) {
  const inspected = await steps.value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await steps.value('request', { inspected });
  const { reference } = await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
  const { poll } = world.app.issuer(await world.app.estate(), 'internal');
  world.levers.issuer = {
    ...levers,
    async poll(order) {
      const status = await poll(order);
      return status.state === 'issued' ? { ...status, extra: [extra, status.chain[0] ?? ''] } : status;
    },
  };
  const asks = { reference, issuer: 'internal', round: 1 };
  expect(await steps.value('poll', asks)).toMatchObject({ state: 'issued' });
  await steps.value('poll', asks);
  const chain = await world.app.journal.read(steps.renewalId);
  return chain.filter(({ step }) => step === 'extra').map(({ facts }) => facts);
}

describe('a certificate that an issuer made besides', () => {
  it('is journalled and revoked, and the one that is taken is not', async () => {
    const asked: RevokeRequest[] = [];
    const told = await polled({
      async revoke(request) {
        asked.push(request);
        return { state: 'revoked' };
      },
    });
    expect(asked).toEqual([{ certificate: extra, reason: 'superseded' }]);
    expect(told).toMatchObject([
      { certificate: sha256, reason: 'superseded' },
      { certificate: sha256, state: 'revoked' },
    ]);
  });

  it('is journalled where the issuer revokes nothing', async () => {
    expect((await polled({}))[1]).toMatchObject({ state: 'kept', detail: 'this issuer revokes nothing' });
  });

  it('stops no renewal when it cannot be revoked', async () => {
    const told = await polled({ revoke: () => Promise.reject(new RenewalError('issuer-unreachable', 'down')) });
    expect(told[1]).toMatchObject({ state: 'kept', code: 'issuer-unreachable', detail: 'not revoked: down' });
  });
});
