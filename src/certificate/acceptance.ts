import { type AcceptanceRequest, type BuiltChain, firstRefusal, type Refusal, refused } from './acceptance-rules.ts';
import { buildChain } from './chain.ts';
import { type Diff, diff, nothingToCompare } from './diff.ts';
import { findCertificates, maximumCertificates } from './pem.ts';
import { readCertificate } from './read.ts';
import type { CertificateDetails, CsrDetails } from './types.ts';

export type Acceptance =
  | {
      readonly state: 'accepted';
      /** base64 DERs, leaf first, the root left out. */
      readonly chain: readonly string[];
      readonly leaf: CertificateDetails;
      readonly diff: Diff;
      readonly warnings: readonly string[];
    }
  | Refusal;

/**
 * Decides whether an issuer's answer may be merged: nothing it says is believed. The rules go in a fixed order, and the first
 * one that is broken gives the reason, so that the same answer is always refused for the same reason.
 */
export function accept(request: AcceptanceRequest): Acceptance {
  const answer = readAnswer(request.answer);
  if ('reason' in answer) return answer;
  const leaf = findLeaf(answer.certificates, request.csr);
  if ('reason' in leaf) return leaf;
  const candidates = [...answer.certificates, ...(request.intermediates ?? []).map(readCertificate)];
  const roots = request.roots.map(readCertificate);
  const { now, purposes } = request;
  const chain = buildChain({ leaf, candidates, roots, now, ...(purposes && { purposes }) });
  if (chain.state === 'broken') return refused('chain-broken', chain.detail);
  const refusal = firstRefusal(leaf, chain, request);
  if (refusal !== undefined) return refusal;
  const change = changeOf(leaf, chain, { ...request, candidates, rootDetails: roots });
  if (change.overall === 'needs-approval' || change.overall === 'blocked') return notWithoutApproval(change);
  return {
    state: 'accepted',
    chain: chain.certificates.map((certificate) => Buffer.from(certificate.der).toString('base64')),
    leaf,
    diff: change,
    warnings: warningsOf(chain, answer.certificates),
  };
}

/**
 * In characters, all parts together. Ten large certificates are half of it. An order's row keeps the answer as it came and as
 * it was accepted, and holds 1 MiB of UTF-16 at most.
 */
const longestAnswer = 128 * 1024;

/** What makes an issuer's answer too large to be looked at, or even kept; `undefined` when it is not. */
export function excessOf(answer: readonly string[]): string | undefined {
  const characters = answer.reduce((sum, text) => sum + text.length, 0);
  if (characters <= longestAnswer && answer.length <= maximumCertificates) return undefined;
  return `${answer.length} parts of ${characters} characters in all`;
}

function readAnswer(answer: readonly string[]): { readonly certificates: readonly CertificateDetails[] } | Refusal {
  const excess = excessOf(answer);
  if (excess !== undefined) return refused('chain-too-large', excess);
  const found: Uint8Array[] = [];
  for (const text of answer) {
    const part = findCertificates(text);
    if (part.state === 'too-large') return refused('chain-too-large', part.detail);
    if (part.state === 'unreadable') return refused('chain-unreadable', part.detail);
    found.push(...part.ders);
  }
  if (found.length > maximumCertificates) return refused('chain-too-large', `${found.length} certificates`);
  if (found.length === 0) return refused('chain-unreadable', 'the answer is empty');
  return readAll(found);
}

function readAll(ders: readonly Uint8Array[]): { readonly certificates: readonly CertificateDetails[] } | Refusal {
  try {
    const certificates = new Map(ders.map(readCertificate).map((certificate) => [certificate.sha256, certificate]));
    return { certificates: [...certificates.values()] };
  } catch (error) {
    return refused('chain-unreadable', error instanceof Error ? error.message : String(error));
  }
}

function findLeaf(certificates: readonly CertificateDetails[], csr: CsrDetails): CertificateDetails | Refusal {
  const [leaf, ...others] = certificates.filter((certificate) => certificate.spkiSha256 === csr.spkiSha256);
  if (leaf === undefined) return refused('wrong-key', 'no certificate in the answer has the key of the request');
  if (others.length > 0) return refused('wrong-key', `${others.length + 1} certificates have the key of the request`);
  return leaf;
}

function changeOf(
  leaf: CertificateDetails,
  chain: BuiltChain,
  context: AcceptanceRequest & {
    readonly candidates: readonly CertificateDetails[];
    readonly rootDetails: readonly CertificateDetails[];
  },
): Diff {
  const { old, candidates, rootDetails, now, startReason, keepsKey = false } = context;
  if (old === undefined) return nothingToCompare;
  const before = buildChain({ leaf: old, candidates, roots: rootDetails, now });
  return diff(old, leaf, {
    newRoot: chain.root.sha256,
    ...(before.state === 'built' ? { oldRoot: before.root.sha256 } : {}),
    startReason,
    keepsKey,
  });
}

/** What is blocked was refused by a rule before; what a person may decide is told with everything that was compared. */
function notWithoutApproval(change: Diff): Refusal {
  const open = change.items.filter((item) => item.class === 'needs-approval' || item.class === 'blocked');
  const detail = open.map((item) => `${item.what}: ${item.old ?? ''} → ${item.new ?? ''}`).join('; ');
  return { ...refused('needs-approval', detail), diff: change };
}

function warningsOf(chain: BuiltChain, answer: readonly CertificateDetails[]): readonly string[] {
  const [leaf, ...authorities] = [...chain.certificates, chain.root];
  const used = new Set([...chain.certificates, chain.root].map((one) => one.sha256));
  const unused = answer.filter((one) => !used.has(one.sha256));
  const supplied = chain.certificates.filter((one) => !answer.some(({ sha256 }) => sha256 === one.sha256));
  return [
    ...authorities
      .filter((one) => leaf !== undefined && one.notAfter < leaf.notAfter)
      .map((one) => `${one.subjectText} expires before the certificate, at ${one.notAfter.toISOString()}`),
    ...unused.map((one) => `${one.subjectText} is not part of the chain and was left out`),
    ...supplied.map((one) => `${one.subjectText} was missing in the answer and was added`),
  ];
}
