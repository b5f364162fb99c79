import { lastLookForUses, sawEverything, usesOfCertificate } from '../../targets/discovery/refresh.ts';
import type { Dependencies } from '../dependencies.ts';
import { type Place, placeOf } from '../place.ts';
import type { StepInput, VersionSummary } from '../story.ts';
import { done, type Step } from './step.ts';

/**
 * The version before is disabled, where the plan says so: never while a target was last seen serving it, is not known to
 * serve the new one, or a place names it. What cannot be done leaves it as it is; the renewal is none the worse.
 */
export const disableOld: Step<'disableOld'> = {
  async run(input, app) {
    const { vaultUri, certificate, old } = input;
    const use = await useOf(input, app);
    if (use !== undefined) return done({ disabled: false, detail: use });
    if (app.vault.disable === undefined) return done({ disabled: false, detail: 'this vault disables nothing' });
    await app.vault.disable({ vault: vaultUri, name: certificate }, old.version);
    return done({ disabled: true, detail: `version ${old.version} is disabled` });
  },
  intent: ({ old }) => ({ version: old.version, certificate: old.sha256 }),
  result: (value) => ({ ...value }),
};

/** Why the old version is still needed; `undefined`: by nobody that is known of. */
async function useOf(
  { vault, certificate, vaultUri, old, version }: StepInput<'disableOld'>,
  app: Dependencies,
): Promise<string | undefined> {
  const rows = await app.store.targets(`${vault}/${certificate}`);
  const serving = rows.filter(({ servedSha256 }) => servedSha256 === old.sha256).map(({ targetId }) => targetId);
  if (serving.length > 0) return `${listed(serving)} served it when last seen`;
  const verified = new Set(
    rows.flatMap((row) => (row.verified && row.expectedSha256 === version.sha256 ? [row.targetId] : [])),
  );
  const place = placeOf(await app.estate(), vault, certificate);
  const unseen = (place?.certificate.targets ?? []).filter(({ id }) => !verified.has(id)).map(({ id }) => id);
  if (unseen.length > 0) return `${listed(unseen)} not seen serving the new version`;
  const referring = place && (await whoRefers(place, { old, verified }, app));
  if (referring !== undefined) return referring;
  const facts = await app.vault.inspect({ vault: vaultUri, name: certificate }, 'version');
  const current = facts.state === 'present' ? facts.current?.version : undefined;
  return current === version.version ? undefined : 'another version is current by now';
}

/** By the last look at where the certificate is used; places that this renewal has verified have moved on since. */
async function whoRefers(
  { certificate }: Place,
  { old, verified }: { readonly old: VersionSummary; readonly verified: ReadonlySet<string> },
  app: Dependencies,
): Promise<string | undefined> {
  const [last, report] = await Promise.all([lastLookForUses(app.rows), usesOfCertificate(certificate, app.rows)]);
  const open = report?.uses.filter(({ target }) => target === undefined || !verified.has(target)) ?? [];
  const pinned = open.filter(({ version }) => version === old.version).map(({ resourceId }) => resourceId);
  if (pinned.length > 0) return `${listed(pinned)} named it when its uses were looked at`;
  const unseen = certificate.discover ? open.filter(({ state }) => state === 'discovered') : [];
  if (unseen.length > 0)
    return `${listed(unseen.map(({ resourceId }) => resourceId))} discovered, and not seen serving the new version`;
  if (report !== undefined && report.moreUses > 0) return `${report.moreUses} more uses are not known`;
  return last !== undefined && !sawEverything(last) ? 'the last look at its uses did not see everything' : undefined;
}

function listed(ids: readonly string[]): string {
  return ids.length === 1 ? (ids[0] ?? '') : `${ids[0]} and ${ids.length - 1} more`;
}
