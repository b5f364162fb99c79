import type { Chance } from '../../vault/chance.ts';

/** What can be wrong with the CA, by name. */
export const acmeFaultKinds = [
  /** A good nonce is refused. */
  'bad-nonce',
  /** 500 before anything is done. */
  'server-error',
  /** 503 with Retry-After before anything is done. */
  'busy',
  /** Half of the body, and nothing that says so. */
  'truncated-body',
  /** 429 to a new order. */
  'rate-limited',
  /** The CA looks `seconds` later than usual. */
  'slow-validation',
  /** The certificate comes `seconds` later than usual. */
  'slow-issuance',
  /** The CA finds a CAA record that forbids it. */
  'caa',
  /** The CA cannot resolve the name. */
  'dns',
  /** The CA sees another answer than what is there. */
  'unauthorized',
  /** A failed look leaves the challenge pending, with its error, as step-ca does. */
  'stays-pending',
  /** The order turns invalid after it was finalized. */
  'order-rejected',
  'wrong-key',
  'extra-name',
  'missing-name',
  'missing-chain',
  'expired-intermediate',
] as const;
export type AcmeFaultKind = (typeof acmeFaultKinds)[number];

export interface AcmeFault {
  readonly kind: AcmeFaultKind;
  /** How often it strikes where it could; always by default. */
  readonly percent?: number;
  /** Only what has to do with this host; absent: everything. */
  readonly host?: string;
  /** How often it strikes at most. */
  readonly times?: number;
  /** Of the slow ones. */
  readonly seconds?: number;
}

export interface AcmeFaults {
  /** Answers with a function that takes it away. */
  add(fault: AcmeFault): () => void;
  /** The fault of this kind that strikes now, if any does. */
  strike(kind: AcmeFaultKind, hosts?: readonly string[]): AcmeFault | undefined;
}

/** As pebble is by default: a client that never meets a refused nonce is not tested. */
export const usualFaults: readonly AcmeFault[] = [{ kind: 'bad-nonce', percent: 5 }];

export function createAcmeFaults(chance: Chance, initial: readonly AcmeFault[] = usualFaults): AcmeFaults {
  const open = new Set<{ readonly fault: AcmeFault; left: number }>();
  const add = (fault: AcmeFault): (() => void) => {
    const entry = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    open.add(entry);
    return () => open.delete(entry);
  };
  for (const fault of initial) add(fault);
  return {
    add,
    strike(kind, hosts) {
      for (const entry of open) {
        const { fault } = entry;
        const fits = fault.kind === kind && (fault.host === undefined || hosts?.includes(fault.host) === true);
        if (!fits || entry.left === 0 || chance.integer(1, 100) > (fault.percent ?? 100)) continue;
        entry.left -= 1;
        return fault;
      }
      return undefined;
    },
  };
}
