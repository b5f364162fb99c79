import { createPublicKey } from 'node:crypto';
import type { Authorities, Leaf, LeafWish } from './authorities.ts';
import type { IssuerFaults } from './faults.ts';

export interface Certified extends Leaf {
  /** DERs of the CAs from the issuing one upwards, without root. */
  readonly above: readonly Buffer[];
}

/** Issues as an emulated CA does, or otherwise than was asked, when a fault says so. */
export function certifyAt(
  { authorities, faults }: { readonly authorities: Authorities; readonly faults: IssuerFaults },
  wish: LeafWish,
): Certified {
  const hosts = wish.names;
  const spki = faults.strike('wrong-key', hosts)
    ? createPublicKey(authorities.strangeKey()).export({ type: 'spki', format: 'der' })
    : wish.spki;
  const leaf = authorities.issue({ ...wish, spki, names: namesOf(faults, hosts) });
  return { ...leaf, above: aboveOf(authorities, faults, hosts) };
}

function namesOf(faults: IssuerFaults, names: readonly string[]): readonly string[] {
  if (faults.strike('extra-name', names)) return [...names, 'intruder.example'];
  if (faults.strike('missing-name', names) === undefined) return names;
  // A certificate without any name is none.
  return names.length > 1 ? names.slice(1) : ['intruder.example'];
}

/** DERs of the CAs from the issuing one upwards, without root, as the CA tells of them. */
export function aboveOf(authorities: Authorities, faults: IssuerFaults, hosts: readonly string[]): readonly Buffer[] {
  if (faults.strike('missing-chain', hosts)) return [];
  return faults.strike('expired-intermediate', hosts) ? authorities.expiredChain() : (authorities.chains()[0] ?? []);
}
