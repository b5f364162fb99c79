import type { Chance } from '../vault/chance.ts';

/** What can be wrong with any CA that is emulated, by name. Some have more of their own. */
export const issuerFaultKinds = [
  /** 500 before anything is done. */
  'server-error',
  /** 503 with Retry-After before anything is done. */
  'busy',
  /** 429 with Retry-After before anything is done, to what asks for a certificate. */
  'rate-limited',
  /** Half of the body, and nothing that says so. */
  'truncated-body',
  /** Everything is done, and the connection ends before the answer. */
  'lost-answer',
  /** The credentials are refused. */
  'credentials-refused',
  /** The order waits for a person, until the fault is taken away; only CAs at which somebody may have to agree. */
  'held',
  /** The order is refused, at once or by the person that it waited for. */
  'rejected',
  'wrong-key',
  'extra-name',
  'missing-name',
  'missing-chain',
  'expired-intermediate',
] as const;
export type IssuerFaultKind = (typeof issuerFaultKinds)[number];

export interface IssuerFault<Kind extends string = IssuerFaultKind> {
  readonly kind: Kind;
  /** How often it strikes where it could; always by default. */
  readonly percent?: number;
  /** Only what has to do with this host; absent: everything. */
  readonly host?: string;
  /** How often it strikes at most. */
  readonly times?: number;
  /** Of the slow ones. */
  readonly seconds?: number;
}

export interface IssuerFaults<Kind extends string = IssuerFaultKind> {
  /** Answers with a function that takes it away. */
  add(fault: IssuerFault<Kind>): () => void;
  /** The fault of this kind that strikes now, if any does. */
  strike(kind: Kind, hosts?: readonly string[]): IssuerFault<Kind> | undefined;
}

export function createIssuerFaults<Kind extends string = IssuerFaultKind>(
  chance: Chance,
  initial: readonly IssuerFault<Kind>[] = [],
): IssuerFaults<Kind> {
  const open = new Set<{ readonly fault: IssuerFault<Kind>; left: number }>();
  const add = (fault: IssuerFault<Kind>): (() => void) => {
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
