import {
  isTargetKind,
  type Target,
  type TargetFile,
  target,
  targetFindings,
  targetId,
} from '../../plan/targets/target.ts';
import type { Estate, EstateCertificate } from '../../plan/types.ts';
import { covers, isMissable } from './covers.ts';
import type { Found } from './found.ts';
import type { Held } from './held.ts';
import type { Look } from './look.ts';
import { referredTo, type Use } from './uses.ts';

/** Why it cannot be told of a target whether it is still there: such a one is never `stale`. */
export const untoldReasons = {
  'not-looked-for': 'No place of its kind is looked for: what a cluster or a webhook serves is in no table of Azure.',
  'subscription-unseen': 'Nothing is seen of its subscription.',
  'not-whole': 'Not everything of its kind could be asked for, or be read.',
} as const;

export interface Untold {
  readonly reason: keyof typeof untoldReasons;
  readonly count: number;
  /** Ids of the first. */
  readonly targets: readonly string[];
}

/** Of a reason so many targets are named. */
const MOST_UNTOLD = 20;

/** Where one certificate is used. `name` is lower case. */
export interface CertificateUses {
  readonly vault: string;
  readonly name: string;
  /** The estate file has a plan for it. */
  readonly isPlanned: boolean;
  readonly uses: readonly Use[];
  /** Ids of explicit targets that Azure does not show any more. */
  readonly stale: readonly string[];
  /** Explicit targets of which this look cannot tell whether they are still there, by the reason for it. */
  readonly untold: readonly Untold[];
}

/** Every certificate that is planned or used, with its uses: nothing that was found for a vault of the estate is left out. */
export function joinUses(
  estate: Pick<Estate, 'vaults' | 'certificates'>,
  look: Look,
  held: readonly Held[],
): readonly CertificateUses[] {
  const { claims, targets } = claimsOf(estate);
  const used = new Map<string, Use[]>();
  for (const found of look.found) {
    for (const { of, use } of usesOf(found, { estate, held, claims, targets })) {
      used.set(of, [...(used.get(of) ?? []), use]);
    }
  }
  const planned = estate.certificates.map((one) => {
    const uses = used.get(keyOf(one)) ?? [];
    used.delete(keyOf(one));
    const told = { stale: staleOf(one, estate, look), untold: untoldOf(one.targets, look) };
    return { vault: one.vault, name: one.name.toLowerCase(), isPlanned: true, uses, ...told };
  });
  const others = [...used].map(([key, uses]) => {
    const [vault = '', name = ''] = key.split('/');
    return { vault, name, isPlanned: false, uses, stale: [], untold: [] };
  });
  return [...planned, ...others].map((one) => ({ ...one, uses: inOrder(one.uses) }));
}

interface Known {
  readonly estate: Pick<Estate, 'vaults' | 'certificates'>;
  readonly held: readonly Held[];
  /** Certificates (`vault/name`, lower case) by the id of the target that they claim. */
  readonly claims: ReadonlyMap<string, string>;
  /** The targets of a certificate. */
  readonly targets: ReadonlyMap<string, readonly Target[]>;
}

function claimsOf({ certificates }: Pick<Estate, 'certificates'>): Pick<Known, 'claims' | 'targets'> {
  return {
    claims: new Map(certificates.flatMap((one) => one.targets.map(({ id }) => [id, keyOf(one)] as const))),
    targets: new Map(certificates.map((one) => [keyOf(one), one.targets])),
  };
}

function usesOf(found: Found, known: Known): readonly { readonly of: string; readonly use: Use }[] {
  const { reference } = found;
  const covering = (of: string) => known.targets.get(of)?.find((one) => covers(one, found))?.id;
  const place = placeOf(found);
  if (reference.by === 'upload') {
    return known.held
      .filter((one) => isCopy(reference, one))
      .map((one) => {
        const of = keyOf(one);
        const copy = copiedOf(reference.thumbprint, one);
        return { of, use: { ...place, state: 'copy', reference: 'copy', ...copy, ...targetOf(covering(of)) } };
      });
  }
  const referred = referredTo(found, known.estate.vaults);
  if (referred === undefined) return [];
  const of = keyOf(referred);
  if (found.isAnySecret && !known.targets.has(of)) return [];
  const { version } = referred;
  const target = targetOf(covering(of));
  if (version !== undefined)
    return [{ of, use: { ...place, state: 'pinned', reference: 'pinned', version, ...target } }];
  if (target !== undefined) return [{ of, use: { ...place, reference: 'versionless', state: 'explained', ...target } }];
  return [{ of, use: { ...place, reference: 'versionless', ...stateOf(found, known.claims) } }];
}

function targetOf(target: string | undefined): { readonly target: string } | undefined {
  return target === undefined ? undefined : { target };
}

/** Of a place that no target of its certificate covers. */
function stateOf(found: Found, claims: Known['claims']): Pick<Use, 'state' | 'target' | 'entry'> {
  const offer = offerOf(found);
  if (offer !== undefined && claims.has(offer.id)) return { state: 'claimed', target: offer.id };
  if (offer !== undefined) return { state: 'discovered', target: offer.id, entry: offer.entry };
  if (!isTargetKind(found.kind)) return { state: 'guided' };
  return { state: 'incomplete', ...(found.entry && { entry: found.entry }) };
}

interface Offer {
  readonly id: string;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** The target that the estate file would take; `undefined`: its schema would refuse it, or its kind is none. */
function offerOf({ entry }: Found): Offer | undefined {
  const file = entry && readEntry(entry);
  return file && entry && { id: targetId(file), entry };
}

/** An entry as the estate file would read it. */
export function readEntry(entry: Readonly<Record<string, unknown>>): TargetFile | undefined {
  const read = target.safeParse(entry);
  return read.success && targetFindings(read.data).length === 0 ? read.data : undefined;
}

function placeOf({ kind, resourceId, detail, host, location, tags }: Found) {
  return {
    ...{ kind, resourceId, detail },
    ...(host !== undefined && { host }),
    ...(location !== undefined && { location }),
    ...(tags !== undefined && { tags }),
  };
}

/** The same bytes, or every name of it is one that the vault's certificate is for. */
function isCopy(
  { thumbprint, names }: { readonly thumbprint: string; readonly names: readonly string[] },
  held: Held,
): boolean {
  if (thumbprint === held.thumbprint || held.older.has(thumbprint)) return true;
  return names.length > 0 && names.every((name) => held.names.some((own) => isFor(own, name.toLowerCase())));
}

function copiedOf(thumbprint: string, held: Held): Pick<Use, 'copyOf' | 'copiedVersion'> {
  if (thumbprint === held.thumbprint) return { copyOf: 'current' };
  const copiedVersion = held.older.get(thumbprint);
  return copiedVersion === undefined ? { copyOf: 'other' } : { copyOf: 'older', copiedVersion };
}

/** RFC 9525 6.3: a wildcard stands for one label, the leftmost. */
function isFor(own: string, name: string): boolean {
  if (own === name) return true;
  return own.startsWith('*.') && name.includes('.') && name.slice(name.indexOf('.')) === own.slice(1);
}

/** Only where everything was asked: what could not be looked at is not gone. */
function staleOf({ targets, ...one }: EstateCertificate, estate: Known['estate'], look: Look): readonly string[] {
  const isFound = (target: Target): boolean =>
    look.found.some((found) => {
      if (!covers(target, found)) return false;
      const referred = referredTo(found, estate.vaults);
      // An upload may be of anything: the place is there.
      return referred === undefined ? found.reference.by === 'upload' : keyOf(referred) === keyOf(one);
    });
  return targets.filter((target) => whyUntold(target, look) === undefined && !isFound(target)).map(({ id }) => id);
}

function untoldOf(targets: readonly Target[], look: Look): readonly Untold[] {
  const reasons = Object.keys(untoldReasons) as (keyof typeof untoldReasons)[];
  return reasons.flatMap((reason) => {
    const ids = targets.filter((target) => whyUntold(target, look) === reason).map(({ id }) => id);
    return ids.length === 0 ? [] : [{ reason, count: ids.length, targets: ids.slice(0, MOST_UNTOLD) }];
  });
}

function whyUntold(target: Target, look: Look): keyof typeof untoldReasons | undefined {
  if (!isMissable(target)) return 'not-looked-for';
  if (isUnseen(target, look)) return 'subscription-unseen';
  return look.whole.some((kind) => kind === target.kind) ? undefined : 'not-whole';
}

/** Of whatever kind a target is, the id that it names begins with its subscription. */
function isUnseen(one: object, { unseen }: Look): boolean {
  const [, subscription] = /\/subscriptions\/([0-9a-f-]{36})\//i.exec(JSON.stringify(one)) ?? [];
  return subscription === undefined || unseen.includes(subscription.toLowerCase());
}

function keyOf({ vault, name }: { readonly vault: string; readonly name: string }): string {
  return `${vault}/${name}`.toLowerCase();
}

/** The same look is the same text: rows are written only when something has changed. */
function inOrder(uses: readonly Use[]): readonly Use[] {
  const keyed = (use: Use): string => [use.kind, use.resourceId.toLowerCase(), use.detail, use.host ?? ''].join(' ');
  return [...uses].sort((one, other) => (keyed(one) < keyed(other) ? -1 : 1));
}
