import { RenewalError } from '../errors.ts';
import type { OrderRow } from '../estate/port.ts';
import type { Issuer, RevocationReason, RevokeResult } from '../issuers/port.ts';
import type { JournalRecord } from '../journal/port.ts';
import { findVault } from '../plan/look-up.ts';
import type { VersionFacts } from '../vault/port.ts';
import type { Dependencies } from './dependencies.ts';
import { renewalId } from './ids.ts';
import { elsewhere } from './lease.ts';
import { type Place, placeOf } from './place.ts';

/** What a person asks to have revoked: a version of a certificate, absent the current one. */
export interface RevocationAsked {
  readonly vault: string;
  readonly certificate: string;
  readonly version?: string | undefined;
  readonly reason: RevocationReason;
  /** Also what is current or was last seen served. */
  readonly force: boolean;
  readonly comment?: string | undefined;
}

/** The version that was asked about; `journal` is the chain that tells of it. */
export interface RevokedVersion {
  readonly vault: string;
  readonly certificate: string;
  readonly version: string;
  readonly sha256: string;
  readonly serial: string;
  readonly issuer: string;
  readonly journal: string;
}

export type RevocationRefusal =
  | 'another-app'
  | 'vault-outside-estate'
  | 'not-in-estate'
  | 'gone'
  | 'version-unknown'
  | 'revoke-unsupported'
  | 'still-in-use'
  | 'revoke-refused';

export type Revocation =
  | ({ readonly state: 'revoked' } & RevokedVersion)
  | ({ readonly state: 'requested'; readonly detail: string } & RevokedVersion)
  | { readonly state: 'refused'; readonly because: RevocationRefusal; readonly detail: string };

/**
 * Has a version revoked by the issuer that made it, or that its plan names. Repeating it is harmless: what is on record as
 * revoked is not asked for again, and issuers answer `revoked` for what they had revoked before. Throws `issuer-*`,
 * `vault-*` or `storage-*` when that cannot be told.
 */
export async function revokeVersion(asked: RevocationAsked, app: Dependencies): Promise<Revocation> {
  const hold = await app.lease.hold();
  if (hold.state === 'elsewhere') return refused('another-app', elsewhere(hold));
  const estate = await app.estate();
  const vault = findVault(estate, asked.vault);
  if (vault === undefined) return refused('vault-outside-estate', 'The estate file has no such vault.');
  const place = placeOf(estate, vault.name, asked.certificate);
  if (place === undefined) return refused('not-in-estate', 'The estate file has no such certificate in this vault.');
  const found = await versionOf(place, asked.version, app);
  if ('state' in found) return found;
  const { facts, isCurrent } = found;
  const order = await orderOf(place, facts, app);
  const name = order?.issuer ?? place.plan.issuer;
  const issuer = app.issuer(estate, name);
  if (issuer.revoke === undefined)
    return refused('revoke-unsupported', `The issuer ${name} (${issuer.kind}) revokes nothing through Perennial.`);
  const use = asked.force ? undefined : await useOf(place, { sha256: facts.sha256, isCurrent }, app);
  if (use !== undefined) return refused('still-in-use', use);
  const journal = order?.renewalId ?? chainOf(place, facts.version);
  const version: RevokedVersion = {
    ...{ vault: vault.name, certificate: place.certificate.name, version: facts.version },
    ...{ sha256: facts.sha256, serial: facts.serial, issuer: name, journal },
  };
  return await askAndRecord({ version, der: facts.der, asked, issuer }, app);
}

function refused(because: RevocationRefusal, detail: string): Extract<Revocation, { state: 'refused' }> {
  return { state: 'refused', because, detail };
}

async function versionOf({ vault, certificate }: Place, asked: string | undefined, { vault: vaults }: Dependencies) {
  const ref = { vault: vault.uri, name: certificate.name };
  const seen = await vaults.inspect(ref, 'version');
  if (seen.state === 'absent') return refused('gone', 'The vault holds no such certificate.');
  const { current } = seen;
  const wanted = asked?.toLowerCase();
  if (current !== undefined && (wanted === undefined || wanted === current.version))
    return { facts: current, isCurrent: current.enabled };
  const facts = wanted === undefined ? undefined : await vaults.version(ref, wanted);
  if (facts === undefined) return refused('version-unknown', 'The certificate has no such finished version.');
  return { facts, isCurrent: false };
}

/** The order that a version came of; `undefined` for one that was made by somebody else. */
async function orderOf({ vault, certificate }: Place, { der }: VersionFacts, app: Dependencies) {
  const orders = await app.store.orders(vault.name, certificate.name);
  return orders.find(({ accepted }: OrderRow) => accepted?.[0] === der);
}

/** Why a version should not be revoked yet: whoever checks would turn away from what is served. */
async function useOf(
  { vault, certificate }: Place,
  { sha256, isCurrent }: { readonly sha256: string; readonly isCurrent: boolean },
  { store }: Dependencies,
): Promise<string | undefined> {
  const targets = await store.targets(`${vault.name}/${certificate.name}`);
  const serving = targets.filter(({ servedSha256 }) => servedSha256 === sha256).length;
  const uses = [
    ...(isCurrent ? ['it is the current version'] : []),
    ...(serving > 0 ? [`${serving} of the targets were last seen serving it`] : []),
  ];
  if (uses.length === 0) return undefined;
  const what = 'Clients that check revocation would refuse what is served';
  return `${what}: ${uses.join(', and ')}. Renew it first, or send force: true.`;
}

/** A version that no renewal of ours made has a chain of its own; renewals begin with attempt 1. */
function chainOf({ vault, certificate }: Place, version: string): string {
  return renewalId({ vault: vault.uri, name: certificate.name, version, attempt: 0 });
}

interface Act {
  readonly version: RevokedVersion;
  readonly der: string;
  readonly asked: Pick<RevocationAsked, 'reason' | 'force' | 'comment'>;
  readonly issuer: Issuer;
}

/** Intent, act, result; what went before is in the same chain. */
async function askAndRecord({ version, der, asked, issuer }: Act, app: Dependencies): Promise<Revocation> {
  const before = (await app.journal.read(version.journal)).filter((record) => isAbout(record, version));
  if (before.some(({ facts }) => facts.state === 'revoked')) return { state: 'revoked', ...version };
  const round = before.filter(({ kind }) => kind === 'intent').length + 1;
  const record = (kind: 'intent' | 'result', facts: Readonly<Record<string, unknown>>) =>
    app.journal.append(version.journal, {
      ...{ key: `revoke:${version.version}#${round}:${kind}`, at: app.clock.now().toISOString(), kind, step: 'revoke' },
      facts: { certificate: version.sha256, serial: version.serial, issuer: version.issuer, ...facts },
    });
  const { reason, force, comment } = asked;
  await record('intent', { reason, force, ...(comment !== undefined && { comment }) });
  try {
    const answer = (await issuer.revoke?.({ certificate: der, reason })) ?? unsupported;
    await record('result', { ...answer });
    return told(answer, version);
  } catch (error) {
    const code = error instanceof RenewalError ? error.code : 'bug';
    await record('result', { again: code, detail: error instanceof Error ? error.message.slice(0, 500) : '' });
    throw error;
  }
}

const unsupported: RevokeResult = { state: 'refused', reason: 'it revokes nothing' };

function isAbout({ step, facts }: JournalRecord, { sha256 }: RevokedVersion): boolean {
  return step === 'revoke' && facts.certificate === sha256;
}

function told(answer: RevokeResult, version: RevokedVersion): Revocation {
  switch (answer.state) {
    case 'revoked':
      return { state: 'revoked', ...version };
    case 'requested':
      return { state: 'requested', detail: answer.detail, ...version };
    case 'refused':
      return refused('revoke-refused', `The issuer ${version.issuer} refused: ${answer.reason}`);
    default:
      return answer satisfies never;
  }
}
