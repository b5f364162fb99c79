import { buildChain } from '../certificate/chain.ts';
import { maximumCertificates, pemToDer } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CertificateDetails } from '../certificate/types.ts';

export interface PathRequest {
  readonly leaf: CertificateDetails;
  /** What the CA tells of itself, in any order. */
  readonly candidates: readonly CertificateDetails[];
  /** PEM of the pinned roots. */
  readonly roots: readonly string[];
  readonly now: Date;
}

/**
 * base64 DERs of the leaf and what leads from it to a pinned root. Where there is no such path everything is given, for
 * acceptance to say what is wrong.
 */
export function pathFrom({ leaf, candidates, roots, now }: PathRequest): readonly string[] {
  const pinned = roots.flatMap((pem) => pemToDer(pem)).map(readCertificate);
  const built = buildChain({ leaf, candidates, roots: pinned, now });
  const others = candidates.filter(({ sha256 }) => sha256 !== leaf.sha256);
  const path = built.state === 'built' ? built.certificates : [leaf, ...others].slice(0, maximumCertificates);
  return path.map(({ der }) => Buffer.from(der).toString('base64'));
}
