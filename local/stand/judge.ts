import type { Course } from './course.ts';
import type { RenewalReport, TargetReport } from './report.ts';
import { lookAt, type ServedPlace } from './served.ts';
import type { Stand } from './stand.ts';

/** Holds what the app says against what the stand itself sees served, and against what must have happened. */
export async function judged(course: Course, stand: Stand): Promise<RenewalReport> {
  const { seeded, view = {}, startedAt, endedAt } = course;
  const old = stand.initial(seeded);
  const now = await stand.current(seeded);
  const isNew = now.sha256 !== old.sha256;
  const looking = { rootPem: stand.rootPemOf(seeded), wanted: now.sha256 };
  const targets = await Promise.all(stand.servedAt(seeded).map((place) => look(place, looking)));
  const report: RenewalReport = {
    vault: seeded.vaultName,
    certificate: seeded.name,
    id: course.id ?? null,
    reason: text(view.reason) ?? (seeded.trigger === 'ask' ? 'manual' : seeded.trigger),
    issuer: text(view.issuer) ?? null,
    outcome: text(view.outcome) ?? 'running',
    outcomeReason: text(view.outcomeReason) ?? text(view.stage) ?? 'nothing was seen of it',
    expectedOutcome: seeded.expected.outcome,
    oldSha256: old.sha256,
    newSha256: isNew ? now.sha256 : null,
    oldSerial: old.serial,
    newSerial: isNew ? now.serial : null,
    targets,
    seconds: ((endedAt ?? Date.now()) - startedAt) / 1000,
  };
  const problem = problemOf(report, seeded.expected);
  return problem === undefined ? report : { ...report, problem };
}

/** Why this is not what must have happened. */
function problemOf(
  report: RenewalReport,
  expected: { readonly outcome: string; readonly reason: string },
): string | undefined {
  if (report.outcome !== expected.outcome) return `expected ${expected.outcome}`;
  if (report.outcomeReason !== expected.reason) return `expected the reason ${expected.reason}`;
  const renewed = report.newSha256 !== null;
  if (renewed !== (expected.outcome === 'renewed'))
    return renewed ? 'the vault has a new version' : 'the vault has no new version';
  const unseen = expected.outcome === 'renewed' ? report.targets.filter((target) => !target.verified) : [];
  return unseen.length === 0 ? undefined : `not served by ${unseen.map((target) => target.sni).join(', ')}`;
}

async function look(
  { id, kind, port, hostName: sni }: ServedPlace,
  { rootPem, wanted }: { readonly rootPem: string; readonly wanted: string },
): Promise<TargetReport> {
  const seen = await lookAt({ port, hostName: sni }, rootPem);
  return {
    ...{ id, kind, host: '127.0.0.1', port, sni },
    servedSha256: seen.state === 'unreachable' ? null : seen.sha256,
    verified: seen.state === 'trusted' && seen.sha256 === wanted,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
