import type { CertificateUses, Untold } from './join.ts';
import { usageRole } from './role.ts';
import type { Use, UseState } from './uses.ts';
import type { Warning } from './warnings.ts';

/** Somebody who read a certificate's secret, and whom no use explains. */
export interface UnexplainedReader {
  /** Object id in Microsoft Entra ID. */
  readonly objectId?: string;
  /** Client id of the application. */
  readonly applicationId?: string;
  /** Sign-in name of a person. */
  readonly person?: string;
  readonly reads: number;
  /** ISO 8601. */
  readonly lastAt: string;
}

/** All that is known of where one certificate is used. */
export interface CertificateReport extends CertificateUses {
  readonly warnings: readonly Warning[];
  readonly unexplainedReaders: readonly UnexplainedReader[];
  /** How many uses are not listed. */
  readonly moreUses: number;
}

/** A certificate as `vault/name`, and one of its uses. */
export interface NamedUse extends Pick<Use, 'kind' | 'state' | 'resourceId' | 'detail' | 'host' | 'target'> {
  readonly certificate: string;
}

/** What a look at the whole estate came to. Lists hold the first of each; `counts` says how long they are. */
export interface LookReport {
  /** `failed`: Azure could not be asked, and all else is of the look before. */
  readonly state: 'looked' | 'failed';
  readonly code?: string;
  readonly problem?: string;
  readonly counts: Readonly<Record<UseState, number>> & {
    readonly stale: number;
    readonly untold: number;
    readonly warnings: number;
    readonly unplanned: number;
    readonly unexplainedReaders: number;
  };
  /** Places that a renewal does not reach: pinned, copies, and those that another certificate claims. */
  readonly drift: readonly NamedUse[];
  /** Places that no target covers. */
  readonly open: readonly NamedUse[];
  readonly stale: readonly { readonly certificate: string; readonly target: string }[];
  /** Targets of which it cannot be told whether they are still there: how many, by certificate and reason. */
  readonly untold: readonly (Pick<Untold, 'reason' | 'count'> & { readonly certificate: string })[];
  readonly warnings: readonly (Warning & { readonly certificate: string })[];
  /** Certificates of the estate's vaults that are used and have no plan. */
  readonly unplanned: readonly { readonly certificate: string; readonly uses: number }[];
  readonly unexplainedReaders: readonly { readonly certificate: string; readonly readers: number }[];
  /** Subscriptions that nothing is seen of, and what would show them. */
  readonly unseen: readonly { readonly subscription: string; readonly missing: string }[];
  /** What could not be looked at, or not be read. */
  readonly problems: readonly { readonly kind: string; readonly code: string; readonly problem: string }[];
  /** Whether the audit log was read: `off` without a workspace. */
  readonly audit: 'read' | 'off' | 'failed';
}

/** A look with its time (ISO 8601). */
export type EstateUses = LookReport & { readonly completedAt: string };

/** A row holds at most a megabyte; who has more than this begins with these. */
const LISTED = 200;

const drifting: readonly UseState[] = ['pinned', 'copy', 'claimed'];
const open: readonly UseState[] = ['discovered', 'incomplete', 'guided'];

export function summaryOf(
  all: readonly CertificateReport[],
  seen: {
    readonly unseen: readonly string[];
    readonly problems: LookReport['problems'];
    readonly audit: LookReport['audit'];
  },
): LookReport {
  const uses = all.flatMap((one) => one.uses.map((use) => named(one, use)));
  const stale = all.flatMap((one) => one.stale.map((target) => ({ certificate: nameOf(one), target })));
  const untold = all.flatMap((one) =>
    one.untold.map(({ reason, count }) => ({ certificate: nameOf(one), reason, count })),
  );
  const warnings = all.flatMap((one) => one.warnings.map((warning) => ({ certificate: nameOf(one), ...warning })));
  const unplanned = all
    .filter(({ isPlanned }) => !isPlanned)
    .map((one) => ({ certificate: nameOf(one), uses: one.uses.length }));
  const readers = all
    .filter(({ unexplainedReaders }) => unexplainedReaders.length > 0)
    .map((one) => ({ certificate: nameOf(one), readers: one.unexplainedReaders.length }));
  const count = (state: UseState): number => uses.filter((use) => use.state === state).length;
  return {
    state: 'looked',
    counts: {
      ...{ explained: count('explained'), discovered: count('discovered'), incomplete: count('incomplete') },
      ...{ pinned: count('pinned'), copy: count('copy'), claimed: count('claimed'), guided: count('guided') },
      ...{
        stale: stale.length,
        untold: untold.reduce((sum, { count: more }) => sum + more, 0),
        warnings: warnings.length,
        unplanned: unplanned.length,
      },
      unexplainedReaders: readers.length,
    },
    drift: uses.filter(({ state }) => drifting.includes(state)).slice(0, LISTED),
    open: uses.filter(({ state }) => open.includes(state)).slice(0, LISTED),
    stale: stale.slice(0, LISTED),
    untold: untold.slice(0, LISTED),
    warnings: warnings.slice(0, LISTED),
    unplanned: unplanned.slice(0, LISTED),
    unexplainedReaders: readers.slice(0, LISTED),
    unseen: seen.unseen.slice(0, LISTED).map((subscription) => ({
      ...{ subscription, missing: `${usageRole} at /subscriptions/${subscription}` },
    })),
    problems: seen.problems.slice(0, LISTED),
    audit: seen.audit,
  };
}

function nameOf({ vault, name }: Pick<CertificateUses, 'vault' | 'name'>): string {
  return `${vault}/${name}`;
}

function named(of: CertificateUses, { kind, state, resourceId, detail, host, target }: Use): NamedUse {
  return {
    ...{ certificate: nameOf(of), kind, state, resourceId, detail },
    ...(host !== undefined && { host }),
    ...(target !== undefined && { target }),
  };
}
