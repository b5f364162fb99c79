import { type KeyObject, X509Certificate } from 'node:crypto';
import { badParameter } from './errors.ts';

/** A chain that came into the vault. */
export interface ReceivedChain {
  readonly leaf: X509Certificate;
  /** As it was sent. */
  readonly sent: readonly X509Certificate[];
}

/** Reads the certificates of a chain and finds the one that belongs to `key`; `undefined` when none does. */
export function readChain(ders: readonly Uint8Array[], key: KeyObject): ReceivedChain | undefined {
  const sent = ders.map(readDer);
  const leaf = sent.find((certificate) => certificate.checkPrivateKey(key));
  return leaf && { leaf, sent };
}

function readDer(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch {
    throw badParameter(
      'The specified X.509 certificate content can not be read. Please check if certificate is valid.',
    );
  }
}

/**
 * **The rule of the chain's order.** A version's secret shows its certificates in this order: the leaf first and the rest
 * as it was sent; or, for a version made with `preserveCertOrder`, the reverse of what was sent. The first half is what
 * the service's documentation says, the second what users of the real service found. No recording shows either.
 */
export function exportOrder({ leaf, sent }: ReceivedChain, preserveCertOrder: boolean): readonly X509Certificate[] {
  if (preserveCertOrder) return [...sent].reverse();
  return [leaf, ...sent.filter((certificate) => certificate !== leaf)];
}
