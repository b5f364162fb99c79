import type { X509Certificate } from 'node:crypto';
import { buildChain } from '../certificate/chain.ts';
import { maximumCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CertificateDetails } from '../certificate/types.ts';
import { RenewalError } from '../errors.ts';
import { createRecent } from '../recent.ts';

export interface ChainToJudge {
  /** As the server sent it, the leaf first. */
  readonly sent: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  /** The name that the client asked for. */
  readonly host: string;
  readonly now: Date;
}

/**
 * Why a client would not believe this chain; `undefined` when every one would. A path is looked for among what was sent,
 * in whatever order it came, as today's clients do. Then its order is judged: TLS 1.2 asks for the leaf, its issuer, that
 * one's issuer and so on (RFC 5246 7.4.2), and old clients look no further. What comes after the path is superfluous and
 * no problem. What an authority's key usage, path length or name constraints forbid is as wrong here as in an answer.
 */
export function chainProblem({ sent, roots: pinned, host, now }: ChainToJudge): string | undefined {
  // No honest chain is longer, and of a dishonest one no more is looked at.
  const [leaf, ...others] = sent.slice(0, maximumCertificates);
  if (leaf === undefined) return 'the server sent no certificate';
  const roots = pinned.length > 0 ? pinned : itself(leaf);
  // RFC 6125: only the alternative names count, never the subject.
  if (leaf.checkHost(host, { subject: 'never' }) === undefined) return `the certificate is not for ${host}`;
  return pathProblem(leaf, others, { roots, now }) ?? orderProblem(sent, roots);
}

/** Only the issuer Self has no roots: its certificates vouch for themselves, and that it is the right one is seen by its hash. */
function itself(leaf: X509Certificate): readonly X509Certificate[] {
  return leaf.subject === leaf.issuer && isSignedBy(leaf, leaf) ? [leaf] : [];
}

interface Trust {
  readonly roots: readonly X509Certificate[];
  readonly now: Date;
}

/** The path is looked for as everywhere: by name, key, signature, what each authority may sign, and its dates. */
function pathProblem(leaf: X509Certificate, others: readonly X509Certificate[], trust: Trust): string | undefined {
  const dates = dateProblem(leaf, trust.now);
  if (dates !== undefined) return dates;
  const subject = detailsOf(leaf);
  if (subject === undefined) return `${nameOf(leaf)} cannot be read`;
  const read = (list: readonly X509Certificate[]) => list.flatMap((one) => detailsOf(one) ?? []);
  const chain = buildChain({ leaf: subject, candidates: read(others), roots: read(trust.roots), now: trust.now });
  return chain.state === 'built' ? undefined : `the chain leads to no known root: ${chain.detail}`;
}

/** `undefined` for what OpenSSL reads and we do not: it can be no link of a chain. */
function detailsOf(certificate: X509Certificate): CertificateDetails | undefined {
  try {
    return readCertificate(certificate.raw);
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return undefined;
    throw error;
  }
}

/** Each certificate must be followed by its issuer, until a known root is reached. */
function orderProblem(sent: readonly X509Certificate[], roots: readonly X509Certificate[]): string | undefined {
  for (const [place, certificate] of sent.entries()) {
    if (roots.some((root) => root.raw.equals(certificate.raw) || hasIssued(root, certificate))) return undefined;
    const next = sent[place + 1];
    if (next === undefined || !hasIssued(next, certificate)) {
      return `the chain is sent out of order: ${nameOf(certificate)} is not followed by its issuer`;
    }
  }
  return undefined;
}

/** Whether one certificate issued another never changes, and authorities are met again at every probe. */
const known = createRecent<boolean>(1000);

/** `checkIssued` compares names and key ids, `verify` proves the signature. */
function hasIssued(issuer: X509Certificate, subject: X509Certificate): boolean {
  const link = `${issuer.fingerprint256} ${subject.fingerprint256}`;
  const is = known.get(link) ?? (subject.checkIssued(issuer) && isSignedBy(subject, issuer));
  known.set(link, is);
  return is;
}

function isSignedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.verify(issuer.publicKey);
  } catch {
    // OpenSSL throws at a key that it does not know, or that does not fit the signature: it signed nothing here.
    return false;
  }
}

function dateProblem(certificate: X509Certificate, now: Date): string | undefined {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (now < from) return `${nameOf(certificate)} is not valid before ${from.toISOString()}`;
  if (now > to) return `${nameOf(certificate)} has expired at ${to.toISOString()}`;
  return undefined;
}

function nameOf(certificate: X509Certificate): string {
  return `"${certificate.subject.replaceAll('\n', ', ')}"`;
}
