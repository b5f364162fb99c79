import { beforeAll, describe, expect, it } from 'vitest';
import { createKeys, issue } from '../../../local/pki.ts';
import { RenewalError } from '../../../src/errors.ts';
import type { Issuance } from '../../../src/estate/port.ts';
import { create, type VaultCaDependencies } from '../../../src/issuers/vault-ca.ts';
import type { VaultSigner } from '../../../src/vault/port.ts';
import { createWorld, csrOf, DAY, now, signerOf, type World } from './authority.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});

describe('errors of the vault CA', () => {
  const order = { renewalId: 'shop-7', validityDays: 90 };

  function failing(error: unknown): VaultCaDependencies {
    const signer: VaultSigner = {
      current: () => Promise.reject(error),
      version: () => Promise.reject(error),
      versions: () => Promise.reject(error),
    };
    return { ...world.dependencies, signer };
  }

  it.each([
    ['vault-unreachable', 'issuer-unreachable'],
    ['vault-throttled', 'issuer-unreachable'],
    ['storage-unreachable', 'issuer-unreachable'],
    ['vault-forbidden', 'issuer-misconfigured'],
    ['vault-refused', 'issuer-misconfigured'],
  ] as const)('are the port’s own: %s becomes %s', async (code, expected) => {
    const error = new RenewalError(code, 'key-vault: sign failed', { retryAfterSeconds: 7 });
    const answer = create(world.plan, failing(error)).submit({ ...order, csr: csrOf({ keys: world.keys }) });
    await expect(answer).rejects.toMatchObject({
      code: expected,
      retryAfterSeconds: 7,
      message: 'vault-ca: submit failed: order=shop-7: key-vault: sign failed',
    });
  });

  it('say that the configured certificate is no CA', async () => {
    const leaf = await issue(world.ca, { subject: 'CN=x', notBefore: now, notAfter: new Date(now.getTime() + DAY) });
    const wrong = create(world.plan, { ...world.dependencies, signer: signerOf(leaf) });
    const answer = wrong.submit({ ...order, csr: csrOf({ keys: world.keys }) });
    await expect(answer).rejects.toMatchObject({ code: 'issuer-misconfigured' });
  });

  it('say that the key is not that of the CA certificate', async () => {
    const reference = await create(world.plan, world.dependencies).submit({
      ...{ renewalId: 'shop-8', validityDays: 90, csr: csrOf({ keys: world.keys }) },
    });
    if ('state' in reference) throw new TypeError(reference.reason);
    const other = await createKeys('P-256');
    const wrong = create(world.plan, { ...world.dependencies, signer: signerOf({ der: world.ca.der, keys: other }) });
    await expect(wrong.poll(reference)).rejects.toMatchObject({ code: 'issuer-misconfigured' });
  });

  it('leave no certificate behind when nothing could be recorded', async () => {
    const full = new RenewalError('storage-unreachable', 'estate: put failed');
    const issuances = { ...world.dependencies.issuances, putIfAbsent: (): Promise<Issuance> => Promise.reject(full) };
    const answer = create(world.plan, { ...world.dependencies, issuances }).submit({
      ...order,
      csr: csrOf({ keys: world.keys }),
    });
    await expect(answer).rejects.toMatchObject({ code: 'issuer-unreachable', retry: true });
  });
});
