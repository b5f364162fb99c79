import { randomBytes } from 'node:crypto';
import type { HttpClient } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import type { Principals } from '../../../local/stand/principals.ts';
import { addressRule } from '../../../src/address.ts';
import { type Arm, createArm } from '../../../src/azure/arm.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryRevocations } from '../../../src/estate/memory.ts';
import * as acme from '../../../src/issuers/acme.ts';
import { createBreaker } from '../../../src/issuers/breaker.ts';
import { guarded } from '../../../src/issuers/guarded.ts';
import * as partner from '../../../src/issuers/partner.ts';
import type { Issuer } from '../../../src/issuers/port.ts';
import * as vaultCa from '../../../src/issuers/vault-ca.ts';
import type { IssuerPlan } from '../../../src/plan/types.ts';
import type { Dependencies } from '../../../src/renewal/dependencies.ts';
import { createLease } from '../../../src/renewal/lease.ts';
import { createTarget } from '../../../src/targets/registry.ts';
import type { VaultConnection } from '../../../src/vault/connection.ts';
import { createCredentialReader } from '../../../src/vault/credential-facts.ts';
import { createVaultKey } from '../../../src/vault/key.ts';
import { createKeyVault } from '../../../src/vault/key-vault.ts';
import type { Vault } from '../../../src/vault/port.ts';
import { createSecretReader } from '../../../src/vault/secret.ts';
import { createVaultSigner } from '../../../src/vault/signer.ts';
import { issuerOver } from './issuer.ts';
import type { Line } from './line.ts';
import { estateOver, issuancesOver, journalOver, rowsOver } from './stores.ts';
import { targetOver } from './target.ts';
import { watched } from './watched-issuer.ts';
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
  const vault = createKeyVault({ ...connection, pause });
  const credential = credentialOf(world, line, 'deployer');
  const arm = createArm({ endpoint: 'https://management.azure.com', credential, httpClient });
  return {
    clock,
    estate: () => Promise.resolve(world.estate),
    vault,
    store: estateOver(world, line),
    journal: journalOver(world, line),
    rows: world.stores.rows,
    lease: createLease({ ...world.stores, clock, owner: 'simulated' }),
    startsPerVault: STARTS_PER_VAULT,
    issuer: issuersOf(world, line, { connection, vault, arm, httpClient }),
    target: (_estate, issuer, kind) => {
      const ca = issuer === 'internal' || issuer === 'partner' ? issuer : 'public';
      const { root } = world.cloud.authorityOf({ ca });
      return targetOver({ world, line, root }, createTarget(kind, { arm, clock, credential, httpClient }));
    },
    credentialFacts: createCredentialReader(connection),
  };
}

interface IssuerParts {
  readonly connection: VaultConnection;
  readonly vault: Vault;
  readonly arm: Arm;
  readonly httpClient: HttpClient;
}

/** The real issuers: the vault CA behind everything that a CA may do wrong, the public one at an emulator that does it. */
function issuersOf(
  world: World,
  line: Line,
  { connection, vault, arm, httpClient }: IssuerParts,
): Dependencies['issuer'] {
  const shared = { clock: world.appClock, rows: rowsOver(world, line) };
  const make = (plan: IssuerPlan): Issuer => {
    switch (plan.kind) {
      case 'vault-ca': {
        const signer = createVaultSigner({ ...connection, certificateId: plan.certificate });
        const durable = { issuances: issuancesOver(world, line), revocations: createMemoryRevocations() };
        const issuer = vaultCa.create(plan, { ...shared, ...durable, signer, random: randomBytes });
        return issuerOver(world, line, issuer);
      }
      case 'acme': {
        const accountKey = createVaultKey({ ...connection, keyId: plan.accountKey });
        const secret = createSecretReader(connection);
        const reach = { arm, httpClient, mayConnect: addressRule([]) };
        return watched(world, acme.create(plan, { ...shared, ...reach, accountKey, secret }));
      }
      case 'partner':
        return watched(world, partner.create(plan, { ...shared, vault }));
      default:
        throw new RenewalError('estate-invalid', `simulated: no issuer of kind ${plan.kind}`);
    }
  };
  const issuers = new Map<string, Issuer>();
  return (estate, name) => {
    const known = issuers.get(name);
    if (known !== undefined) return known;
    const plan = estate.issuers[name];
    if (plan === undefined) throw new RenewalError('estate-invalid', `no issuer ${name}`);
    const made = guarded(make(plan), createBreaker({ issuer: name, ...shared }));
    issuers.set(name, made);
    return made;
  };
}

/** A token that expires as others do, when one can be had at all. */
function credentialOf(world: World, line: Line, principal: keyof Principals): TokenCredential {
  return {
    async getToken(scopes) {
      await line.turn();
      if (world.faults.strikes('id.down', String(principal))) throw new NoToken(() => world.crash(line, false));
      const [scope = ''] = [scopes].flat();
      const token = world.cloud.token(principal, scope.replace(/\/\.default$/, ''));
      return { token, expiresOnTimestamp: world.clock.milliseconds + 3_500_000 };
    },
  };
}

/** As the identity library says it when its endpoint does not answer. */
class NoToken extends Error {
  override readonly name = 'CredentialUnavailableError';
  readonly end: () => void;

  constructor(end: () => void) {
    super('simulated: the identity endpoint does not answer');
    this.end = end;
  }
}

/**
 * The SDK renews a token that is about to expire behind the request that noticed, and nobody waits for that
 * (core-rest-pipeline, tokenCycler): when no token is had until the old one has expired, Node ends the process for it.
 * Answers with what takes the watch away.
 */
export function watchTokens(): () => void {
  const onLost = (reason: unknown): void => {
    if (!(reason instanceof NoToken)) throw reason;
    reason.end();
  };
  process.on('unhandledRejection', onLost);
  return () => void process.off('unhandledRejection', onLost);
}
