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
    expect(await signer.certificate()).toBe(fixture('leaf'));
    expect([...(await signer.sign('ES256', digest))]).toEqual([1, 2, 3]);
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
    await Promise.all([1, 2, 3].map(() => signer.sign('ES256', digest)));
    expect(http.bodies.slice(1).filter((body) => body === null || body === undefined)).toEqual([]);
    expect(http.calls.filter((call) => call === sign)).toHaveLength(3);
  });

  it('goes on after a first signature that failed', async () => {
    const http = scripted().on(sign, refusal(403, 'Forbidden', 'no sign', 'ForbiddenByRbac'), signature);
    const signer = createVaultSigner({ ...connection(http), certificateId });
    const [first, second] = await Promise.allSettled([signer.sign('ES256', digest), signer.sign('ES256', digest)]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'vault-forbidden' } });
    expect(second.status).toBe('fulfilled');
  });

  it('reads the certificate again after five minutes, and after a failure', async () => {
    const http = scripted().on('GET /certificates/shop/', { status: 400 }, { status: 200, body: bundle('leaf') });
    const clock = new ManualClock(new Date('2026-03-01T00:00:00Z'));
    const signer = createVaultSigner({ ...connection(http), clock, certificateId });
    await expect(signer.certificate()).rejects.toMatchObject({ code: 'vault-refused' });
    await signer.certificate();
    clock.advance(299_000);
    await signer.certificate();
    expect(http.calls).toHaveLength(2);
    clock.advance(1_000);
    await signer.certificate();
    expect(http.calls).toHaveLength(3);
  });

  it.each(['', 'shop', 'http://unit.vault.azure.net/certificates/shop', 'https://unit.vault.azure.net/keys/shop'])(
    'refuses the id %j',
    (id) => {
      const make = () => createVaultSigner({ ...connection(new ScriptedVault()), certificateId: id });
      expect(make).toThrow(expect.objectContaining({ code: 'vault-refused' }));
    },
  );
});
