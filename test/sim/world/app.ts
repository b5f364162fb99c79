import { randomBytes } from 'node:crypto';
import type { TokenCredential } from '@azure/identity';
import type { Principals } from '../../../local/stand/principals.ts';
import { createArm } from '../../../src/azure/arm.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryRevocations } from '../../../src/estate/memory.ts';
import type { Issuer } from '../../../src/issuers/port.ts';
import { create } from '../../../src/issuers/vault-ca.ts';
import type { Dependencies } from '../../../src/renewal/dependencies.ts';
import { createLease } from '../../../src/renewal/lease.ts';
import { createTarget } from '../../../src/targets/registry.ts';
import { createCredentialReader } from '../../../src/vault/credential-facts.ts';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import { createVaultSigner } from '../../../src/vault/signer.ts';
import { issuerOver } from './issuer.ts';
import type { Line } from './line.ts';
import { estateOver, issuancesOver, journalOver } from './stores.ts';
import { targetOver } from './target.ts';
import { wire } from './wire.ts';
import type { World } from './world.ts';

/** Two certificates of one vault that are due at once have to take turns. */
export const STARTS_PER_VAULT = 1;

/** The app as one life of its process has it: the real adapters, nothing shared with the life before but what is durable. */
export function createApp(world: World, line: Line): Dependencies {
  const { appClock: clock } = world;
  const httpClient = wire(world, line);
  const connection = {
    ...{ clock, httpClient, verifyChallenge: true },
    credential: credentialOf(world, line, 'renewer'),
  };
  const pause = (milliseconds: number): Promise<void> => line.turn(milliseconds);
  const arm = createArm({
    endpoint: 'https://management.azure.com',
    credential: credentialOf(world, line, 'deployer'),
    httpClient,
  });
  const issuances = issuancesOver(world, line);
  const signerOf = (certificateId: string) => createVaultSigner({ ...connection, certificateId });
  const issuers = new Map<string, Issuer>();
  return {
    clock,
    estate: () => Promise.resolve(world.estate),
    vault: createKeyVault({ ...connection, pause }),
    store: estateOver(world, line),
    journal: journalOver(world, line),
    rows: world.stores.rows,
    lease: createLease({ ...world.stores, clock, owner: 'simulated' }),
    startsPerVault: STARTS_PER_VAULT,
    issuer(estate, name) {
      const plan = estate.issuers[name];
      if (plan?.kind !== 'vault-ca') throw new RenewalError('estate-invalid', `no vault CA ${name}`);
      const made =
        issuers.get(name) ??
        issuerOver(
          world,
          line,
          create(plan, {
            ...{ signer: signerOf(plan.certificate), issuances, clock, random: randomBytes },
            ...{ revocations: createMemoryRevocations(), rows: world.stores.rows },
          }),
        );
      issuers.set(name, made);
      return made;
    },
    credentialFacts: createCredentialReader(connection),
    target: (_estate, _issuer, kind) => targetOver(world, line, createTarget(kind, { arm, clock })),
  };
}

/** A token that expires as others do, when one can be had at all. */
function credentialOf(world: World, line: Line, principal: keyof Principals): TokenCredential {
  return {
    async getToken(scopes) {
      await line.turn();
      if (world.faults.strikes('id.down', String(principal))) throw new NoToken();
      const [scope = ''] = [scopes].flat();
      const token = world.cloud.token(principal, scope.replace(/\/\.default$/, ''));
      return { token, expiresOnTimestamp: world.clock.milliseconds + 3_500_000 };
    },
  };
}

/** As the identity library says it when its endpoint does not answer. */
class NoToken extends Error {
  override readonly name = 'CredentialUnavailableError';

  constructor() {
    super('simulated: the identity endpoint does not answer');
  }
}
