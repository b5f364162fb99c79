import { setTimeout as sleep } from 'node:timers/promises';
import { createArm } from '../../src/azure/arm.ts';
import { clock } from '../../src/clock.ts';
import { createMemoryAppRows } from '../../src/estate/memory.ts';
import { create } from '../../src/issuers/acme.ts';
import type { Order, PlacedOrder } from '../../src/issuers/port.ts';
import type { VaultConnection } from '../../src/vault/connection.ts';
import { createVaultKey } from '../../src/vault/key.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import { certificateName, DOMAIN, type RunnerGround } from './order.ts';
import { serveRunner } from './runner.ts';

/** The shortest wait that an orchestration makes between two polls. */
const SHORTEST_WAIT_SECONDS = 1;

/** As the pipeline does it: the key is made in the vault and stays there, and so does the key of the account. */
serveRunner(async (ground) => {
  const connection = connectionOf(ground);
  const vault = createKeyVault(connection);
  const issuer = issuerOf(ground, connection);
  return async (name) => {
    const ref = { vault: ground.vault, name: certificateName(name, 'perennial'), tags: {} };
    const { csr } = await vault.request({
      ...ref,
      subject: `CN=${name}`,
      dnsNames: [name],
      keyType: 'P-256',
      exportable: true,
      contentType: 'application/x-pem-file',
      validityMonths: 3,
    });
    const placed = await issuer.submit({ renewalId: name, csr, validityDays: 90 });
    if ('state' in placed) throw new TypeError(placed.reason);
    await vault.merge({ ...ref, chain: await chainOf({ ...placed, csr: async () => csr }) });
  };

  async function chainOf(order: PlacedOrder & Order): Promise<readonly string[]> {
    for (;;) {
      const status = await issuer.poll(order);
      if (status.state === 'issued') return status.chain;
      if (status.state === 'rejected') throw new TypeError(status.reason);
      await sleep(Math.max(SHORTEST_WAIT_SECONDS, status.retryAfterSeconds) * 1000);
    }
  }
});

function connectionOf({ vaultToken, trust }: RunnerGround): VaultConnection {
  return { credential: fixed(vaultToken), verifyChallenge: false, clock, tls: { ca: trust.join('\n') } };
}

function issuerOf(ground: RunnerGround, connection: VaultConnection) {
  const { zone, trust } = ground;
  const arm = createArm({
    endpoint: zone.endpoint,
    credential: fixed(zone.token),
    tls: { ca: trust.join('\n') },
  });
  return create(
    {
      kind: 'acme',
      directory: ground.directory,
      accountKey: ground.accountKey,
      contact: [],
      private: true,
      trust,
      dns: { zones: [zone.id], waitSeconds: 0 },
      chain: [],
      roots: ground.roots,
      limits: { maxDays: 398, keys: ['P-256'], dnsSuffixes: [DOMAIN] },
    },
    {
      accountKey: createVaultKey({ ...connection, keyId: ground.accountKey }),
      secret: () => Promise.reject(new TypeError('no account of this bench is bound to another')),
      mayConnect: () => true,
      ...{ arm, clock, rows: createMemoryAppRows() },
    },
  );
}

function fixed(token: string) {
  return { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_000_000 }) };
}
