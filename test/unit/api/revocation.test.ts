import { beforeEach, describe, expect, it } from 'vitest';
import { problemDocument } from '../../../src/api/problems.ts';
import { postRevocation, revocation } from '../../../src/api/revocation.ts';
import { RenewalError } from '../../../src/errors.ts';
import type { RevokeRequest, RevokeResult } from '../../../src/issuers/port.ts';
import { createStepRunner, type StepRunner } from '../../builders/step-runner.ts';
import { createWorld, type World } from '../../builders/world.ts';

const OLD = 'a'.repeat(32);
const NEW = 'b'.repeat(32);

let world: World;
let steps: StepRunner;
let asked: RevokeRequest[];
/** What the issuer answers; `undefined`: nothing. */
let answer: RevokeResult | undefined;

beforeEach(async () => {
  world = await createWorld();
  steps = await createStepRunner(world);
  asked = [];
  answer = { state: 'revoked' };
  world.levers.issuer = {
    async revoke(request) {
      asked.push(request);
      if (answer === undefined)
        throw new RenewalError('issuer-unreachable', 'the CA is down', { retryAfterSeconds: 7 });
      return answer;
    },
  };
});

/** The version that was current becomes the old one. */
async function renew() {
  const inspected = await steps.value('inspect', { reason: 'sweep' });
  const { csrSha256 } = await steps.value('request', { inspected });
  const { reference } = await steps.value('submit', { csrSha256, issuer: 'internal', validityDays: 90 });
  await steps.value('poll', { reference, issuer: 'internal', round: 1 });
  const checked = await steps.value('check', { plan: inspected.plan, csrSha256, old: inspected.old, reason: 'sweep' });
  return { inspected, version: await steps.value('merge', { checked, csrSha256, inspected }) };
}

const contentType = 'application/json';
const revoke = (body: object, place: { vault?: string; name?: string } = {}) =>
  postRevocation(world.app, {
    ...{ vault: 'kv-web', name: 'shop', contentType },
    ...place,
    body: JSON.stringify(body),
  });

async function told(journal: string) {
  const chain = await world.app.journal.read(journal);
  return chain.filter(({ step }) => step === 'revoke').map(({ key, facts }) => ({ key, ...facts }));
}

describe('POST revoke', () => {
  it('revokes an old version, with intent and result in the journal', async () => {
    const { inspected } = await renew();
    const { status, body } = await revoke({ version: OLD.toUpperCase(), reason: 'superseded', comment: 'ticket 7' });
    expect(status).toBe(200);
    const done = revocation.parse(body);
    expect(done).toMatchObject({ state: 'revoked', version: OLD, sha256: inspected.old.sha256, issuer: 'internal' });
    expect(asked).toMatchObject([{ reason: 'superseded' }]);
    expect(await told(done.journal)).toMatchObject([
      { key: `revoke:${OLD}#1:intent`, reason: 'superseded', force: false, comment: 'ticket 7' },
      { key: `revoke:${OLD}#1:result`, state: 'revoked', certificate: inspected.old.sha256 },
    ]);
  });

  it('journals in the chain of the renewal that made the version', async () => {
    const { version } = await renew();
    const { body } = await revoke({ reason: 'keyCompromise', force: true });
    expect(body).toMatchObject({ version: NEW, sha256: version.sha256, journal: steps.renewalId });
    expect(await told(steps.renewalId)).toHaveLength(2);
  });

  it('asks the issuer once when it is repeated', async () => {
    await renew();
    const first = await revoke({ version: OLD, reason: 'superseded' });
    expect(await revoke({ version: OLD, reason: 'keyCompromise' })).toEqual(first);
    expect(asked).toHaveLength(1);
  });

  it('answers 202 while somebody at the issuer has to agree, and asks again', async () => {
    await renew();
    answer = { state: 'requested', detail: 'request 12 is with an administrator' };
    const { status, body } = await revoke({ version: OLD, reason: 'superseded' });
    expect([status, body]).toMatchObject([202, { state: 'requested', detail: 'request 12 is with an administrator' }]);
    answer = { state: 'revoked' };
    expect(await revoke({ version: OLD, reason: 'superseded' })).toMatchObject({ status: 200 });
    expect((await told(revocation.parse(body).journal)).map(({ key }) => key)).toEqual(
      [1, 2].flatMap((round) => [`revoke:${OLD}#${round}:intent`, `revoke:${OLD}#${round}:result`]),
    );
  });

  it('gives the words of an issuer that refuses', async () => {
    await renew();
    answer = { state: 'refused', reason: 'certificate is on hold' };
    const { status, body } = await revoke({ version: OLD, reason: 'superseded' });
    expect([status, problemDocument.parse(body)]).toMatchObject([
      409,
      { code: 'revoke-refused', detail: 'The issuer internal refused: certificate is on hold' },
    ]);
  });

  it('journals that an issuer did not answer, and throws it', async () => {
    await renew();
    answer = undefined;
    await expect(revoke({ version: OLD, reason: 'superseded' })).rejects.toMatchObject({ code: 'issuer-unreachable' });
    answer = { state: 'revoked' };
    const { body } = await revoke({ version: OLD, reason: 'superseded' });
    expect((await told(revocation.parse(body).journal))[1]).toMatchObject({ again: 'issuer-unreachable' });
  });

  it('refuses what is current unless it is forced', async () => {
    await renew();
    for (const version of [undefined, NEW]) {
      const { status, body } = await revoke({ reason: 'superseded', ...(version !== undefined && { version }) });
      expect([status, body]).toMatchObject([409, { code: 'still-in-use' }]);
      expect(problemDocument.parse(body).detail).toContain('it is the current version');
    }
    expect(asked).toEqual([]);
    expect(await revoke({ reason: 'superseded', force: true })).toMatchObject({ status: 200 });
  });

  it('refuses what a target was last seen serving unless it is forced', async () => {
    const { inspected } = await renew();
    const [target] = inspected.targets ?? [];
    await world.app.store.saveTarget({
      ...{ certificate: 'kv-web/shop', targetId: target?.id ?? '', kind: 'app-service', renewalId: steps.renewalId },
      ...{ servedSha256: inspected.old.sha256, expectedSha256: 'e', verified: false, seenAt: '2026-06-01T00:00:00Z' },
    });
    const { body } = await revoke({ version: OLD, reason: 'superseded' });
    expect(problemDocument.parse(body)).toMatchObject({
      code: 'still-in-use',
      detail:
        'Clients that check revocation would refuse what is served: 1 of the targets were last seen serving it. Renew it first, or send force: true.',
    });
    expect(await revoke({ version: OLD, reason: 'superseded', force: true })).toMatchObject({ status: 200 });
  });

  it.each([
    ['an unknown version', { version: 'c'.repeat(32) }, {}, 404, 'version-unknown'],
    ['a certificate that is not in the estate', { version: OLD }, { name: 'other' }, 404, 'not-in-estate'],
    ['a vault that is not in the estate', { version: OLD }, { vault: 'kv-other' }, 404, 'vault-outside-estate'],
  ] as const)('refuses %s', async (_what, body, place, status, code) => {
    const answered = await revoke({ reason: 'superseded', ...body }, place);
    expect(answered).toMatchObject({ status, body: { code } });
  });

  it('refuses where the vault holds nothing of that name', async () => {
    world.vault.set('shop', { state: 'absent', softDeleted: false });
    expect(await revoke({ reason: 'superseded' })).toMatchObject({ status: 404, body: { code: 'gone' } });
  });

  it('refuses where the issuer revokes nothing', async () => {
    world.levers.issuer = {};
    const { status, body } = await revoke({ version: OLD, reason: 'superseded' });
    expect([status, body]).toMatchObject([409, { code: 'revoke-unsupported' }]);
    expect(problemDocument.parse(body).detail).toBe(
      'The issuer internal (vault-ca) revokes nothing through Perennial.',
    );
  });

  it('leaves it to the app that holds the lease', async () => {
    const hold = { state: 'elsewhere', owner: 'other', expiresAt: '2026-06-01T13:00:00Z' } as const;
    Object.assign(world.app, { lease: { hold: async () => hold } });
    expect(await revoke({ reason: 'superseded' })).toMatchObject({ status: 409, body: { code: 'another-app' } });
  });

  it.each([
    ['reason', { reason: 'because' }],
    ['reason', {}],
    ['version', { reason: 'superseded', version: 'latest' }],
    ['force', { reason: 'superseded', force: 'yes' }],
    ['comment', { reason: 'superseded', comment: 'a\u0000b' }],
    ['cause', { reason: 'superseded', cause: 'x' }],
  ])('names %s when it is wrong', async (field, body) => {
    const { status, body: problem } = await revoke(body);
    expect(status).toBe(422);
    expect(problemDocument.parse(problem).errors).toMatchObject([{ field }]);
    expect(asked).toEqual([]);
  });

  it('names every wrong part of the path', async () => {
    const { status, body } = await revoke({ reason: 'superseded' }, { vault: 'a/b', name: 'x y' });
    expect(status).toBe(422);
    expect(problemDocument.parse(body).errors).toMatchObject([{ field: 'vault' }, { field: 'name' }]);
  });

  it('wants JSON', async () => {
    const sent = { vault: 'kv-web', name: 'shop', contentType: 'text/plain', body: '{}' };
    expect(await postRevocation(world.app, sent)).toMatchObject({ status: 415 });
    expect(await postRevocation(world.app, { ...sent, contentType, body: '{' })).toMatchObject({ status: 400 });
  });
});
