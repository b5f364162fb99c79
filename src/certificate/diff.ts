import { compareNames, namesToCertify } from './alternative-names.ts';
import { purposes } from './extensions.ts';
import { isRepeated, isSameName, isSameSubject } from './names.ts';
import { signatureAlgorithm } from './signatures.ts';
import type { CertificateDetails, KeyType } from './types.ts';

/** From best to worst. `allowed`: a change that the plan has decided already, such as new dates or another pinned root. */
export const diffClasses = ['same', 'allowed', 'needs-approval', 'blocked'] as const;
export type DiffClass = (typeof diffClasses)[number];

export type DiffSubject =
  | 'certificate'
  | 'subject'
  | 'names'
  | 'authority'
  | 'extended-key-usage'
  | 'key-usage'
  | 'key-type'
  | 'key'
  | 'issuer'
  | 'root'
  | 'not-after'
  | 'life'
  | 'signature';

/** One compared property; old and new only where they differ, and short: it goes into histories. */
export interface DiffItem {
  readonly what: DiffSubject;
  readonly class: DiffClass;
  readonly old?: string;
  readonly new?: string;
}

export interface Diff {
  /** The worst class of its items. */
  readonly overall: DiffClass;
  readonly items: readonly DiffItem[];
}

/** What the two certificates themselves do not tell. */
export interface DiffContext {
  /** SHA-256 of the root that the chain ends at; absent when no path to a pinned root is known. */
  readonly oldRoot?: string;
  readonly newRoot?: string;
  /** Why the renewal was started. */
  readonly startReason?: string;
  /** True when the owner has decided to keep the key. */
  readonly keepsKey?: boolean;
}

/** Renewals for these reasons may well end earlier than the certificate they replace: `window-opened` is the wish of its CA. */
const excusesEarlierEnd: readonly string[] = ['revoked', 'compromised', 'validity-policy', 'window-opened'];

const dayMilliseconds = 86_400_000;

/** Compares a certificate with the one that is to replace it: sets, keys and dates, never the text of a name. */
export function diff(old: CertificateDetails, next: CertificateDetails, context: DiffContext = {}): Diff {
  const items = [
    compared('certificate', old.sha256 === next.sha256 ? 'blocked' : 'allowed', [old.sha256, next.sha256]),
    subjectItem(old, next),
    namesItem(old, next),
    compared('authority', authorityClass(old, next), [String(old.isCa), String(next.isCa)]),
    purposesItem(old, next),
    setItem('key-usage', { old: old.keyUsage, next: next.keyUsage, whenDifferent: 'allowed' }),
    compared('key-type', keyTypeClass(old.keyType, next.keyType), [old.keyType, next.keyType]),
    keyItem(old, next, context.keepsKey ?? false),
    issuerItem(old, next),
    compared('root', context.oldRoot === context.newRoot ? 'same' : 'allowed', [
      context.oldRoot ?? 'unknown',
      context.newRoot ?? 'unknown',
    ]),
    endItem(old, next, context.startReason ?? ''),
    lifeItem(old, next),
    compared('signature', old.signatureAlgorithm === next.signatureAlgorithm ? 'same' : 'allowed', [
      algorithmText(old.signatureAlgorithm),
      algorithmText(next.signatureAlgorithm),
    ]),
  ];
  return { overall: worst(items), items };
}

/** The diff of a first version, which replaces nothing. */
export const nothingToCompare: Diff = { overall: 'same', items: [] };

function worst(items: readonly DiffItem[]): DiffClass {
  return diffClasses.findLast((one) => items.some((item) => item.class === one)) ?? 'same';
}

function compared(what: DiffSubject, verdict: DiffClass, [old, next]: readonly [string, string]): DiffItem {
  return verdict === 'same' ? { what, class: verdict } : { what, class: verdict, old: short(old), new: short(next) };
}

function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function subjectItem(old: CertificateDetails, next: CertificateDetails): DiffItem {
  const verdict = isSameSubject(old.subject, next.subject) ? 'same' : changeOfSubject(old, next);
  return compared('subject', verdict, [old.subjectText, next.subjectText]);
}

/** Authorities leave out a common name that is among the names, or put it in again: it says nothing that they do not. */
function changeOfSubject(old: CertificateDetails, next: CertificateDetails): DiffClass {
  const isOneEmpty = old.subject.length === 0 || next.subject.length === 0;
  const areRepeated = isRepeated(old.subject, next.names.dns) && isRepeated(next.subject, next.names.dns);
  return isOneEmpty && areRepeated ? 'allowed' : 'needs-approval';
}

/** Clients that looked at the common name see no new name when it becomes an alternative name. */
function namesItem(old: CertificateDetails, next: CertificateDetails): DiffItem {
  const { missing, extra } = compareNames(namesToCertify(old), namesToCertify(next));
  const verdict = missing.length + extra.length === 0 ? 'same' : 'needs-approval';
  return compared('names', verdict, [missing.map(quoted).join(' '), extra.map(quoted).join(' ')]);
}

/** Names are others' text: quoted, so that none of it can pass for ours. */
function quoted(name: string): string {
  return JSON.stringify(name);
}

function authorityClass(old: CertificateDetails, next: CertificateDetails): DiffClass {
  if (next.isCa) return 'blocked';
  return old.isCa ? 'needs-approval' : 'same';
}

function purposesItem(old: CertificateDetails, next: CertificateDetails): DiffItem {
  const isServer = next.extendedKeyUsage.includes(purposes.serverAuth);
  const isAnything = next.extendedKeyUsage.includes(purposes.any);
  const whenDifferent = isServer && !isAnything ? 'needs-approval' : 'blocked';
  return setItem('extended-key-usage', { old: old.extendedKeyUsage, next: next.extendedKeyUsage, whenDifferent });
}

function setItem(
  what: DiffSubject,
  sets: { readonly old: readonly string[]; readonly next: readonly string[]; readonly whenDifferent: DiffClass },
): DiffItem {
  const old = [...new Set(sets.old)].sort().join(' ');
  const next = [...new Set(sets.next)].sort().join(' ');
  return compared(what, old === next ? 'same' : sets.whenDifferent, [old, next]);
}

/** Strength in bits (NIST SP 800-57). */
const strength: Readonly<Record<KeyType, number>> = {
  'RSA-2048': 112,
  'RSA-3072': 128,
  'RSA-4096': 140,
  'P-256': 128,
  'P-384': 192,
  'P-521': 256,
};

/** Another family can lock clients out, a weaker key is a decision; a stronger one of the same family is neither. */
function keyTypeClass(old: KeyType | 'unknown', next: KeyType | 'unknown'): DiffClass {
  if (next === 'unknown') return 'blocked';
  if (old === next) return 'same';
  if (old === 'unknown' || (old.slice(0, 3) === 'RSA') !== (next.slice(0, 3) === 'RSA')) return 'needs-approval';
  return strength[next] > strength[old] ? 'allowed' : 'needs-approval';
}

/** Every version gets a key of its own; the old one again is a decision, which the owner may have made in the policy. */
function keyItem(old: CertificateDetails, next: CertificateDetails, keepsKey: boolean): DiffItem {
  const verdict = old.spkiSha256 === next.spkiSha256 && !keepsKey ? 'needs-approval' : 'allowed';
  return compared('key', verdict, [old.spkiSha256, next.spkiSha256]);
}

/** Which issuer is right the plan has decided; acceptance has made sure that the new one ends at a root it pins. */
function issuerItem(old: CertificateDetails, next: CertificateDetails): DiffItem {
  const verdict = isSameName(old.issuer, next.issuer) ? 'same' : 'allowed';
  return compared('issuer', verdict, [old.issuerText, next.issuerText]);
}

function endItem(old: CertificateDetails, next: CertificateDetails, startReason: string): DiffItem {
  const isEarlier = next.notAfter < old.notAfter;
  const verdict = isEarlier && !excusesEarlierEnd.includes(startReason) ? 'needs-approval' : 'allowed';
  return compared('not-after', verdict, [old.notAfter.toISOString(), next.notAfter.toISOString()]);
}

/** Lives are getting shorter by policy all over; only the end counts for the owner. A day more or less is rounding. */
function lifeItem(old: CertificateDetails, next: CertificateDetails): DiffItem {
  const [before, after] = [lifeDays(old), lifeDays(next)];
  const verdict = Math.abs(before - after) <= 1 ? 'same' : 'allowed';
  return compared('life', verdict, [`${Math.round(before)} days`, `${Math.round(after)} days`]);
}

export function lifeDays({ notBefore, notAfter }: Pick<CertificateDetails, 'notBefore' | 'notAfter'>): number {
  return (notAfter.getTime() - notBefore.getTime()) / dayMilliseconds;
}

function algorithmText(oid: string): string {
  return signatureAlgorithm(oid)?.jwa ?? oid;
}
