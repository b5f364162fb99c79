import type { AcceptanceProfile } from '../plan/types.ts';
import type { Reason } from '../renewal/outcomes.ts';
import { compareNames, namesToCertify, normaliseDnsName } from './alternative-names.ts';
import type { Chain } from './chain.ts';
import { type Diff, lifeDays } from './diff.ts';
import { purposes } from './extensions.ts';
import { isStrongKey } from './keys.ts';
import { isRepeated, isSameSubject } from './names.ts';
import { certificateParts } from './read.ts';
import { signatureAlgorithm } from './signatures.ts';
import type { CertificateDetails, CsrDetails } from './types.ts';

export interface AcceptanceRequest {
  /** What the issuer answered: base64 of DERs in any order; PKCS#7 is taken as well. */
  readonly answer: readonly string[];
  readonly csr: CsrDetails;
  /** The version that is to be replaced; absent for a first one. */
  readonly old?: CertificateDetails;
  readonly profile: AcceptanceProfile;
  /** DERs of the pinned roots. */
  readonly roots: readonly Uint8Array[];
  /** DERs of intermediates that are known anyway, in case the answer forgot them. */
  readonly intermediates?: readonly Uint8Array[];
  readonly now: Date;
  /** Hex serial numbers of all versions that are known. */
  readonly knownSerials: readonly string[];
  /** Why the renewal was started. */
  readonly startReason: string;
  /** Dotted OIDs of what the certificate has to be good for; a TLS server when absent. */
  readonly purposes?: readonly string[];
  /** True when the policy of the certificate says that its key is kept. */
  readonly keepsKey?: boolean;
}

export interface Refusal {
  readonly state: 'refused';
  readonly reason: Reason;
  readonly detail: string;
  /** There when the answer itself is sound and only a person can decide. */
  readonly diff?: Diff;
}

export type BuiltChain = Extract<Chain, { state: 'built' }>;

const minuteMilliseconds = 60_000;
const dayMilliseconds = 86_400_000;
/** Clocks of issuers may be ahead of ours by this much. */
const clockSkewMinutes = 15;
/** Issuers date certificates back, so that clients with slow clocks take them; that hour does not count as life. */
const backdatingDays = 1 / 24;
/** RSA-2048 has 112 bits, which NIST SP 800-57 ends with the year 2030. */
const rsa2048EndsAt = new Date('2031-01-01T00:00:00Z');
/**
 * CAs draw at least 64 bits (CA/Browser Forum BR 7.1), and of such numbers one in 256 begins with eight zeros: its length does not
 * tell how it was drawn. What is smaller than this was counted.
 */
const smallestDrawnSerial = 2n ** 32n;

type Rule = (leaf: CertificateDetails, request: AcceptanceRequest, chain: BuiltChain) => Refusal | undefined;

/** After key and chain, in the order in which they are judged. */
const rules: readonly Rule[] = [
  namesRule,
  keyRule,
  signatureRule,
  authorityRule,
  usageRule,
  datesRule,
  serialRule,
  subjectRule,
];

export function refused(reason: Reason, detail: string): Refusal {
  return { state: 'refused', reason, detail: detail.slice(0, 1000) };
}

/** Judges a leaf whose key and chain are right by everything else that the plan and the request say. */
export function firstRefusal(
  leaf: CertificateDetails,
  chain: BuiltChain,
  request: AcceptanceRequest,
): Refusal | undefined {
  for (const rule of rules) {
    const refusal = rule(leaf, request, chain);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function namesRule(leaf: CertificateDetails, { csr }: AcceptanceRequest): Refusal | undefined {
  // Comparing is kind to names outside ASCII, clients are not: they look for the A-label.
  const odd = leaf.names.dns.filter((name) => normaliseDnsName(name) !== name);
  if (odd.length > 0) return refused('names-differ', `not written as A-labels: ${listed(odd)}`);
  const { missing, extra } = compareNames(namesToCertify(csr), leaf.names);
  if (missing.length + extra.length === 0) return undefined;
  return refused('names-differ', `missing: ${listed(missing)}; not requested: ${listed(extra)}`);
}

/** Names are others' text: quoted and few, so that none of it can pass for ours. */
function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const few = names.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 64)));
  return names.length > few.length ? `${few.join(', ')} and ${names.length - few.length} more` : few.join(', ');
}

function keyRule(leaf: CertificateDetails, { profile }: AcceptanceRequest): Refusal | undefined {
  if (leaf.keyType === 'unknown' || !profile.keys.includes(leaf.keyType)) {
    return refused('key-not-allowed', `${leaf.keyType} is not one of ${profile.keys.join(', ')}`);
  }
  if (leaf.keyType === 'RSA-2048' && leaf.notAfter > rsa2048EndsAt) {
    return refused('key-not-allowed', 'RSA-2048 is not allowed beyond the year 2030');
  }
  return undefined;
}

/** The root's signature on itself proves nothing and is not looked at; its key is. */
function signatureRule(_: CertificateDetails, __: AcceptanceRequest, chain: BuiltChain): Refusal | undefined {
  const weak = chain.certificates.find((one) => signatureAlgorithm(one.signatureAlgorithm) === undefined);
  if (weak !== undefined) {
    return refused('signature-not-allowed', `${weak.subjectText} is signed with ${weak.signatureAlgorithm}`);
  }
  const signers = [...chain.certificates.slice(1), chain.root];
  const frail = signers.find((signer) => !isStrongKey(certificateParts(signer.der).spki));
  if (frail === undefined) return undefined;
  return refused('signature-not-allowed', `the key of ${frail.subjectText} is weaker than RSA-2048 or P-256`);
}

function authorityRule(leaf: CertificateDetails): Refusal | undefined {
  const canSign = leaf.keyUsage.filter((usage) => usage === 'keyCertSign' || usage === 'cRLSign');
  if (leaf.isCa) return refused('is-ca', 'its basic constraints make it an authority');
  return canSign.length === 0 ? undefined : refused('is-ca', `its key usage has ${canSign.join(' and ')}`);
}

function usageRule(leaf: CertificateDetails, { purposes: wanted }: AcceptanceRequest): Refusal | undefined {
  if (!leaf.keyUsage.includes('digitalSignature')) return refused('usage-differs', 'no key usage digitalSignature');
  if (leaf.extendedKeyUsage.includes(purposes.any)) return refused('usage-differs', 'it is good for any purpose');
  const missing = (wanted ?? [purposes.serverAuth]).filter((purpose) => !leaf.extendedKeyUsage.includes(purpose));
  if (missing.length === 0) return undefined;
  return refused('usage-differs', `its extended key usage does not have ${missing.map(purposeName).join(' and ')}`);
}

function purposeName(oid: string): string {
  return Object.entries(purposes).find(([, known]) => known === oid)?.[0] ?? oid;
}

function datesRule(leaf: CertificateDetails, { profile, now }: AcceptanceRequest): Refusal | undefined {
  const latestStart = new Date(now.getTime() + clockSkewMinutes * minuteMilliseconds);
  const earliestEnd = new Date(now.getTime() + profile.minimumDays * dayMilliseconds);
  const [start, end] = [leaf.notBefore.toISOString(), leaf.notAfter.toISOString()];
  if (leaf.notBefore > latestStart) return refused('dates-not-accepted', `it is not valid before ${start}`);
  if (leaf.notAfter <= now) return refused('dates-not-accepted', `it expired at ${end}`);
  if (leaf.notAfter < earliestEnd) {
    return refused('dates-not-accepted', `it ends at ${end}, and the plan wants ${profile.minimumDays} days`);
  }
  if (lifeDays(leaf) <= profile.maximumDays + backdatingDays) return undefined;
  return refused('dates-not-accepted', `it lives from ${start} to ${end}, longer than ${profile.maximumDays} days`);
}

function serialRule(leaf: CertificateDetails, { knownSerials, old }: AcceptanceRequest): Refusal | undefined {
  const known = [...knownSerials, ...(old === undefined ? [] : [old.serial])].map(plainSerial);
  if (known.includes(plainSerial(leaf.serial))) {
    return refused('serial-reused', `an earlier version has the serial number ${leaf.serial}`);
  }
  if (BigInt(`0x0${leaf.serial}`) >= smallestDrawnSerial) return undefined;
  return refused(
    'serial-reused',
    `the serial number ${leaf.serial} has no more than 32 bits: it was counted, not drawn`,
  );
}

/** Others write serial numbers in capitals and with or without zeros in front. */
function plainSerial(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, '');
}

function subjectRule(leaf: CertificateDetails, { csr }: AcceptanceRequest): Refusal | undefined {
  if (isSameSubject(leaf.subject, csr.subject)) return undefined;
  if (leaf.subject.length === 0 && isRepeated(csr.subject, leaf.names.dns)) return undefined;
  return refused(
    'subject-differs',
    `it is ${leaf.subjectText || 'empty'}, and ${csr.subjectText || 'none'} was requested`,
  );
}
