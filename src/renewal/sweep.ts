import { RenewalError } from '../errors.ts';
import type { EstateCertificate } from '../plan/types.ts';
import { type StartDependencies, type Started, startRenewal } from './start.ts';

/** What one sweep found. */
export interface SweepReport {
  readonly looked: number;
  readonly started: readonly string[];
  readonly running: readonly string[];
  readonly waiting: number;
  readonly refused: readonly { readonly certificate: string; readonly reason: string }[];
  /** Could not be looked at: the next sweep tries again. */
  readonly unreachable: readonly { readonly certificate: string; readonly problem: string }[];
  /** In a vault of the estate, but in no plan. */
  readonly unowned: readonly string[];
}

const AT_ONCE = 8;

/**
 * Looks at every certificate of the estate and starts what is due: the authority, of which events are only a faster
 * echo. One certificate or vault that cannot be reached keeps no other from being looked at.
 */
export async function sweep(app: StartDependencies): Promise<SweepReport> {
  const estate = await app.estate();
  const report = {
    looked: 0,
    started: [],
    running: [],
    waiting: 0,
    refused: [],
    unreachable: [],
    unowned: [],
  } as Draft;
  const queue = [...estate.certificates];
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await look(next, app, report);
  });
  await Promise.all(workers);
  for (const vault of estate.vaults) await listUnowned(vault, estate.certificates, { app, report });
  return report;
}

type Draft = { -readonly [K in keyof SweepReport]: SweepReport[K] extends readonly (infer T)[] ? T[] : SweepReport[K] };

async function look(certificate: EstateCertificate, app: StartDependencies, report: Draft): Promise<void> {
  const name = `${certificate.vault}/${certificate.name}`;
  report.looked++;
  try {
    const { vault } = certificate;
    note(
      name,
      await startRenewal({ vault, certificate: certificate.name, reason: 'sweep', force: false }, app),
      report,
    );
  } catch (error) {
    report.unreachable.push({ certificate: name, problem: problemOf(error) });
  }
}

function note(certificate: string, answer: Started, report: Draft): void {
  switch (answer.state) {
    case 'started':
      report.started.push(answer.renewalId);
      return;
    case 'running':
      report.running.push(answer.renewalId);
      return;
    case 'waiting':
      report.waiting++;
      return;
    case 'refused':
      report.refused.push({ certificate, reason: answer.outcomeReason });
      return;
    default:
      answer satisfies never;
  }
}

/** Certificates that nobody planned for: an outage that nobody would own. */
async function listUnowned(
  vault: { readonly name: string; readonly uri: string },
  planned: readonly EstateCertificate[],
  to: { readonly app: StartDependencies; readonly report: Draft },
): Promise<void> {
  const known = new Set(planned.filter((one) => one.vault === vault.name).map((one) => one.name.toLowerCase()));
  try {
    for await (const listed of to.app.vault.list(vault.uri)) {
      if (!known.has(listed.name.toLowerCase())) to.report.unowned.push(`${vault.name}/${listed.name}`);
    }
  } catch (error) {
    to.report.unreachable.push({ certificate: `${vault.name}/*`, problem: problemOf(error) });
  }
}

function problemOf(error: unknown): string {
  if (error instanceof RenewalError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
