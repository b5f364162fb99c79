import { readCertificate } from '../../certificate/read.ts';
import type { KeyType } from '../../certificate/types.ts';
import type { OrderRow } from '../../estate/port.ts';
import type { InVault, Issuer } from '../../issuers/port.ts';
import { monthsInDays } from '../../plan/due.ts';
import { keyRefusal } from '../../plan/targets/takes.ts';
import type { Target } from '../../plan/targets/target.ts';
import type { Estate } from '../../plan/types.ts';
import type { CertificateToServe } from '../../targets/port.ts';
import { traceIdOf } from '../../trace-parent.ts';
import type { CertificateRef, Inspection, VersionFacts } from '../../vault/port.ts';
import type { Dependencies } from '../dependencies.ts';
import { type Reason, reasons } from '../outcomes.ts';
import { type Place, placeOf } from '../place.ts';
import { type RolloutShape, shapeOf, type WaveShape } from '../rollout-shape.ts';
import type { Inspected, VersionSummary } from '../story.ts';
import { withDiscovered } from './discovered.ts';
import { policySha256 } from './policy-hash.ts';
import { done, ended, type Step } from './step.ts';
import { storeGroups } from './stored-groups.ts';

/** Every step carries the policy with it: what is far more than an issuer certifies must not fill the history. */
const mostNames = 1000;

type Present = Extract<Inspection, { state: 'present' }>;

/** Stage 1: reads vault, estate and targets once, so that everything later rests on one snapshot. */
export const inspect: Step<'inspect'> = {
  async run({ vault, certificate, scope, adopts, targets }, app) {
    const estate = await app.estate();
    const place = placeOf(estate, vault, certificate);
    if (place === undefined)
      return ended('refused', 'not-in-estate', `${vault}/${certificate} is not in the estate file`);
    const ref = { vault: place.vault.uri, name: place.certificate.name };
    const facts = await app.vault.inspect(ref);
    if (facts.state === 'absent') return ended('not-needed', 'gone', `the vault holds no certificate ${certificate}`);
    if (facts.current === undefined) return ended('refused', 'no-version', 'there is no finished version to renew');
    const issuer = app.issuer(estate, place.plan.issuer);
    const refusal =
      policyRefusal(facts, place) ??
      vaultRefusal(facts, { place, inVault: issuer.inVault, now: app.clock.now() }) ??
      (await targetRefusal(app, { place, estate, certificate: certificateOf(facts, issuer) }));
    if (refusal !== undefined) return refusal;
    const pendingIsOurs = await isOurs(app, { vault, ref, facts, issuerName: issuer.inVault?.issuerName });
    const seen = snapshot(place, { facts, current: facts.current, pendingIsOurs, issuer });
    if (targets === undefined) return done({ ...seen, targets: place.certificate.targets });
    const isAgain = scope === 'deploy' && adopts === undefined;
    return done({
      ...seen,
      rollout: await storeRollout(place, {
        all: await withDiscovered(place, { estate, certificate: certificateOf(facts, issuer), app }),
        verified: isAgain ? seen.old.sha256 : undefined,
        app,
      }),
    });
  },
  result: (value, { reason, requester, comment, traceparent }) => ({
    ...{ reason, requester, comment, traceId: traceIdOf(traceparent) },
    plan: value.plan.name,
    issuer: value.plan.issuer,
    old: value.old,
    ...targetsOf(value),
    pending: value.facts.pending?.status ?? 'none',
  }),
};

/** What an order has in place of its CSR until the vault has answered. */
export const noCsrYet = '';

interface Ownership {
  readonly vault: string;
  readonly ref: CertificateRef;
  readonly facts: Inspection;
}

/**
 * Whether the pending operation is one of our orders, of this renewal or an earlier one; or one that the plan's issuer inside
 * the vault works on, which is waited for, whoever began it.
 */
export async function isOurs(
  app: Dependencies,
  about: Ownership & { readonly issuerName?: string | undefined },
): Promise<boolean> {
  const issuer = about.facts.state === 'present' ? about.facts.pending?.issuer : undefined;
  if (issuer !== undefined && about.issuerName?.toLowerCase() === issuer.toLowerCase()) return true;
  return (await ownershipOf(app, about)) !== 'foreign';
}

/**
 * `ordered`: an order of ours has its CSR. `marked`: a renewal of ours has asked the vault since the current version was
 * made, and never learned the answer: it may be ours, but somebody else may have been faster.
 */
export async function ownershipOf(app: Dependencies, about: Ownership): Promise<'ordered' | 'marked' | 'foreign'> {
  const pending = about.facts.state === 'present' ? about.facts.pending : undefined;
  if (pending === undefined) return 'foreign';
  if ((await app.store.orderForCsr(about.vault, about.ref.name, pending.csrSha256)) !== undefined) return 'ordered';
  const since = about.facts.state === 'present' ? (about.facts.current?.createdAt ?? '') : '';
  const orders = await app.store.orders(about.vault, about.ref.name);
  const isUnanswered = ({ csrSha256, refused, createdAt }: OrderRow) =>
    csrSha256 === noCsrYet && refused !== true && createdAt > since;
  return orders.some(isUnanswered) ? 'marked' : 'foreign';
}

/** A version in short. */
export function summaryOf(version: VersionFacts): VersionSummary {
  const { sha256, serial, notBefore, notAfter } = version;
  const thumbprint = readCertificate(Buffer.from(version.der, 'base64')).sha1.toUpperCase();
  return { version: version.version, sha256, thumbprint, serial, notBefore, notAfter };
}

function snapshot(
  { vault, certificate, plan }: Place,
  seen: { facts: Present; current: VersionFacts; pendingIsOurs: boolean; issuer: Issuer },
): Inspected {
  const { inVault } = seen.issuer;
  return {
    facts: seen.facts,
    pendingIsOurs: seen.pendingIsOurs,
    old: summaryOf(seen.current),
    vaultUri: vault.uri,
    vaultResourceId: vault.resourceId,
    plan,
    owner: certificate.owner,
    issuerIsPrivate: seen.issuer.isPrivate,
    keyType: seen.facts.policy.keyType as KeyType,
    ...(inVault && {
      inVault: { issuerName: inVault.issuerName, policySha256: policySha256(seen.facts.policy) },
    }),
  };
}

/**
 * The targets as they are now, in rows that nobody changes. `verified`: the version that an earlier renewal deployed; who
 * was last seen serving it is left alone.
 */
async function storeRollout(
  { vault, certificate, plan: { rollout } }: Place,
  {
    all,
    verified,
    app,
  }: { readonly all: readonly Target[]; readonly verified: string | undefined; readonly app: Dependencies },
): Promise<RolloutShape> {
  const rows = verified === undefined ? [] : await app.store.targets(`${vault.name}/${certificate.name}`);
  const serving = new Set(
    rows.flatMap((row) => (row.verified && row.expectedSha256 === verified ? [row.targetId] : [])),
  );
  const { shape, groups } = shapeOf(
    all.filter(({ id }) => !serving.has(id)),
    { rollout, all },
  );
  await storeGroups(groups, app);
  return shape;
}

/** For the journal: of a large rollout how many, wave by wave; each tells of itself once it is deployed to. */
function targetsOf({ targets, rollout }: Inspected) {
  if (targets !== undefined) return { targets: targets.map(({ id }) => id) };
  const { total = 0, verifiedBefore = 0, waves = [] } = rollout ?? {};
  const groups = (batches: WaveShape['batches']) => batches.flat().map(({ key, count }) => ({ key, count }));
  return { targets: total, verifiedBefore, waves: waves.map(({ batches }) => groups(batches)) };
}

/** What the certificate's policy and the plan rule out before anything is asked of anybody. */
function policyRefusal(facts: Present, { plan, certificate }: Place) {
  const { keyType, exportable, dnsNames } = facts.policy;
  if (dnsNames.length > mostNames) {
    return ended('refused', 'too-many-names', `the policy has ${dnsNames.length} names, and ${mostNames} are allowed`);
  }
  if (keyType === 'unknown' || !plan.acceptance.keys.includes(keyType)) {
    return ended('refused', 'key-not-allowed', `plan ${plan.name} does not allow the policy's key type ${keyType}`);
  }
  return kindRefusal({ keyType, exportable }, certificate.targets);
}

/** What the kinds of the targets do not take, whoever issues it. */
function kindRefusal(
  { keyType, exportable }: Pick<CertificateToServe, 'keyType' | 'exportable'>,
  targets: readonly Target[],
) {
  for (const target of targets) {
    const refusal = keyRefusal(target, { keyType, exportable });
    if (refusal !== undefined) return ended('refused', refusal.reason, `${target.id} ${refusal.detail}`);
  }
  return undefined;
}

function certificateOf({ policy: { keyType, exportable } }: Present, { isPrivate }: Issuer): CertificateToServe {
  return { isPrivate, keyType: keyType as KeyType, exportable };
}

/** What an issuer inside the vault is not asked for. Its version is current before anybody could refuse it. */
function vaultRefusal(
  { policy }: Present,
  { place, inVault, now }: { readonly place: Place; readonly inVault: InVault | undefined; readonly now: Date },
) {
  if (inVault === undefined) return undefined;
  const refusal = inVault.refusal(policy, now);
  if (refusal !== undefined) return ended('refused', refusal.reason, refusal.detail);
  const { minimumDays, maximumDays } = place.plan.acceptance;
  const days = monthsInDays(policy.validityMonths, now);
  if (days >= minimumDays && days <= maximumDays) return undefined;
  const detail = `the policy asks for ${days} days, and plan ${place.plan.name} takes ${minimumDays} to ${maximumDays}`;
  return ended('refused', 'outside-limits', detail);
}

const PREFLIGHTS_AT_ONCE = 10;

interface Preflight {
  readonly place: Place;
  readonly estate: Estate;
  readonly certificate: CertificateToServe;
}

/** Targets that can never serve a certificate of this issuer. */
async function targetRefusal(app: Dependencies, about: Preflight) {
  const { targets } = about.place.certificate;
  for (let at = 0; at < targets.length; at += PREFLIGHTS_AT_ONCE) {
    const group = targets.slice(at, at + PREFLIGHTS_AT_ONCE);
    const answers = await Promise.all(group.map((target) => preflight(app, about, target)));
    const refused = answers.find((answer) => answer !== undefined);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

async function preflight(app: Dependencies, about: Preflight, target: Target) {
  const adapter = app.target(about.estate, about.place.plan.issuer, target.kind);
  const { refused } = (await adapter.preflight?.(target, about.certificate)) ?? {};
  if (refused === undefined) return undefined;
  return ended('refused', isReason(refused) ? refused : 'deploy-refused', `${target.id}: ${refused}`);
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}
