import type { Chance } from '../../vault/chance.ts';

/** One-time numbers (RFC 8555 6.5). */
export interface Nonces {
  make(): string;
  /** True once for each that was made. */
  take(nonce: string): boolean;
}

/** So many are remembered: whoever keeps one for longer gets badNonce, as from a CA that was started anew. */
const REMEMBERED = 10_000;
const NONCE_OCTETS = 16;

export function createNonces(chance: Chance): Nonces {
  const open = new Set<string>();
  return {
    make() {
      const nonce = chance.bytes(NONCE_OCTETS).toString('base64url');
      open.add(nonce);
      const [oldest] = open;
      if (open.size > REMEMBERED && oldest !== undefined) open.delete(oldest);
      return nonce;
    },
    take: (nonce) => open.delete(nonce),
  };
}
