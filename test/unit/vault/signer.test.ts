import type { PipelineRequest } from '@azure/core-rest-pipeline';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { createVaultSigner } from '../../../src/vault/signer.ts';
import { bundle, connection, fixture, refusal, ScriptedVault, vault } from './scripted-vault.ts';

const certificateId = `${vault}/certificates/shop`;
const sign = `POST /keys/shop/${'b'.repeat(32)}/sign`;
const signature = { status: 200, body: { kid: `${vault}/keys/shop/${'b'.repeat(32)}`, value: 'AQID' } };
const digest = new Uint8Array(32);

function scripted(): ScriptedVault {
  return new ScriptedVault().on('GET /certificates/shop/', { status: 200, body: bundle('leaf') }).on(sign, signature);
}

describe('createVaultSigner', () => {
  it('answers with the certificate and signs with its key, without reading the key', async () => {
    const http = scripted();
    const signer = createVaultSigner({ ...connection(http), certificateId });
    const current = await signer.current();
    expect(current.certificate).toBe(fixture('leaf'));
    expect([...(await current.sign('ES256', digest))]).toEqual([1, 2, 3]);
    expect(http.calls).toEqual(['GET /certificates/shop/', sign]);
    expect(http.bodies[1]).toMatchObject({ alg: 'ES256', value: Buffer.from(digest).toString('base64url') });
  });

  it('sends every digest even when the first signatures are asked for at the same time', async () => {
    const http = scripted();
    const held: (() => void)[] = [];
    // The later challenge is answered first: the order in which the client would lose the body of the earlier call.
    http.challenge = async (request: PipelineRequest) => {
      if (!request.url.includes('/keys/')) return;
      if (request.body === null) await new Promise<void>((resolve) => held.push(resolve) && setImmediate(resolve));
    };
    const signer = createVaultSigner({ ...connection(http), certificateId });
    await Promise.all([1, 2, 3].map(async () => (await signer.current()).sign('ES256', digest)));
    expect(http.bodies.slice(1).filter((body) => body === null || body === undefined)).toEqual([]);
    expect(http.calls.filter((call) => call === sign)).toHaveLength(3);
  });

  it('goes on after a first signature that failed', async () => {
    const http = scripted().on(sign, refusal(403, 'Forbidden', 'no sign', 'ForbiddenByRbac'), signature);
    const signer = createVaultSigner({ ...connection(http), certificateId });
    const { sign: signs } = await signer.current();
    const [first, second] = await Promise.allSettled([signs('ES256', digest), signs('ES256', digest)]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'vault-forbidden' } });
    expect(second.status).toBe('fulfilled');
  });

  it('reads the certificate again after five minutes, and after a failure', async () => {
    const http = scripted().on('GET /certificates/shop/', { status: 400 }, { status: 200, body: bundle('leaf') });
    const clock = new ManualClock(new Date('2026-03-01T00:00:00Z'));
    const signer = createVaultSigner({ ...connection(http), clock, certificateId });
    await expect(signer.current()).rejects.toMatchObject({ code: 'vault-refused' });
    await signer.current();
    clock.advance(299_000);
    await signer.current();
    expect(http.calls).toHaveLength(2);
    clock.advance(1_000);
    await signer.current();
    expect(http.calls).toHaveLength(3);
  });

  const [old, middle, young] = ['a', 'b', 'c'].map((letter) => letter.repeat(32));
  const at = (day: number) => Date.parse(`2026-03-${String(day).padStart(2, '0')}T00:00:00Z`) / 1000;
  const life = (nbf: number, exp: number, enabled = true) => ({ enabled, nbf: at(nbf), exp: at(exp) });
  const item = (version: string | undefined, attributes: object, created: number) => ({
    id: `${vault}/certificates/shop/${version}`,
    attributes: { ...attributes, created: at(created) },
  });
  const version = (id: string | undefined, attributes: object) => ({
    status: 200,
    body: { ...Object(bundle('leaf')), ...item(id, attributes, 1) },
  });

  it('signs with the newest version that is valid, while the newest of all is not yet', async () => {
    const http = scripted()
      .on('GET /certificates/shop/', version(young, life(10, 20)))
      .on('GET /certificates/shop/versions', {
        status: 200,
        body: {
          value: [item(old, life(1, 20), 1), item(middle, life(1, 20), 2), item(young, life(10, 20), 3)],
        },
      })
      .on(`GET /certificates/shop/${middle}`, version(middle, life(1, 20)));
    const clock = new ManualClock(new Date('2026-03-05T00:00:00Z'));
    const signer = createVaultSigner({ ...connection(http), clock, certificateId });
    expect((await signer.current()).version).toBe(middle);
    clock.advance(6 * 86_400_000);
    expect((await signer.current()).version).toBe(young);
  });

  it.each([
    ['disabled', life(1, 20, false)],
    ['expired', life(1, 2)],
  ])('does not sign with a newest version that is %s, as long as there is another', async (_, attributes) => {
    const versions = { value: [item(old, life(1, 20), 1), item(young, attributes, 3)] };
    const http = scripted()
      .on('GET /certificates/shop/', version(young, attributes))
      .on('GET /certificates/shop/versions', { status: 200, body: versions })
      .on(`GET /certificates/shop/${old}`, version(old, life(1, 20)));
    const clock = new ManualClock(new Date('2026-03-05T00:00:00Z'));
    const signer = createVaultSigner({ ...connection(http), clock, certificateId });
    expect((await signer.current()).version).toBe(old);
    expect((await signer.versions()).map((one) => one.version)).toEqual([old]);
    const alone = scripted()
      .on('GET /certificates/shop/', version(young, attributes))
      .on('GET /certificates/shop/versions', { status: 200, body: { value: [item(young, attributes, 3)] } });
    expect((await createVaultSigner({ ...connection(alone), clock, certificateId }).current()).version).toBe(young);
  });

  it('lists what is in force or will be, newest first, and reads each version once', async () => {
    const http = scripted()
      .on('GET /certificates/shop/versions', {
        status: 200,
        body: { value: [item(old, life(1, 20), 1), item(young, life(10, 20), 3), item(middle, life(1, 2), 2)] },
      })
      .on(`GET /certificates/shop/${old}`, version(old, life(1, 20)))
      .on(`GET /certificates/shop/${young}`, version(young, life(10, 20)));
    const clock = new ManualClock(new Date('2026-03-05T00:00:00Z'));
    const signer = createVaultSigner({ ...connection(http), clock, certificateId });
    for (const _ of [1, 2]) expect((await signer.versions()).map((one) => one.version)).toEqual([young, old]);
    expect((await signer.version(old ?? '')).version).toBe(old);
    expect(http.calls.filter((call) => call.endsWith(String(old)))).toHaveLength(1);
  });

  it('refuses what is no version', async () => {
    const signer = createVaultSigner({ ...connection(scripted()), certificateId });
    await expect(signer.version('../other')).rejects.toMatchObject({ code: 'vault-refused' });
  });

  it.each(['', 'shop', 'http://unit.vault.azure.net/certificates/shop', 'https://unit.vault.azure.net/keys/shop'])(
    'refuses the id %j',
    (id) => {
      const make = () => createVaultSigner({ ...connection(new ScriptedVault()), certificateId: id });
      expect(make).toThrow(expect.objectContaining({ code: 'vault-refused' }));
    },
  );
});
