import { type Crl, encodeCrl, readCrl } from '../certificate/crl.ts';
import { signatureAlgorithmOf } from '../certificate/issue.ts';
import type { CertificateDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { Revocation, RevocationStore } from '../estate/port.ts';
import type { CrlPlan } from '../plan/issuers/vault-ca.ts';
import type { VaultSigner } from '../vault/port.ts';
import type { CrlContainer } from './crl-container.ts';
import { type Authority, authorityOf, may, signedBy } from './vault-ca-authority.ts';

export interface CrlDependencies {
  readonly signer: VaultSigner;
  readonly revocations: RevocationStore;
  readonly rows: AppRowStore;
  readonly container: CrlContainer;
  readonly clock: Pick<Clock, 'now'>;
}

/** What became of the CRL of one CA key. */
export type CrlReport = { readonly authority: string; readonly subject: string } & (
  | {
      /** `current`: the one that is there will do. */
      readonly state: 'published' | 'current';
      readonly number: string;
      readonly entries: number;
    }
  | { readonly state: 'failed'; readonly detail: string }
);

/** Publishes what a CA has revoked: one complete CRL (RFC 5280 5) for each of its keys. */
export interface CrlPublisher {
  /** The CRLs of all keys that something valid was signed with, and of the one that signs now. One that fails stops no other. */
  publish(): Promise<readonly CrlReport[]>;
  /** That of one key, after a revocation. Throws what the vault or the storage throws. */
  publishFor(authority: Authority): Promise<CrlReport>;
}

const HOUR_MILLISECONDS = 3_600_000;
/** A CRL is dated back, for clients whose clocks are slow. */
const BACKDATED_MILLISECONDS = 5 * 60_000;
/** Whoever comes first has published all that was on record: another round finds it, and ends. */
const CONFLICTS_BORNE = 5;

export function createCrlPublisher(plan: CrlPlan, dependencies: CrlDependencies): CrlPublisher {
  const turns = new Map<string, () => Promise<CrlReport>>();
  return {
    async publish() {
      const reports: CrlReport[] = [];
      for (const authority of await authoritiesInUse(dependencies)) {
        reports.push(await publishOne(authority, plan, dependencies).catch((error) => failed(authority, error)));
      }
      return reports;
    },
    publishFor(authority) {
      const turn = turns.get(authority.id) ?? together(() => publishOne(authority, plan, dependencies));
      turns.set(authority.id, turn);
      return turn();
    },
  };
}

/** Where clients find the CRL of an authority; `undefined` when certificates shall name none. */
export function crlUrls(plan: CrlPlan | undefined, { id }: Authority): readonly string[] {
  return plan?.publicUrl === undefined ? [] : [`${plan.publicUrl}/${blobName(id)}`];
}

function blobName(id: string): string {
  return `${id}.crl`;
}

/** The key that signs now, and those before it whose last certificate has not expired. */
async function authoritiesInUse({ signer, rows, clock }: CrlDependencies): Promise<readonly Authority[]> {
  const current = authorityOf(await signer.current());
  const found = new Map([[current.id, current]]);
  for (const version of await signer.versions()) {
    const authority = authorityOf(version);
    if (found.has(authority.id) || authority.ca.notBefore > clock.now()) continue;
    const row = (await rows.get('authority', authority.id))?.row;
    if (row !== undefined && new Date(row.lastNotAfter) > clock.now()) found.set(authority.id, authority);
  }
  return [...found.values()];
}

async function publishOne(
  authority: Authority,
  plan: CrlPlan,
  { revocations, container, clock }: CrlDependencies,
): Promise<CrlReport> {
  if (!may(authority.ca, 'cRLSign')) {
    throw new RenewalError('issuer-misconfigured', `the key usage of ${authority.ca.subjectText} has no cRLSign`);
  }
  const name = blobName(authority.id);
  for (let conflicts = 0; ; conflicts++) {
    const there = await container.read(name);
    const before = there && readPrevious(there.der, authority.ca);
    const now = clock.now();
    const listed = stillListed(await revocations.list(authority.id), before, now);
    const report = { authority: authority.id, subject: authority.ca.subjectText, entries: listed.length };
    if (before !== undefined && willDo(before, { listed, now, plan })) {
      return { ...report, state: 'current', number: String(before.number), entries: before.serials.size };
    }
    const number = nextNumber(before, now);
    const der = await signCrl(authority, { listed, number, now, plan });
    if (await container.write(name, der, there?.etag)) return { ...report, state: 'published', number: String(number) };
    if (conflicts === CONFLICTS_BORNE) {
      throw new RenewalError('storage-conflict', `crl: others write it all the time: name=${name}`);
    }
  }
}

/** Something else in its place is overwritten. */
function readPrevious(der: Uint8Array, ca: CertificateDetails): Crl | undefined {
  try {
    return readCrl(der, ca);
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return undefined;
    throw error;
  }
}

/**
 * What has expired leaves the list only after it was on a CRL that was issued beyond its life (RFC 5280 3.3). Every CRL
 * here is a complete one for the whole period, so that each counts as one of the schedule.
 */
function stillListed(all: readonly Revocation[], before: Crl | undefined, now: Date): readonly Revocation[] {
  return all.filter(({ serial, notAfter, revokedAt }) => {
    const end = new Date(notAfter);
    if (before === undefined || end > now || before.thisUpdate <= end) return true;
    return !before.serials.has(serial) && new Date(revokedAt) >= before.thisUpdate;
  });
}

interface Wanted {
  readonly listed: readonly Revocation[];
  readonly now: Date;
  readonly plan: CrlPlan;
}

/** It says all that is on record, and less than half of its time is over, of the time that the plan gives it now. */
function willDo(crl: Crl, { listed, now, plan }: Wanted): boolean {
  const halfTime = crl.thisUpdate.getTime() + (plan.hours * HOUR_MILLISECONDS) / 2;
  const isYoung = now.getTime() < halfTime && crl.nextUpdate !== undefined && now < crl.nextUpdate;
  const isOfToday = crl.thisUpdate.getTime() <= now.getTime();
  return isYoung && isOfToday && listed.every(({ serial }) => crl.serials.has(serial));
}

/**
 * One more than the last, or the seconds of the clock where those are more: so that the numbers go on rising although
 * somebody has deleted the CRL, and with it the last number. Of two writers only one gets to write.
 */
function nextNumber(before: Crl | undefined, now: Date): bigint {
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  const next = (before?.number ?? 0n) + 1n;
  return next > seconds ? next : seconds;
}

async function signCrl(authority: Authority, { listed, number, now, plan }: Wanted & { readonly number: bigint }) {
  const thisUpdate = new Date(now.getTime() - BACKDATED_MILLISECONDS);
  const body = encodeCrl({
    issuer: authority.ca,
    signatureAlgorithm: signatureAlgorithmOf(authority.ca).oid,
    thisUpdate,
    nextUpdate: new Date(thisUpdate.getTime() + plan.hours * HOUR_MILLISECONDS),
    number,
    entries: listed.map(({ serial, revokedAt, reason }) => ({ serial, revokedAt: new Date(revokedAt), reason })),
  });
  const der = await signedBy(authority, body);
  if (readPrevious(der, authority.ca) !== undefined) return der;
  throw new RenewalError('issuer-misconfigured', 'the signature is not by the key of the CA certificate');
}

function failed({ id, ca }: Authority, error: unknown): CrlReport {
  if (!(error instanceof RenewalError) || error.code === 'bug') throw error;
  return { authority: id, subject: ca.subjectText, state: 'failed', detail: error.message };
}

/** Whoever asks while the work is being done gets it done once more, together with all others who asked: one signature for many. */
function together<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    next = undefined;
    const turn = work();
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    running = over;
    void over.then(() => {
      if (running === over) running = undefined;
    });
    return turn;
  };
  return () => {
    if (running === undefined) return begin();
    next ??= running.then(begin);
    return next;
  };
}
