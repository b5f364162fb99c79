import { readCertificate } from '../../certificate/read.ts';
import { RenewalError } from '../../errors.ts';
import type { Estate, EstateCertificate } from '../../plan/types.ts';
import type { CertificateRef, Vault } from '../../vault/port.ts';
import type { Look } from './look.ts';
import type { LookReport } from './report.ts';

/** What a vault holds under a name: what uploads are compared with. */
export interface Held {
  /** Name of the estate vault. */
  readonly vault: string;
  readonly name: string;
  /** Of the current version: upper-case hex of SHA-1. */
  readonly thumbprint: string;
  /** DNS names in it, lower case. */
  readonly names: readonly string[];
  /** Ids of the versions before it by their thumbprints: those that some upload may be a copy of. */
  readonly older: ReadonlyMap<string, string>;
}

export interface Compared {
  readonly held: readonly Held[];
  readonly problems: LookReport['problems'];
}

/** Of so many certificates the versions are compared with uploads, at so many vault calls at once. */
const MOST_COMPARED = 1000;
const AT_ONCE = 8;
/** Of one certificate, in pages of 25: monthly for forty years. */
const MOST_VERSIONS = 500;

type Reads = Pick<Vault, 'inspect' | 'versions'>;

/**
 * The current versions of the estate's certificates; and, where an upload is none of them, the thumbprints of the versions before.
 * What cannot be read is compared with nothing, and told.
 */
export async function heldOf(estate: Estate, look: Look, vault: Reads): Promise<Compared> {
  const uploads = new Set(look.found.flatMap(({ reference: of }) => (of.by === 'upload' ? [of.thumbprint] : [])));
  if (uploads.size === 0) return { held: [], problems: [] };
  const uris = new Map(estate.vaults.map(({ name, uri }) => [name, uri]));
  const refOf = ({ vault: name, name: certificate }: Pick<Held, 'vault' | 'name'>): CertificateRef => ({
    ...{ vault: uris.get(name) ?? '', name: certificate },
  });
  const current = await ofEach(estate.certificates.slice(0, MOST_COMPARED), (one) => holds(one, refOf(one), vault));
  for (const { thumbprint } of current.found) uploads.delete(thumbprint);
  const held =
    uploads.size === 0 ? current : await ofEach(current.found, (one) => withOlder(one, refOf(one), { uploads, vault }));
  const beyond = estate.certificates.length - MOST_COMPARED;
  const told = [
    ...missedOf([...new Set([...current.missed, ...held.missed])]),
    ...(beyond > 0 ? [`uploads were not compared with the last ${beyond} certificates of the estate file`] : []),
  ];
  return { held: held.found, problems: told.map((problem) => ({ kind: 'uploads', code: 'not-compared', problem })) };
}

interface Found {
  readonly found: readonly Held[];
  /** Certificates that could not be read, or not as a whole. */
  readonly missed: readonly string[];
}

/** `missed`: it could not be read; what is known of it all the same stands beside. */
type Answer = { readonly held?: Held; readonly missed?: true };

async function ofEach<T extends Pick<Held, 'vault' | 'name'>>(
  all: readonly T[],
  ask: (one: T) => Promise<Answer>,
): Promise<Found> {
  const queue = [...all];
  const found: Held[] = [];
  const missed: string[] = [];
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const answer = await ask(next);
      if (answer.held !== undefined) found.push(answer.held);
      if (answer.missed) missed.push(`${next.vault}/${next.name}`);
    }
  });
  await Promise.all(workers);
  return { found, missed };
}

async function holds(
  { vault: vaultName, name }: EstateCertificate,
  ref: CertificateRef,
  vault: Reads,
): Promise<Answer> {
  try {
    const found = await vault.inspect(ref, 'version');
    if (found.state === 'absent' || found.current === undefined) return {};
    const { sha1, names } = readCertificate(Buffer.from(found.current.der, 'base64'));
    const thumbprint = sha1.toUpperCase();
    return { held: { vault: vaultName, name, thumbprint, names: names.dns, older: new Map() } };
  } catch (error) {
    if (isOfVault(error)) return { missed: true };
    throw error;
  }
}

async function withOlder(
  held: Held,
  ref: CertificateRef,
  { uploads, vault }: { readonly uploads: ReadonlySet<string>; readonly vault: Reads },
): Promise<Answer> {
  const older = new Map<string, string>();
  let read = 0;
  try {
    for await (const { version, thumbprint } of vault.versions(ref)) {
      read += 1;
      if (read > MOST_VERSIONS) break;
      if (thumbprint !== undefined && uploads.has(thumbprint)) older.set(thumbprint, version);
    }
  } catch (error) {
    if (!isOfVault(error)) throw error;
    return { held: { ...held, older }, missed: true };
  }
  return { held: { ...held, older }, ...(read > MOST_VERSIONS && { missed: true }) };
}

function isOfVault(error: unknown): boolean {
  return error instanceof RenewalError && error.code.startsWith('vault-');
}

function missedOf(missed: readonly string[]): readonly string[] {
  if (missed.length === 0) return [];
  return [
    `uploads were not compared, or not with all versions, with ${missed.length}: ${missed.slice(0, 3).join(', ')}`,
  ];
}
