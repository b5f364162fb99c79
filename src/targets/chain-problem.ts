import type { X509Certificate } from 'node:crypto';
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
 * no problem.
 */
export function chainProblem({ sent, roots, host, now }: ChainToJudge): string | undefined {
  const [leaf, ...others] = sent;
  if (leaf === undefined) return 'the server sent no certificate';
  // RFC 6125: only the alternative names count, never the subject.
  if (leaf.checkHost(host, { subject: 'never' }) === undefined) return `the certificate is not for ${host}`;
  return pathProblem(leaf, others, { roots, now }) ?? orderProblem(sent, roots);
}

interface Trust {
  readonly roots: readonly X509Certificate[];
  readonly now: Date;
}

function pathProblem(subject: X509Certificate, others: readonly X509Certificate[], trust: Trust): string | undefined {
  const dates = dateProblem(subject, trust.now);
  if (dates !== undefined) return dates;
  // A server may be given a root's own key to serve with; a pinned certificate needs no issuer.
  if (trust.roots.some((root) => root.raw.equals(subject.raw))) return undefined;
  const root = trust.roots.find((candidate) => hasIssued(candidate, subject));
  if (root !== undefined) return dateProblem(root, trust.now);
  const problems = others
    .filter((candidate) => candidate.ca && hasIssued(candidate, subject))
    .map((issuer) => pathProblem(issuer, without(others, issuer), trust));
  if (problems.includes(undefined)) return undefined;
  return problems[0] ?? `the chain ends at ${nameOf(subject)}, whose issuer is neither sent nor a known root`;
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
  const is = known.get(link) ?? (subject.checkIssued(issuer) && subject.verify(issuer.publicKey));
  known.set(link, is);
  return is;
}

function dateProblem(certificate: X509Certificate, now: Date): string | undefined {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (now < from) return `${nameOf(certificate)} is not valid before ${from.toISOString()}`;
  if (now > to) return `${nameOf(certificate)} has expired at ${to.toISOString()}`;
  return undefined;
}

function without(others: readonly X509Certificate[], one: X509Certificate): readonly X509Certificate[] {
  return others.filter((other) => other !== one);
}

function nameOf(certificate: X509Certificate): string {
  return `"${certificate.subject.replaceAll('\n', ', ')}"`;
}
