import { randomBytes } from 'node:crypto';
import { ManagedIdentityCredential, type TokenCredential } from '@azure/identity';
import { addressRule } from './address.ts';
import type { OrderDependencies } from './api/order-dependencies.ts';
import { type Arm, createArm } from './azure/arm.ts';
import { createIdentityToken } from './azure/identity-token.ts';
import { noRedirects } from './azure/no-redirects.ts';
import { createSteadyCredential } from './azure/steady-credential.ts';
import { sendTraceHeaders } from './azure/trace-headers.ts';
import { clock, tokenClock } from './clock.ts';
import { createEstate } from './config/estate-source.ts';
import { loadSettings } from './config/load.ts';
import { assertChallengeRule, assertUsesRule, type Settings } from './config/read-settings.ts';
import { RenewalError } from './errors.ts';
import type { AppRowStore } from './estate/app-rows.ts';
import { createTableIssuances, createTableRevocations } from './estate/issued-tables.ts';
import type { RelayStore } from './estate/relayed-order.ts';
import { createTableRelay } from './estate/relayed-table.ts';
import { createStorage, type Storage } from './estate/storage.ts';
import { createTableAnswers, createTableAppRows, createTableEstate } from './estate/tables.ts';
import { type Breaker, createBreaker } from './issuers/breaker.ts';
import { type Credential, createCredential } from './issuers/credential.ts';
import { createCrlContainer } from './issuers/crl-container.ts';
import { guarded } from './issuers/guarded.ts';
import type { Issuer } from './issuers/port.ts';
import { type IssuerCrls, publishCrls } from './issuers/publish-crls.ts';
import { createCrls, createIssuer, type IssuerDependencies } from './issuers/registry.ts';
import { createBlobJournal } from './journal/store.ts';
import { createLogAnalytics } from './monitor/log-analytics.ts';
import type { AuditLog } from './monitor/port.ts';
import type { Estate, IssuerPlan } from './plan/types.ts';
import type { Dependencies } from './renewal/dependencies.ts';
import { createLease } from './renewal/lease.ts';
import { createGraph } from './targets/discovery/graph.ts';
import type { LookDependencies } from './targets/discovery/look.ts';
import { createTarget } from './targets/registry.ts';
import { createCredentialReader } from './vault/credential-facts.ts';
import { createVaultKey } from './vault/key.ts';
import { createKeyVault } from './vault/key-vault.ts';
import type { Vault } from './vault/port.ts';
import { createSecretReader, type SecretReader } from './vault/secret.ts';
import { createVaultSigner } from './vault/signer.ts';

/** The app, composed: the only file that builds adapters. */
export interface App extends Dependencies, OrderDependencies {
  readonly settings: Settings;
  /** Absent: no workspace is set. */
  readonly auditLog?: AuditLog;
  readonly discovery: LookDependencies;
  readonly usesHours: number;
  /** Publishes the CRLs of every internal CA that has some. */
  readonly publishCrls: () => Promise<readonly IssuerCrls[]>;
}

let current: Promise<App> | undefined;

/**
 * The process's app, built at its first use, so that a missing setting is an answer of a function and not a host that
 * does not start. Throws `settings-invalid` or `estate-invalid`; the next call tries again.
 */
export function currentApp(): Promise<App> {
  current ??= buildApp(loadSettings()).catch((error: unknown) => {
    current = undefined;
    throw error;
  });
  return current;
}

/** Builds every adapter from the settings. Nothing is called yet but the estate file. */
export async function buildApp(settings: Settings): Promise<App> {
  sendTraceHeaders(randomBytes);
  const renewer = identity(settings.renewerClientId);
  const deployer = identity(settings.deployerClientId ?? settings.renewerClientId);
  const storage = createStorage(storageOf(settings, renewer));
  const estate = createEstate(settings.estate, {
    clock,
    credential: renewer,
    onProblem: (problem) => console.error(problem),
  });
  await checked(settings, estate)();
  const connection = { credential: renewer, verifyChallenge: settings.verifyVaultChallenge, clock };
  const rows = createTableAppRows(storage.tables);
  const journal = createBlobJournal({ container: storage.blobs('journal') });
  const arm = createArm({ endpoint: settings.armEndpoint, credential: deployer });
  const vault = createKeyVault(connection);
  const auditLog = auditLogOf(settings);
  const relayed = createTableRelay(storage.tables);
  const issuerParts = issuerPartsOf({ connection, storage, rows, arm, vault, relayed, publicUrl: settings.publicUrl });
  return {
    settings,
    ...(auditLog && { auditLog }),
    clock,
    estate: checked(settings, estate),
    vault,
    store: createTableEstate(storage.tables),
    journal,
    rows,
    lease: createLease({ rows, journal, clock, owner: settings.appName }),
    startsPerVault: settings.startsPerVault,
    usesHours: settings.usesHours,
    discovery: discoveryOf(settings),
    relayed,
    random: randomBytes,
    credential: credentialsOf(issuerParts.secret),
    issuer: issuersOf(issuerParts),
    publishCrls: async () => publishCrls(await estate(), (plan) => createCrls(plan, issuerParts)),
    credentialFacts: createCredentialReader(connection),
    target: (at, issuer, kind) => {
      const mayConnect = addressRule(at.network?.allow ?? []);
      const { roots } = issuerPlan(at, issuer);
      return createTarget(kind, { arm, clock, roots, mayConnect, secret: issuerParts.secret, credential: deployer });
    },
  };
}

/** By the identity that only reads: what is shown is what it may see. */
function discoveryOf({ armEndpoint, readerClientId, renewerClientId }: Settings): LookDependencies {
  const arm = createArm({ endpoint: armEndpoint, credential: identity(readerClientId ?? renewerClientId) });
  return { arm, clock, graph: createGraph({ arm }) };
}

function auditLogOf({ logWorkspace, logEndpoint, readerClientId, renewerClientId }: Settings): AuditLog | undefined {
  if (logWorkspace === undefined) return undefined;
  const credential = identity(readerClientId ?? renewerClientId);
  return createLogAnalytics({ endpoint: logEndpoint, workspace: logWorkspace, credential, clock });
}

/** What only settings and estate file together can tell: an edited file must not smuggle in a distant vault, for instance. */
function checked(settings: Settings, estate: () => Promise<Estate>): () => Promise<Estate> {
  return async () => {
    const now = await estate();
    assertChallengeRule(settings, now);
    assertUsesRule(settings, now);
    return now;
  };
}

type IssuerParts = Omit<IssuerDependencies, 'mayConnect' | 'name'>;

function issuerPartsOf({
  connection,
  storage,
  ...rest
}: {
  readonly connection: Parameters<typeof createKeyVault>[0];
  readonly storage: Storage;
  readonly rows: AppRowStore;
  readonly arm: Arm;
  readonly relayed: RelayStore;
  readonly publicUrl: string | undefined;
  readonly vault: Vault;
}): IssuerParts {
  return {
    ...rest,
    ...{ clock, random: randomBytes },
    issuances: createTableIssuances(storage.tables),
    answers: createTableAnswers(storage.tables),
    revocations: createTableRevocations(storage.tables),
    signerOf: (certificateId) => createVaultSigner({ ...connection, certificateId }),
    keyOf: (keyId) => createVaultKey({ ...connection, keyId }),
    secret: createSecretReader(connection),
    token: createIdentityToken(connection.credential),
    crlContainer: (url) => createCrlContainer({ url, credential: connection.credential }),
  };
}

function issuersOf(parts: IssuerParts): Dependencies['issuer'] {
  const made = new WeakMap<IssuerPlan, Issuer>();
  const breakers = new Map<string, Breaker>();
  return (estate, name) => {
    const plan = issuerPlan(estate, name);
    const mayConnect = addressRule(estate.network?.allow ?? []);
    const known = made.get(plan);
    if (known !== undefined) return known;
    // An edited estate file makes another issuer; that its CA does not answer is known all the same.
    const breaker = breakers.get(name) ?? createBreaker({ issuer: name, clock, rows: parts.rows });
    breakers.set(name, breaker);
    const issuer = guarded(createIssuer(plan, { ...parts, name, mayConnect }), breaker);
    made.set(plan, issuer);
    return issuer;
  };
}

/** Credentials by the ids of their secrets, each remembered for minutes. */
function credentialsOf(secret: SecretReader): OrderDependencies['credential'] {
  const made = new Map<string, Credential>();
  return (secretId) => {
    const credential = made.get(secretId) ?? createCredential(() => secret(secretId), clock);
    made.set(secretId, credential);
    return credential;
  };
}

function issuerPlan(estate: Estate, name: string): IssuerPlan {
  const plan = Object.hasOwn(estate.issuers, name) ? estate.issuers[name] : undefined;
  if (plan === undefined) throw new RenewalError('estate-invalid', `estate: no issuer ${name}`);
  return plan;
}

function identity(clientId: string | undefined): TokenCredential {
  const options = { ...noRedirects, ...(clientId !== undefined && { clientId }) };
  return createSteadyCredential(new ManagedIdentityCredential(options), tokenClock);
}

function storageOf({ storage }: Settings, credential: TokenCredential): Parameters<typeof createStorage>[0] {
  if (storage.kind === 'connection') return { connectionString: storage.connectionString };
  return { tableEndpoint: storage.tableEndpoint, blobEndpoint: storage.blobEndpoint, credential };
}
