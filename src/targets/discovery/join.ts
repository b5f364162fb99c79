import { type TargetFile, target, targetFindings, targetId } from '../../plan/targets/target.ts';
import type { Estate, EstateCertificate } from '../../plan/types.ts';
import type { Found } from './found.ts';
import { kindLooks } from './kinds.ts';
import type { Look } from './look.ts';
import { referredTo, type Use } from './uses.ts';

/** What a vault holds as current under a name: what uploads are compared with. */
export interface Held {
  /** Name of the estate vault. */
  readonly vault: string;
  readonly name: string;
  /** Upper-case hex of SHA-1. */
  readonly thumbprint: string;
  /** DNS names in it, lower case. */
  readonly names: readonly string[];
}

/** Where one certificate is used. `name` is lower case. */
export interface CertificateUses {
  readonly vault: string;
  readonly name: string;
  /** The estate file has a plan for it. */
  readonly isPlanned: boolean;
  readonly uses: readonly Use[];
  /** Ids of explicit targets that Azure does not show any more. */
  readonly stale: readonly string[];
}

/** Every certificate that is planned or used, with its uses: nothing that was found for a vault of the estate is left out. */
export function joinUses(
  estate: Pick<Estate, 'vaults' | 'certificates'>,
  look: Look,
  held: readonly Held[],
): readonly CertificateUses[] {
  const claims = claimsOf(estate);
  const used = new Map<string, Use[]>();
  for (const found of look.found) {
    for (const { of, use } of usesOf(found, { estate, held, claims })) {
      used.set(of, [...(used.get(of) ?? []), use]);
    }
  }
  const planned = estate.certificates.map((one) => {
    const uses = used.get(keyOf(one)) ?? [];
    used.delete(keyOf(one));
    return { vault: one.vault, name: one.name.toLowerCase(), isPlanned: true, uses, stale: staleOf(one, look) };
  });
  const others = [...used].map(([key, uses]) => {
    const [vault = '', name = ''] = key.split('/');
    return { vault, name, isPlanned: false, uses, stale: [] };
  });
  return [...planned, ...others].map((one) => ({ ...one, uses: inOrder(one.uses) }));
}

/** Whether some upload needs to be compared with what the vaults hold. */
export function hasUploads({ found }: Look): boolean {
  return found.some(({ reference }) => reference.by === 'upload');
}

interface Known {
  readonly estate: Pick<Estate, 'vaults' | 'certificates'>;
  readonly held: readonly Held[];
  /** Certificates (`vault/name`, lower case) by the id of the target that they claim. */
  readonly claims: ReadonlyMap<string, string>;
}

function claimsOf({ certificates }: Pick<Estate, 'certificates'>): ReadonlyMap<string, string> {
  return new Map(certificates.flatMap((one) => one.targets.map(({ id }) => [id, keyOf(one)] as const)));
}

function usesOf(found: Found, known: Known): readonly { readonly of: string; readonly use: Use }[] {
  const { reference } = found;
  const offer = offerOf(found);
  if (reference.by === 'upload') {
    return known.held
      .filter((one) => isCopy(reference, one))
      .map((one) => {
        const copyOf = one.thumbprint === reference.thumbprint ? 'current' : 'other';
        const claimed = offer !== undefined && known.claims.has(offer.id) ? { target: offer.id } : {};
        return { of: keyOf(one), use: { ...placeOf(found), state: 'copy', reference: 'copy', copyOf, ...claimed } };
      });
  }
  const referred = referredTo(found, known.estate.vaults);
  if (referred === undefined) return [];
  const of = keyOf(referred);
  const { version } = referred;
  const place = placeOf(found);
  if (version !== undefined) return [{ of, use: { ...place, state: 'pinned', reference: 'pinned', version } }];
  return [{ of, use: { ...place, reference: 'versionless', ...stateOf(of, offer, known.claims) } }];
}

function stateOf(
  of: string,
  offer: Offer | undefined,
  claims: Known['claims'],
): Pick<Use, 'state' | 'target' | 'entry'> {
  if (offer === undefined) return { state: 'guided' };
  const claimant = claims.get(offer.id);
  if (claimant === undefined) return { state: 'discovered', target: offer.id, entry: offer.entry };
  return { state: claimant === of ? 'explained' : 'claimed', target: offer.id };
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
  if (thumbprint === held.thumbprint) return true;
  return names.length > 0 && names.every((name) => held.names.some((own) => covers(own, name.toLowerCase())));
}

/** RFC 9525 6.3: a wildcard stands for one label, the leftmost. */
function covers(own: string, name: string): boolean {
  if (own === name) return true;
  return own.startsWith('*.') && name.includes('.') && name.slice(name.indexOf('.')) === own.slice(1);
}

/** Only where everything was asked: what could not be looked at is not gone. */
function staleOf({ targets }: EstateCertificate, look: Look): readonly string[] {
  const kinds = kindLooks.filter(({ kind, entries }) => entries && look.whole.includes(kind)).map(({ kind }) => kind);
  const shown = new Set(look.found.flatMap((found) => offerOf(found)?.id ?? []));
  return targets
    .filter((one) => kinds.some((kind) => kind === one.kind) && !shown.has(one.id) && !isUnseen(one, look))
    .map(({ id }) => id);
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
