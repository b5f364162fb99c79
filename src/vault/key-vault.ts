import { CertificateClient, type CertificatePolicy } from '@azure/keyvault-certificates';
import { compareNames, noNames } from '../certificate/alternative-names.ts';
import { readCsr } from '../certificate/csr.ts';
import { isSameSubject, readSubject } from '../certificate/names.ts';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';
import { isConflict, isForbidden, isMissing } from './errors.ts';
import { listedCertificate, policyFacts, tagsOf, versionFacts } from './facts.ts';
import { merge, type Pause } from './merge.ts';
import { createOperation, readOperation } from './operation.ts';
import { requestPolicy } from './policy.ts';
import type { CertificateRef, CsrRequest, Inspection, ListedCertificate, PendingFacts, Vault } from './port.ts';

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
    const client = clients.get(url) ?? new CertificateClient(url, options.credential, clientOptions(options));
    clients.set(url, client);
    return client;
  };
  return {
    inspect: (ref) => run(() => inspect(vaultOf(ref))),
    list: (vault) => list({ client: clientOf(vault), connection: options, vault }),
    request: (request) => run(() => requestCsr(vaultOf(request), request)),
    discard: (ref) => run(() => discard(vaultOf(ref))),
    merge: (request) =>
      run(() => merge({ ...vaultOf(request), request, ...(options.pause && { pause: options.pause }) })),
  };
}

interface NamedCertificate extends CertificateRef {
  readonly client: CertificateClient;
  readonly connection: VaultConnection;
}

/** Refusals of the arguments come as rejections too. */
async function run<T>(verb: () => Promise<T>): Promise<T> {
  return await verb();
}

/** Two calls; three for a certificate that is absent. The operation is read first, so that `current` is the fresher fact. */
async function inspect(certificate: NamedCertificate): Promise<Inspection> {
  const { client, connection, vault, name } = certificate;
  const pending = await pendingOperation(certificate);
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
  while (true) {
    // The time limit is one page's: how long the reader takes in between is its own affair.
    const page = await attempt(at.connection, { action: 'list', vault: at.vault }, (limit) =>
      within(limit, pages.next()),
    );
    if (page.done) return;
    yield* page.value.map(listedCertificate);
  }
}

/** The pager takes its options once for all pages, so that the limit is kept beside it. */
function within<T>(limit: AbortSignal, work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason), { once: true });
  });
  return Promise.race([work, late]);
}

/** Three calls: pending operation, policy, create. One when the operation that was asked for is there already. */
async function requestCsr(certificate: NamedCertificate, request: CsrRequest): Promise<PendingFacts> {
  const there = await pendingOperation(certificate);
  if (there?.status === 'inProgress') return wanted(there, request);
  // A subject that cannot be compared afterwards is refused before a key is made for it.
  readSubject(request.subject);
  const policy = requestPolicy(request, await livePolicy(certificate));
  const { client, connection, vault, name } = certificate;
  const made = await attempt(connection, { action: 'request', vault, name }, async (limit) => {
    try {
      return await createOperation(client, { name, policy, tags: request.tags }, limit);
    } catch (error) {
      // The client repeats a create that got no answer; the vault then says that one is in progress: it may be ours.
      if (!isConflict(error)) throw error;
      const pending = await readOperation(client, name, limit);
      if (pending?.status !== 'inProgress') throw error;
      return pending;
    }
  });
  return wanted(made, request);
}

/** The operation, when its CSR is the one that was asked for. Whoever asked decides what becomes of another one. */
function wanted(pending: PendingFacts, request: CsrRequest): PendingFacts {
  const difference = differenceFrom(pending, request);
  if (difference === undefined) return pending;
  throw new RenewalError(
    'vault-conflict',
    `key-vault: request failed: vault=${request.vault}, name=${request.name}: another request is pending, its ${difference} differs`,
  );
}

function differenceFrom(pending: PendingFacts, request: CsrRequest): string | undefined {
  if (pending.issuer !== 'Unknown') return 'issuer';
  const csr = readCsr(Buffer.from(pending.csr, 'base64'));
  if (csr.keyType !== request.keyType) return 'key type';
  const names = compareNames({ ...noNames, dns: request.dnsNames }, { ...noNames, dns: csr.names.dns });
  if (names.missing.length > 0 || names.extra.length > 0) return 'list of names';
  return isSameSubject(readSubject(request.subject), csr.subject) ? undefined : 'subject';
}

function livePolicy({ client, connection, vault, name }: NamedCertificate): Promise<CertificatePolicy | undefined> {
  return attempt(connection, { action: 'read policy', vault, name }, (abortSignal) =>
    unlessMissing(client.getCertificatePolicy(name, { abortSignal })),
  );
}

async function discard({ client, connection, vault, name }: NamedCertificate): Promise<void> {
  await attempt(connection, { action: 'discard', vault, name }, (abortSignal) =>
    unlessMissing(client.deleteCertificateOperation(name, { abortSignal })),
  );
}

function pendingOperation({ client, connection, vault, name }: NamedCertificate): Promise<PendingFacts | undefined> {
  return attempt(connection, { action: 'read operation', vault, name }, (limit) => readOperation(client, name, limit));
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Names reach paths: only what Key Vault itself allows may, and not the two names that mean something else there. */
function checkName(vault: string, name: string): void {
  const valid = /^[0-9a-zA-Z-]{1,127}$/.test(name) && !/^(contacts|issuers)$/i.test(name);
  if (!valid) {
    const shown = JSON.stringify(name.slice(0, 60));
    throw new RenewalError('vault-refused', `key-vault: not a certificate name: vault=${vault}, name=${shown}`);
  }
}
