import { keyTypes } from '../../certificate/types.ts';
import { dueAt } from '../../plan/due.ts';
import { isPrivateIssuer } from '../../plan/private-issuer.ts';
import type { TargetFacts } from '../../plan/targets/every-target.ts';
import { factsOf, isTargetKind } from '../../plan/targets/target.ts';
import type { IssuerPlan, Plan } from '../../plan/types.ts';
import type { UseKind } from './found.ts';
import type { Use, UseState } from './uses.ts';

/** What the inventory warns of: the plan of a certificate does not go with how it is used. */
export const useWarnings = {
  'private-ca': 'A place that takes no certificates of a private CA uses it, and its plan has one.',
  'key-type': 'A place uses it that takes none of the key types of its plan.',
  'pull-window': 'A place takes new versions so seldom that it may still have the old one when that expires.',
  pinned: 'Places name one version of it, or hold a copy: a renewal does not reach them.',
  guided: 'Places use it that Perennial deploys nothing to: somebody has to see that they take the new version.',
  'many-regions': 'Places in several regions use it: one mistake reaches all of them.',
} as const;
export type UseWarning = keyof typeof useWarnings;

export interface Warning {
  readonly code: UseWarning;
  readonly detail: string;
}

type Limits = Pick<TargetFacts, 'pullWindowHours' | 'takes'>;

const rsa = keyTypes.filter((key) => key.startsWith('RSA'));
const anyCa: Limits['takes'] = { privateCa: 'yes', keys: keyTypes, nonExportable: false };

/** What Azure documents of kinds that are no targets (yet). */
const limits: Readonly<Partial<Record<UseKind, Limits>>> = {
  // https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#understand-rotation
  'app-settings': { pullWindowHours: 24, takes: anyCa },
  'scale-set': { pullWindowHours: 1, takes: anyCa },
  'api-management': { pullWindowHours: 4, takes: anyCa },
  'container-apps': { pullWindowHours: 12, takes: anyCa },
  'front-door': { pullWindowHours: 72, takes: { privateCa: 'no', keys: rsa, nonExportable: false } },
  'service-fabric': { takes: anyCa },
};

/** Of a certificate's uses under its plan. A kind is warned of once. */
export function warningsOf(
  uses: readonly Use[],
  { plan, issuer }: { readonly plan: Plan; readonly issuer: IssuerPlan | undefined },
): readonly Warning[] {
  const kinds = [...new Set(uses.map(({ kind }) => kind))].sort();
  return [
    ...kinds.flatMap((kind) => kindWarnings(kind, plan, issuer)),
    ...placesWarning('pinned', uses, ['pinned', 'copy']),
    ...placesWarning('guided', uses, ['guided']),
    ...regionWarnings(uses),
  ];
}

function kindWarnings(kind: UseKind, plan: Plan, issuer: IssuerPlan | undefined): readonly Warning[] {
  const facts: Limits | undefined = isTargetKind(kind) ? factsOf(kind) : limits[kind];
  if (facts === undefined) return [];
  const { takes, pullWindowHours } = facts;
  const left = hoursLeft(plan);
  const isTaken = plan.acceptance.keys.some((key) => takes.keys.includes(key));
  return [
    ...(takes.privateCa === 'no' && issuer !== undefined && isPrivateIssuer(issuer)
      ? [warning('private-ca', `${kind} takes no certificate of a private CA, and plan ${plan.name} has one`)]
      : []),
    ...(isTaken
      ? []
      : [warning('key-type', `${kind} takes ${takes.keys.join(', ')}, and plan ${plan.name} allows none of them`)]),
    ...(pullWindowHours !== undefined && pullWindowHours >= left
      ? [
          warning(
            'pull-window',
            `${kind} takes a new version within ${pullWindowHours} h, and ${left} h are left when plan ${plan.name} renews`,
          ),
        ]
      : []),
  ];
}

/** Whole hours between the renewal point of a certificate of the plan and its expiry. */
function hoursLeft(plan: Plan): number {
  const end = new Date(plan.acceptance.validityDays * 86_400_000);
  return Math.floor((end.getTime() - dueAt(new Date(0), end, plan).getTime()) / 3_600_000);
}

/** How many of each kind: `front-door 2, service-fabric 1`. */
function placesWarning(
  code: 'pinned' | 'guided',
  uses: readonly Use[],
  states: readonly UseState[],
): readonly Warning[] {
  const kinds = uses.filter(({ state }) => states.includes(state)).map(({ kind }) => kind);
  if (kinds.length === 0) return [];
  const counts = [...new Set(kinds)].sort().map((kind) => `${kind} ${kinds.filter((one) => one === kind).length}`);
  return [warning(code, counts.join(', '))];
}

/** Front Door is everywhere by itself. */
function regionWarnings(uses: readonly Use[]): readonly Warning[] {
  const regions = [...new Set(uses.flatMap(({ location }) => location ?? []))].filter((one) => one !== 'global').sort();
  return regions.length < 2 ? [] : [warning('many-regions', regions.slice(0, 20).join(', '))];
}

function warning(code: UseWarning, detail: string): Warning {
  return { code, detail };
}
