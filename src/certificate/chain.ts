import { X509Certificate } from 'node:crypto';
import { createRecent } from '../recent.ts';
import { constraintViolation, pathLengthOf, strangeCriticalExtensions } from './constraints.ts';
import { purposes } from './extensions.ts';
import { isSameName } from './names.ts';
import type { CertificateDetails } from './types.ts';

export interface ChainRequest {
  readonly leaf: CertificateDetails;
  /** Where issuers may be found, in any order; what does not belong is passed over. */
  readonly candidates: readonly CertificateDetails[];
  /** The chain has to end at one of these very certificates. */
  readonly roots: readonly CertificateDetails[];
  readonly now: Date;
  /** Dotted OIDs of what the leaf has to be good for; a TLS server when absent. */
  readonly purposes?: readonly string[];
}

/** `certificates` goes from the leaf to the last one below the root. */
export type Chain =
  | {
      readonly state: 'built';
      readonly certificates: readonly CertificateDetails[];
      readonly root: CertificateDetails;
    }
  | { readonly state: 'broken'; readonly detail: string };

/** Longer paths are built by nobody who is honest. */
const longestPath = 10;

/**
 * Looks for a path from the leaf to a pinned root: each link by name, key identifier and signature, each authority allowed to
 * sign what it signed, and valid now. Where authorities are cross-signed all paths are tried. The leaf's own dates are the
 * caller's business: acceptance and probes judge them differently.
 */
export function buildChain(request: ChainRequest): Chain {
  const search = new Search(request);
  const strange = strangeCriticalExtensions(request.leaf);
  if (strange.length > 0) return { state: 'broken', detail: notUnderstood(request.leaf, strange) };
  if (search.isRoot(request.leaf)) return { state: 'built', certificates: [request.leaf], root: request.leaf };
  return search.extend([request.leaf]) ?? { state: 'broken', detail: search.problem() };
}

class Search {
  readonly #request: ChainRequest;
  readonly #roots: ReadonlySet<string>;
  readonly #authorities: readonly CertificateDetails[];
  readonly #links = new Map<string, boolean>();
  readonly #problems = new Set<string>();

  constructor(request: ChainRequest) {
    this.#request = request;
    this.#roots = new Set(request.roots.map((root) => root.sha256));
    // Roots first: the shortest path wins over one through a cross-sign.
    this.#authorities = [...request.roots, ...request.candidates.filter((one) => !this.isRoot(one))];
  }

  isRoot(certificate: CertificateDetails): boolean {
    return this.#roots.has(certificate.sha256);
  }

  problem(): string {
    return [...this.#problems].slice(0, 3).join('; ');
  }

  extend(path: readonly CertificateDetails[]): Chain | undefined {
    const child = path.at(-1);
    if (child === undefined || path.length > longestPath) return undefined;
    const issuers = this.#authorities.filter((one) => !isOnPath(one, path) && this.#isIssuer(one, child));
    if (issuers.length === 0) this.#problems.add(`no certificate at hand issued ${child.subjectText}`);
    for (const issuer of issuers) {
      const objection = this.#objection(issuer, path);
      if (objection !== undefined) {
        this.#problems.add(objection);
        continue;
      }
      if (this.isRoot(issuer)) return { state: 'built', certificates: path, root: issuer };
      const chain = this.extend([...path, issuer]);
      if (chain !== undefined) return chain;
    }
    return undefined;
  }

  #isIssuer(parent: CertificateDetails, child: CertificateDetails): boolean {
    const key = `${parent.sha256} ${child.sha256}`;
    const known = this.#links.get(key) ?? this.#signed(parent, child);
    this.#links.set(key, known);
    return known;
  }

  #signed(parent: CertificateDetails, child: CertificateDetails): boolean {
    if (!isSameName(parent.subject, child.issuer)) return false;
    const { authorityKeyId } = child;
    const namesOtherKey = authorityKeyId !== undefined && parent.subjectKeyId !== undefined;
    if (namesOtherKey && authorityKeyId !== parent.subjectKeyId) return false;
    if (isSignatureOf(parent, child)) return true;
    this.#problems.add(`the signature on ${child.subjectText} is not that of ${parent.subjectText}`);
    return false;
  }

  /** Why this authority may not stand above the path; `undefined` when it may. */
  #objection(authority: CertificateDetails, path: readonly CertificateDetails[]): string | undefined {
    const { now } = this.#request;
    const name = authority.subjectText;
    if (!authority.isCa) return `${name} is not an authority`;
    const wanted = this.#request.purposes ?? [purposes.serverAuth];
    const whom = wanted.includes(purposes.serverAuth) ? 'servers' : 'clients';
    if (!maySign(authority, this.isRoot(authority), wanted)) return `${name} may not sign certificates for TLS ${whom}`;
    if (authority.notAfter <= now) return `${name} expired at ${authority.notAfter.toISOString()}`;
    if (authority.notBefore > now) return `${name} is not valid before ${authority.notBefore.toISOString()}`;
    const below = path.slice(1).filter((one) => !isSameName(one.subject, one.issuer)).length;
    if (below > (pathLengthOf(authority) ?? longestPath)) return `${name} allows fewer authorities below it`;
    const strange = strangeCriticalExtensions(authority);
    if (strange.length > 0) return notUnderstood(authority, strange);
    const violation = constraintViolation(authority, this.#request.leaf);
    return violation === undefined ? undefined : `${name}: ${violation}`;
  }
}

/** RFC 5280 6.1: neither a certificate nor the same authority under another certificate twice; so that cross-signs cannot loop. */
function isOnPath(authority: CertificateDetails, path: readonly CertificateDetails[]): boolean {
  return path.some((one) => one.spkiSha256 === authority.spkiSha256 && isSameName(one.subject, authority.subject));
}

/** Whether a signature is right never changes: the links between authorities are the same in every chain. */
const proven = createRecent<boolean>(1000);

function isSignatureOf(parent: CertificateDetails, child: CertificateDetails): boolean {
  const link = `${parent.sha256} ${child.sha256}`;
  const is = proven.get(link) ?? verifySignature(parent, child);
  proven.set(link, is);
  return is;
}

function verifySignature(parent: CertificateDetails, child: CertificateDetails): boolean {
  try {
    return new X509Certificate(child.der).verify(new X509Certificate(parent.der).publicKey);
  } catch {
    // OpenSSL throws where key and algorithm do not fit together: that is no signature of this key.
    return false;
  }
}

/** Old roots have no key usage at all, which is fine for a pinned one. An EKU in an authority limits all below it. */
function maySign(authority: CertificateDetails, isRoot: boolean, wanted: readonly string[]): boolean {
  const { keyUsage, extendedKeyUsage } = authority;
  const mayCertify = keyUsage.includes('keyCertSign') || (isRoot && keyUsage.length === 0);
  const isFree = extendedKeyUsage.length === 0 || extendedKeyUsage.includes(purposes.any);
  return mayCertify && (isFree || wanted.every((purpose) => extendedKeyUsage.includes(purpose)));
}

function notUnderstood(certificate: CertificateDetails, oids: readonly string[]): string {
  return `${certificate.subjectText} has a critical extension that is not understood: ${oids.join(', ')}`;
}
