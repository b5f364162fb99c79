import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import { derToPem } from '../certificate/pem.ts';
import type { CsrDetails } from '../certificate/types.ts';
import type { IssuerLimits } from '../plan/issuers/every-issuer.ts';
import { type AskOnceDependencies, askOnce, recordedAnswer } from './ask-once.ts';
import { csrRefusal, readableCsr } from './limits.ts';
import type { Issuer, OrderStatus } from './port.ts';

/** What a CA is asked to certify, after the limits of the estate file let it pass. */
export interface Wish {
  readonly csr: CsrDetails;
  /** PEM of the PKCS#10. */
  readonly csrPem: string;
  /** DNS names, sorted. */
  readonly names: readonly string[];
  /** Never more than the estate file allows. */
  readonly validityDays: number;
}

/** How a CA is asked that answers at once, and hands a certificate out only once: see `Question`. */
export interface AtOnce<T> {
  readonly issuer: string;
  readonly limits: IssuerLimits;
  readonly prepare: (wish: Wish) => Promise<T>;
  readonly ask: (wish: Wish, prepared: T) => Promise<OrderStatus>;
}

/** The part of an issuer that such CAs have in common. */
export function atOnce<T>(
  { issuer, limits, prepare, ask }: AtOnce<T>,
  dependencies: AskOnceDependencies,
): Pick<Issuer, 'kind' | 'afterLostAnswer' | 'submit' | 'poll'> {
  return {
    kind: issuer,
    afterLostAnswer: 'reissues',
    async submit({ renewalId, csr: base64, validityDays }) {
      const csr = readableCsr(base64);
      const reason = csr === undefined ? 'the CSR cannot be read' : await csrRefusal(csr, limits);
      if (csr === undefined || reason !== undefined) return { state: 'rejected', reason: reason ?? '' };
      const wish = wishFor(csr, Math.min(validityDays, limits.maxDays));
      const question = { issuer, renewalId, spkiSha256: csr.spkiSha256, prepare: () => prepare(wish) };
      const { order, status } = await askOnce({ ...question, ask: (prepared: T) => ask(wish, prepared) }, dependencies);
      return status.state === 'rejected' ? status : order;
    },
    poll: ({ reference }) => recordedAnswer(reference, dependencies.answers),
  };
}

function wishFor(csr: CsrDetails, validityDays: number): Wish {
  const names = nameSet(namesToCertify(csr)).map((name) => name.slice('dns:'.length));
  return { csr, csrPem: derToPem(csr.der, 'CERTIFICATE REQUEST'), names, validityDays };
}
