import { randomBytes } from 'node:crypto';
import { tags, wrap } from '../../src/certificate/der.ts';
import { type Authority, type CertificateWish, createAuthority } from '../pki.ts';
import type { InternalCa } from '../stand/seeding.ts';
import type { FaultName } from './catalogue.ts';

const DAY = 86_400_000;

/** An internal CA for one certificate alone, as the estate file names it: what is wrong with it hurts nobody else. */
export interface OwnIssuer {
  readonly issuing: Authority;
  /** PEMs that are sent after the issuing CA's certificate. */
  readonly chain: readonly string[];
  /** What it signs for; absent: the names of the estate. */
  readonly dnsSuffixes?: readonly string[];
  /** Nothing is wrong with it: it has issued what is in use now, too. */
  readonly isSound?: true;
}

/** Whether the fault is one of the issuer, or needs to know whose signature is asked for. */
export function needsOwnIssuer(fault: FaultName | undefined): boolean {
  return fault !== undefined && (fault.startsWith('ca.') || fault === 'kv.foreign-merge');
}

/** Makes the issuer that brings a fault about; a sound one for faults that come about elsewhere. */
export async function createOwnIssuer(fault: FaultName, ca: InternalCa, now: Date): Promise<OwnIssuer> {
  const sound = { subject: 'CN=issuing CA of its own', pathLength: 0, ...years(now, 5) };
  const issuingBelow = (parent: Authority, wish: Partial<CertificateWish> = {}): Promise<Authority> =>
    createAuthority({ ...sound, ...wish, parent });
  const policyLike = (wish: Partial<CertificateWish> = {}): Promise<Authority> =>
    createAuthority({ subject: ca.policy.details.subject, pathLength: 1, ...years(now, 10), ...wish, parent: ca.root });
  switch (fault) {
    case 'ca.weak':
      return { issuing: await issuingBelow(ca.policy, { hash: 'sha1' }), chain: [ca.policy.pem] };
    case 'ca.chain-missing':
      return { issuing: await issuingBelow(ca.policy), chain: [] };
    case 'ca.chain-wrong':
      return { issuing: await issuingBelow(ca.policy), chain: [(await policyLike()).pem] };
    case 'ca.chain-expired': {
      const expired = await policyLike({ notAfter: new Date(now.getTime() - DAY) });
      return { issuing: await issuingBelow(expired), chain: [expired.pem] };
    }
    case 'ca.junk-chain': {
      const bulky: Authority[] = [];
      for (let tiers = BULKY_TIERS; tiers > 0; tiers -= 1) {
        const wish = {
          subject: `CN=bulky CA ${tiers}`,
          pathLength: tiers,
          extraExtensions: [bulk()],
          ...years(now, 10),
        };
        bulky.unshift(await createAuthority({ ...wish, parent: bulky[0] ?? ca.root }));
      }
      return { issuing: await issuingBelow(bulky[0] ?? ca.root), chain: bulky.map(({ pem }) => pem) };
    }
    case 'ca.reject':
      return { issuing: await issuingBelow(ca.policy), chain: [ca.policy.pem], dnsSuffixes: ['elsewhere.example'] };
    default:
      return { issuing: await issuingBelow(ca.policy), chain: [ca.policy.pem], isSound: true };
  }
}

function years(now: Date, count: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - 365 * DAY), notAfter: new Date(now.getTime() + count * 365 * DAY) };
}

const BULK_BYTES = 60 * 1024;
/** Of CAs one above the other, each as large as it may be. */
const BULKY_TIERS = 8;

/** An extension that nobody has to understand, as large as a certificate may be at most. */
function bulk(): NonNullable<CertificateWish['extraExtensions']>[number] {
  return { oid: '1.3.6.1.4.1.99999.1', critical: false, value: wrap(tags.octetString, randomBytes(BULK_BYTES)) };
}
