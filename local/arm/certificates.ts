import type { StandClock } from '../clock.ts';
import type {
  AppServiceFault,
  CertificateResource,
  ImportRefusal,
  ImportRequest,
  KeyVaultSecretStatus,
  ReadSecret,
} from './app-service-types.ts';
import { type Admission, admit } from './certificate-rules.ts';
import { thumbprint } from './pfx.ts';
import { parseResourceId, webspaceOf } from './resource-id.ts';

const DAY = 24 * 60 * 60 * 1000;

export type Imported =
  | { readonly state: 'imported'; readonly certificate: CertificateResource }
  | { readonly state: 'refused'; readonly reason: ImportRefusal };

/** Certificates that App Service imported from vaults. */
export interface Certificates {
  certificate(resourceId: string): CertificateResource | undefined;
  certificates(): readonly CertificateResource[];
  /** Creates the resource, or reads the vault again and moves every binding of the webspace to what it found. */
  importCertificate(request: ImportRequest): Promise<Imported>;
  /** Resolves when no automatic read of a vault runs. */
  settled(): Promise<void>;
  stop(): void;
}

type Read = Pick<Extract<Admission, { state: 'admitted' }>, 'bundle' | 'version'>;

export interface CertificateStore extends Certificates {
  remove(resourceId: string): void;
}

export function createCertificates(options: {
  readonly clock: StandClock;
  readonly readSecret: ReadSecret;
  readonly faults: ReadonlySet<AppServiceFault>;
  readonly log: (message: string) => void;
  /** Told when a resource holds another certificate than before. */
  readonly replaced: (now: CertificateResource, before: CertificateResource) => void;
}): CertificateStore {
  const { clock, readSecret, faults, log, replaced } = options;
  const byId = new Map<string, CertificateResource>();
  const syncs = new Map<string, () => void>();
  const running = new Set<Promise<void>>();

  const keep = (certificate: CertificateResource): void => {
    const id = certificate.resourceId.toLowerCase();
    byId.set(id, certificate);
    syncs.get(id)?.();
    syncs.set(
      id,
      clock.at(new Date(clock.now().getTime() + DAY), () => {
        const run: Promise<void> = resync(id).finally(() => running.delete(run));
        running.add(run);
      }),
    );
  };

  const store = (request: ImportRequest, read: Read): CertificateResource => {
    const before = byId.get(request.resourceId.toLowerCase());
    // Azure keeps the spelling under which a resource was made first.
    const certificate = resource(
      { ...request, resourceId: before?.resourceId ?? request.resourceId },
      read,
      clock.now(),
    );
    keep(certificate);
    if (before !== undefined && before.thumbprint !== certificate.thumbprint) replaced(certificate, before);
    return certificate;
  };

  const readVault = async (wanted: { keyVaultId: string; keyVaultSecretName: string }): Promise<Admission> =>
    admit(await readSecret(wanted.keyVaultId, wanted.keyVaultSecretName));

  /** What App Service does by itself. What it cannot read stays as it was, with a status that says so. */
  const resync = async (id: string): Promise<void> => {
    const known = byId.get(id);
    if (known === undefined) return;
    if (faults.has('app.no-sync')) return keep(known);
    const admission = await readVault(known);
    const current = byId.get(id);
    // A deletion or a forced sync overtook the read: what it found is no longer news.
    if (current !== known) return;
    if (admission.state === 'refused') keep({ ...known, status: STATUSES[admission.reason] });
    else store({ ...known, serverFarmId: known.serverFarmId ?? undefined }, admission);
    log(`app service: sync of ${known.name}: ${admission.state === 'refused' ? admission.reason : 'read'}`);
  };

  return {
    certificate: (resourceId) => byId.get(resourceId.toLowerCase()),
    certificates: () => [...byId.values()],
    async importCertificate(request) {
      const admission = await readVault(request);
      return admission.state === 'refused' ? admission : { state: 'imported', certificate: store(request, admission) };
    },
    remove(resourceId) {
      const id = resourceId.toLowerCase();
      syncs.get(id)?.();
      syncs.delete(id);
      byId.delete(id);
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
    stop() {
      for (const cancel of syncs.values()) cancel();
      syncs.clear();
    },
  };
}

const STATUSES: Record<ImportRefusal, KeyVaultSecretStatus> = {
  'vault-forbidden': 'AzureServiceUnauthorizedToAccessKeyVault',
  'vault-unknown': 'KeyVaultDoesNotExist',
  'secret-unknown': 'KeyVaultSecretDoesNotExist',
  'not-pkcs12': 'UnknownError',
  unreadable: 'UnknownError',
  'key-not-allowed': 'UnknownError',
  'no-server-auth': 'UnknownError',
};

function resource(
  { resourceId, location, keyVaultId, keyVaultSecretName, serverFarmId, tags = {} }: ImportRequest,
  { bundle, version }: Read,
  now: Date,
): CertificateResource {
  const { resourceGroup, names } = parseResourceId(resourceId);
  const group = serverFarmId === undefined ? resourceGroup : parseResourceId(serverFarmId).resourceGroup;
  return {
    resourceId,
    name: names.at(-1) ?? '',
    resourceGroup,
    location,
    webspace: webspaceOf(group, location),
    serverFarmId: serverFarmId ?? null,
    keyVaultId: keyVaultId.toLowerCase(),
    keyVaultSecretName,
    status: 'Initialized',
    bundle,
    thumbprint: thumbprint(bundle.leaf),
    secretVersion: version,
    tags,
    syncedAt: now,
  };
}
