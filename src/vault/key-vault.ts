import { CertificateClient, type CertificateProperties } from '@azure/keyvault-certificates';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';
import { isForbidden } from './errors.ts';
import { listedCertificate, listedVersion, policyFacts, tagsOf, versionFacts } from './facts.ts';
import { merge, type Pause } from './merge.ts';
import { type NamedCertificate, pendingOperation, unlessMissing } from './named-certificate.ts';
import { orderFromIssuer, requestCancellation } from './named-issuer.ts';
import type { CertificateRef, Inspection, ListedCertificate, ListedVersion, Vault, VersionFacts } from './port.ts';
import { requestCsr } from './request.ts';

export interface KeyVaultOptions extends VaultConnection {
  /** How `merge` waits between two looks; Node's timer if absent. */
  readonly pause?: Pause;
}

/** Azure Key Vault. Every verb begins with a call that has no body: the client loses the body of a second first call. */
export function createKeyVault(options: KeyVaultOptions): Vault {
  const clients = new Map<string, CertificateClient>();
  const vaultOf = ({ vault, name }: CertificateRef): NamedCertificate => {
    checkName(vault, name);
    return { client: clientOf(vault), connection: options, vault, name };
  };
  const clientOf = (vault: string): CertificateClient => {
    const url = vaultUrl(vault);
    const client = clients.get(url) ?? new CertificateClient(url, options.credential, clientOptions(options, url));
    clients.set(url, client);
    return client;
  };
  // All async, so that a refusal of the arguments comes as a rejection too.
  return {
    inspect: async (ref, parts = 'all') => await inspect(vaultOf(ref), parts),
    version: async (ref, version) => await namedVersion(vaultOf(ref), version),
    versions: async function* (ref) {
      yield* versions(vaultOf(ref));
    },
    list: async function* (vault) {
      yield* list({ client: clientOf(vault), connection: options, vault });
    },
    request: async (request) =>
      await ('issuer' in request ? orderFromIssuer(vaultOf(request), request) : requestCsr(vaultOf(request), request)),
    cancel: async (ref) => await requestCancellation(vaultOf(ref)),
    discard: async (ref) => await discard(vaultOf(ref)),
    merge: async (request) =>
      await merge({ ...vaultOf(request), request, ...(options.pause && { pause: options.pause }) }),
    disable: async (ref, version) => await disable(vaultOf(ref), version),
  };
}

/** Only what is named is changed: dates and tags stay. */
async function disable({ client, connection, vault, name }: NamedCertificate, version: string): Promise<void> {
  if (!VERSION.test(version)) throw new RenewalError('bug', `key-vault: ${name} can have no version ${version}`);
  await attempt(connection, { action: 'disable', vault, name }, (abortSignal) =>
    client.updateCertificateProperties(name, version, { enabled: false, abortSignal }),
  );
}

/** Two calls; three for a certificate that is absent. The operation is read first, so that `current` is the fresher fact. */
async function inspect(certificate: NamedCertificate, parts: 'all' | 'version'): Promise<Inspection> {
  const { client, connection, vault, name } = certificate;
  const pending = parts === 'all' ? await pendingOperation(certificate) : undefined;
  const found = await attempt(connection, { action: 'inspect', vault, name }, (abortSignal) =>
    unlessMissing(client.getCertificate(name, { abortSignal })),
  );
  if (found === undefined) return { state: 'absent', softDeleted: await isSoftDeleted(certificate) };
  const current = versionFacts(found);
  return {
    state: 'present',
    ...(current && { current }),
    policy: policyFacts(found.policy),
    tags: tagsOf(found),
    ...(pending && { pending }),
  };
}

/** Versions reach paths as well. */
const VERSION = /^[0-9a-f]{32}$/;

async function namedVersion(certificate: NamedCertificate, version: string): Promise<VersionFacts | undefined> {
  if (!VERSION.test(version)) return undefined;
  const { client, connection, vault, name } = certificate;
  const found = await attempt(connection, { action: 'read version', vault, name }, (abortSignal) =>
    unlessMissing(client.getCertificateVersion(name, version, { abortSignal })),
  );
  return found && versionFacts(found);
}

/** Without the right to look among the deleted ones the answer is no: a create would say the rest. */
function isSoftDeleted({ client, connection, vault, name }: NamedCertificate): Promise<boolean> {
  return attempt(connection, { action: 'look among deleted', vault, name }, async (abortSignal) => {
    try {
      return (await unlessMissing(client.getDeletedCertificate(name, { abortSignal }))) !== undefined;
    } catch (error) {
      if (isForbidden(error)) return false;
      throw error;
    }
  });
}

async function* list(at: Pick<NamedCertificate, 'client' | 'connection' | 'vault'>): AsyncIterable<ListedCertificate> {
  const pages = at.client.listPropertiesOfCertificates({ includePending: true }).byPage();
  for await (const page of each(pages, (read) => attempt(at.connection, { action: 'list', vault: at.vault }, read))) {
    yield* page.map(listedCertificate);
  }
}

async function* versions({ client, connection, vault, name }: NamedCertificate): AsyncIterable<ListedVersion> {
  const pages = client.listPropertiesOfCertificateVersions(name).byPage();
  const about = { action: 'list versions', vault, name };
  for await (const page of each(pages, (read) => attempt(connection, about, read))) yield* page.flatMap(listedVersion);
}

type Properties = readonly CertificateProperties[];
type ReadPage = (limit: AbortSignal) => Promise<IteratorResult<Properties>>;

/** The time limit is one page's: how long the reader takes in between is its own affair. */
async function* each(
  pages: AsyncIterator<Properties>,
  attemptOne: (read: ReadPage) => Promise<IteratorResult<Properties>>,
): AsyncIterable<Properties> {
  while (true) {
    const page = await attemptOne((limit) => within(limit, pages.next()));
    if (page.done) return;
    yield page.value;
  }
}

/** The pager takes its options once for all pages, so that the limit is kept beside it. */
function within<T>(limit: AbortSignal, work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason), { once: true });
  });
  return Promise.race([work, late]);
}

async function discard({ client, connection, vault, name }: NamedCertificate): Promise<void> {
  await attempt(connection, { action: 'discard', vault, name }, (abortSignal) =>
    unlessMissing(client.deleteCertificateOperation(name, { abortSignal })),
  );
}

/** Names reach paths: only what Key Vault itself allows may, and not the two names that mean something else there. */
function checkName(vault: string, name: string): void {
  const valid = /^[0-9a-zA-Z-]{1,127}$/.test(name) && !/^(contacts|issuers)$/i.test(name);
  if (!valid) {
    const shown = JSON.stringify(name.slice(0, 60));
    throw new RenewalError('vault-refused', `key-vault: not a certificate name: vault=${vault}, name=${shown}`);
  }
}
