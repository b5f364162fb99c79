import { ManualClock } from '../../local/clock.ts';
import { type Authority, certify, createAuthority, createCsr, createKeys, type Keys } from '../../local/pki.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { createMemoryAppRows, createMemoryEstate } from '../../src/estate/memory.ts';
import { create as createPartner } from '../../src/issuers/partner.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import { createMemoryJournal } from '../../src/journal/memory.ts';
import type { AppServiceTarget } from '../../src/plan/targets/app-service.ts';
import { factsOf, type Target } from '../../src/plan/targets/target.ts';
import type { Estate, Plan } from '../../src/plan/types.ts';
import { percentWaves } from '../../src/plan/waves.ts';
import type { RenewalInstance } from '../../src/renewal/orchestrations.ts';
import type { StartDependencies } from '../../src/renewal/start.ts';
import type { RenewalInput } from '../../src/renewal/story.ts';
import type { Probe, TargetAdapter } from '../../src/targets/port.ts';
import type { CredentialFacts } from '../../src/vault/credential-facts.ts';
import type { CsrRequest, Inspection, PendingFacts, Vault, VersionFacts } from '../../src/vault/port.ts';
import { createWorldPartner, type WorldPartner } from './world-partner.ts';

const DAY = 86_400_000;
export const NOW = new Date('2026-06-01T12:00:00Z');
export const VAULT_URI = 'https://kv-web.vault.azure.net';

export function plan(changes: Partial<Plan> = {}): Plan {
  return {
    name: 'web',
    issuer: 'internal',
    owner: 'team-web',
    renewAt: { percentOfLife: 66, floorDays: 30 },
    acceptance: { validityDays: 90, minimumDays: 30, maximumDays: 398, keys: ['P-256', 'RSA-2048'] },
    rollout: {
      waves: percentWaves([50, 100]),
      failureBudget: 0,
      soakSeconds: 0,
      oldVersion: 'keep',
      perSubscription: 1000,
      writePercent: 80,
      verify: { everySeconds: 10, forSeconds: 60 },
    },
    ...changes,
  };
}

export function site(name: string): AppServiceTarget {
  return {
    kind: 'app-service',
    id: `app-service:${name}:${name}.contoso.example`,
    site: `/subscriptions/s/resourceGroups/web/providers/Microsoft.Web/sites/${name}`,
    certificateResource: name,
    hostName: `${name}.contoso.example`,
    endpoint: { host: '127.0.0.1', port: 443, sni: `${name}.contoso.example` },
  };
}

/** The ports of a whole estate in memory, with levers for what may go wrong. Certificates and keys are real. */
export interface World {
  readonly app: StartDependencies;
  readonly clock: ManualClock;
  /** Keys of the current version, of the next one, and some to spare. */
  readonly keys: readonly Keys[];
  readonly vault: WorldVault;
  /** By id; what is not here does not expire. */
  readonly credentials: Map<string, CredentialFacts>;
  readonly started: RenewalInput[];
  readonly instances: Map<string, RenewalInstance>;
  /** Ids of the instances that were terminated, and why. */
  readonly terminated: string[];
  /** Periods of the heartbeats that were started. */
  readonly heartbeats: string[];
  /** By target id: the SHA-256 that is served. */
  readonly served: Map<string, string>;
  /** Targets that say yes and go on serving the old one. */
  readonly lying: Set<string>;
  readonly levers: { issuer: Partial<Issuer>; preflight?: string; rollBack?: boolean };
  /** Who works inside the vault, where the world was made with one. */
  readonly partner?: WorldPartner;
}

export interface WorldVault extends Vault {
  /** Replaces what is there: for tests that need a certain state. */
  set(name: string, held: Inspection): void;
  get(name: string): Inspection;
  calls: string[];
  /** Versions that were disabled. */
  disabled: string[];
  /** Set where an issuer works inside the vault. */
  partner?: WorldPartner;
  fail?: (verb: string) => void;
}

let shared: Promise<{ ca: Authority; keys: Keys[] }> | undefined;

async function pki(): Promise<{ ca: Authority; keys: Keys[] }> {
  shared ??= (async () => {
    const validity = { notBefore: new Date('2020-01-01Z'), notAfter: new Date('2040-01-01Z') };
    const root = await createAuthority({ subject: 'CN=Root', ...validity });
    const ca = await createAuthority({ subject: 'CN=Issuing', ...validity, parent: root });
    return { ca, keys: await Promise.all(Array.from({ length: 4 }, () => createKeys('P-256'))) };
  })();
  return shared;
}

export async function createWorld(
  options: { certificate?: string; targets?: Target[]; plan?: Plan; leftDays?: number; inVault?: string } = {},
): Promise<World> {
  const { ca, keys } = await pki();
  const name = options.certificate ?? 'shop';
  const clock = new ManualClock(NOW);
  const targets = options.targets ?? [site(name)];
  const wanted = { subject: `CN=${name}.contoso.example`, dnsNames: [`${name}.contoso.example`] };
  const notAfter = new Date(NOW.getTime() + (options.leftDays ?? 20) * DAY);
  const old = versionOf(
    certify(ca, {
      ...wanted,
      names: { dns: wanted.dnsNames },
      notBefore: new Date(notAfter.getTime() - 90 * DAY),
      notAfter,
      spki: (keys[0] as Keys).spki,
    }).der,
    'a'.repeat(32),
  );
  const vault = createWorldVault({ keys: keys[1] as Keys });
  const policy = { ...policyOf(wanted), ...(options.inVault !== undefined && { issuer: options.inVault }) };
  vault.set(name, { state: 'present', current: old, policy, tags: { owner: 'team-web' } });
  const partner =
    options.inVault === undefined ? undefined : createWorldPartner({ vault, ca, keys, clock }, options.inVault);
  if (partner !== undefined) vault.partner = partner;
  const served = new Map(targets.map((target) => [target.id, old.sha256]));
  const lying = new Set<string>();
  const credentials = new Map<string, CredentialFacts>();
  const levers: World['levers'] = { issuer: {} };
  const issuer = partner === undefined ? issuerOf(ca, clock) : createPartner(partner.plan, { vault, clock });
  const outside = estateOf(name, targets, options.plan ?? plan(), ca.rootPem);
  const estate = partner === undefined ? outside : { ...outside, issuers: { internal: partner.plan } };
  const started: RenewalInput[] = [];
  const instances = new Map<string, RenewalInstance>();
  const terminated: string[] = [];
  const heartbeats: string[] = [];
  const app: StartDependencies = {
    clock,
    estate: async () => estate,
    vault,
    store: createMemoryEstate(),
    journal: createMemoryJournal(),
    rows: createMemoryAppRows(),
    lease: { hold: async () => ({ state: 'held' }) },
    startsPerVault: 10,
    issuer: () => ({ ...issuer, ...levers.issuer }),
    credentialFacts: async (id) => credentials.get(id) ?? { enabled: true },
    target: () => targetOf({ served, lying, levers, clock }),
    orchestrations: {
      find: async (id) => instances.get(id),
      start: async (input) => {
        started.push(input);
        const at = clock.now().toISOString();
        instances.set(input.renewalId, {
          state: 'running',
          runtimeStatus: 'Running',
          input,
          createdAt: at,
          updatedAt: at,
        });
      },
      startHeartbeat: async ({ period }) => void heartbeats.push(period),
      terminate: async (id, why) => {
        const instance = instances.get(id);
        if (instance?.state !== 'running') return;
        terminated.push(`${id} ${why}`);
        instances.set(id, { ...instance, state: 'finished', runtimeStatus: 'Terminated' });
      },
    },
  };
  return {
    app,
    clock,
    keys,
    vault,
    credentials,
    started,
    instances,
    terminated,
    heartbeats,
    served,
    lying,
    levers,
    ...(partner && { partner }),
  };
}

export function versionOf(der: Uint8Array, version: string): VersionFacts {
  const details = readCertificate(der);
  return {
    version,
    id: `${VAULT_URI}/certificates/x/${version}`,
    enabled: true,
    createdAt: details.notBefore.toISOString(),
    notBefore: details.notBefore.toISOString(),
    notAfter: details.notAfter.toISOString(),
    sha256: details.sha256,
    serial: details.serial,
    der: Buffer.from(der).toString('base64'),
  };
}

function policyOf(wanted: {
  subject: string;
  dnsNames: readonly string[];
}): Extract<Inspection, { state: 'present' }>['policy'] {
  return {
    ...wanted,
    emails: [],
    upns: [],
    issuer: 'Unknown',
    keyType: 'P-256',
    exportable: true,
    reuseKey: false,
    contentType: 'application/x-pkcs12',
    validityMonths: 3,
  };
}

function estateOf(name: string, targets: Target[], one: Plan, rootPem: string): Estate {
  const resourceId = '/subscriptions/s/resourceGroups/web/providers/Microsoft.KeyVault/vaults/kv-web';
  return {
    schema: 1,
    vaults: [{ name: 'kv-web', uri: VAULT_URI, resourceId }],
    issuers: {
      internal: {
        kind: 'vault-ca',
        certificate: `${VAULT_URI}/certificates/ca`,
        chain: [],
        roots: [rootPem],
        limits: { maxDays: 398, keys: ['P-256'], dnsSuffixes: ['contoso.example'], clientAuth: true },
      },
    },
    plans: { [one.name]: one },
    certificates: [{ vault: 'kv-web', name, plan: one.name, owner: 'team-web', targets, discover: false }],
  };
}

/** A pending operation for `request`, as the vault would hold it. */
export function pendingOf(request: Pick<CsrRequest, 'subject' | 'dnsNames'>, keys: Keys): PendingFacts {
  const csr = createCsr({ subject: request.subject, names: { dns: request.dnsNames }, keys });
  return {
    status: 'inProgress',
    csr: Buffer.from(csr).toString('base64'),
    csrSha256: sha256Hex(csr),
    issuer: 'Unknown',
    requestId: 'r'.repeat(32),
  };
}

function createWorldVault({ keys }: { keys: Keys }): WorldVault {
  const held = new Map<string, Inspection>();
  const older: VersionFacts[] = [];
  const present = (name: string) => {
    const found = held.get(name);
    if (found?.state !== 'present') throw new TypeError(`world: no certificate ${name}`);
    return found;
  };
  const vault: WorldVault = {
    calls: [],
    disabled: [],
    async disable(_ref, version) {
      called(vault, 'disable');
      vault.disabled.push(version);
    },
    set(name, inspection) {
      const before = held.get(name);
      if (before?.state === 'present' && before.current !== undefined) older.push(before.current);
      held.set(name, inspection);
    },
    get: (name) => held.get(name) ?? { state: 'absent', softDeleted: false },
    async inspect({ name }) {
      called(vault, 'inspect');
      vault.partner?.settle(name);
      return vault.get(name);
    },
    async version({ name }, version) {
      called(vault, 'version');
      const { current } = present(name);
      return [...older, ...(current ? [current] : [])].find((one) => one.version === version);
    },
    async *versions({ name }) {
      const { current } = present(name);
      for (const { version, der } of [...older, ...(current ? [current] : [])]) {
        yield { version, thumbprint: readCertificate(Buffer.from(der, 'base64')).sha1.toUpperCase() };
      }
    },
    async cancel({ name }) {
      called(vault, 'cancel');
      return vault.partner?.cancel(name);
    },
    async *list() {
      for (const [name, found] of held) {
        const notAfter = found.state === 'present' ? found.current?.notAfter : undefined;
        yield { name, enabled: true, tags: {}, ...(notAfter !== undefined && { notAfter }) };
      }
    },
    async request(request) {
      called(vault, 'request');
      if ('issuer' in request) return vault.partner?.request(request) ?? noPartner(request.issuer);
      const found = present(request.name);
      const pending = found.pending?.status === 'inProgress' ? found.pending : pendingOf(request, keys);
      held.set(request.name, { ...found, pending });
      return pending;
    },
    async discard({ name }) {
      called(vault, 'discard');
      const { pending: _pending, ...rest } = present(name);
      held.set(name, rest);
    },
    async merge({ name, chain }) {
      called(vault, 'merge');
      const found = present(name);
      const leaf = versionOf(Buffer.from(chain[0] ?? '', 'base64'), 'b'.repeat(32));
      if (found.current?.sha256 === leaf.sha256) return found.current;
      if (found.current !== undefined) older.push(found.current);
      held.set(name, { ...found, current: leaf, pending: { ...(found.pending as PendingFacts), status: 'completed' } });
      return leaf;
    },
  };
  return vault;
}

function noPartner(issuer: string): never {
  throw new TypeError(`world: no issuer ${issuer} in the vault`);
}

function called(vault: WorldVault, verb: string): void {
  vault.calls.push(verb);
  vault.fail?.(verb);
}

function issuerOf(ca: Authority, clock: ManualClock): Issuer {
  const orders = new Map<string, string>();
  return {
    kind: 'vault-ca',
    afterLostAnswer: 'same-order',
    capabilities: [],
    isPrivate: true,
    async submit({ renewalId, csr }) {
      orders.set(renewalId, csr);
      return { reference: renewalId };
    },
    async poll({ reference }) {
      const csr = readCsr(Buffer.from(orders.get(reference) ?? '', 'base64'));
      const notBefore = new Date(clock.now().getTime() - 600_000);
      const made = certify(ca, {
        subject: csr.subject,
        names: csr.names,
        notBefore,
        notAfter: new Date(notBefore.getTime() + 90 * DAY),
        spki: csr.spki,
        keyUsage: ['digitalSignature'],
      });
      return { state: 'issued', chain: made.chain.map((der) => Buffer.from(der).toString('base64')) };
    },
  };
}

function targetOf(world: Pick<World, 'served' | 'lying' | 'levers' | 'clock'>): TargetAdapter {
  const { served, lying, levers, clock } = world;
  return {
    kind: 'app-service',
    capabilities: factsOf('app-service'),
    async probe({ id }): Promise<Probe> {
      const sha256 = served.get(id);
      const at = clock.now().toISOString();
      if (sha256 === undefined) return { state: 'unreachable', at, reason: 'ECONNREFUSED' };
      return { state: 'served', at, sha256, serial: '01', notAfter: at, chain: [sha256] };
    },
    async deploy({ id }, version) {
      if (!lying.has(id)) served.set(id, version.sha256);
      return { state: 'deployed', detail: 'synced' };
    },
    async rollBack({ id }, lastGood) {
      if (levers.rollBack !== true) return { state: 'impossible', reason: 'no earlier copy' };
      served.set(id, lastGood.sha256);
      return { state: 'rolled-back', detail: 're-bound' };
    },
    preflight: async () => (levers.preflight === undefined ? {} : { refused: levers.preflight }),
  };
}
