import type { TrafficSum } from '../arm/traffic.ts';
import type { FleetMachine, WaveCount } from './fleet/count.ts';
import type { PlaceKind } from './places/stories.ts';

/** What became of one seeded certificate, as anyone can check it with `openssl s_client` while the stand is up. */
export interface RenewalReport {
  readonly vault: string;
  readonly certificate: string;
  readonly id: string | null;
  readonly reason: string;
  readonly issuer: string | null;
  readonly outcome: string;
  readonly outcomeReason: string;
  readonly expectedOutcome: string;
  readonly oldSha256: string;
  readonly newSha256: string | null;
  readonly oldSerial: string;
  readonly newSerial: string | null;
  readonly targets: readonly TargetReport[];
  readonly seconds: number;
  /** Why this is not what must have happened; absent when it is. */
  readonly problem?: string;
}

export interface TargetReport {
  readonly id: string;
  readonly kind: 'app-service' | PlaceKind;
  readonly host: string;
  readonly port: number;
  readonly sni: string;
  readonly servedSha256: string | null;
  /** The stand's own connection was shown the certificate that ought to be served, and trusted it. */
  readonly verified: boolean;
}

export interface Report {
  readonly ok: boolean;
  readonly seconds: number;
  readonly renewals: readonly RenewalReport[];
  /** Of a fleet alone. */
  readonly fleet?: FleetReport;
}

/** What became of a fleet's machines, as the stand itself sees them. */
export interface FleetReport {
  readonly waves: readonly WaveCount[];
  /** What ARM was asked for, and how often it said no. */
  readonly arm: TrafficSum;
  readonly writesPerMachine: number;
  readonly readsPerMachine: number;
  /** How many times as fast as in Azure scripts, waits and buckets went by. */
  readonly timesAsFast: number;
  /** Machines that use the new certificate, the old one, and anything else or nothing. */
  readonly serving: { readonly new: number; readonly old: number; readonly other: number };
  readonly machines: readonly FleetMachine[];
}

/** The summary for people: a line a certificate. */
export function summaryTable(renewals: readonly RenewalReport[]): string {
  const head = ['certificate', 'reason', 'issuer', 'serial old → new', 'targets', 'seconds', 'outcome'];
  const rows = renewals.map((one) => [
    `${one.vault}/${one.certificate}`,
    one.reason,
    one.issuer ?? '-',
    `${short(one.oldSerial)} → ${short(one.newSerial)}`,
    targetsText(one.targets),
    one.seconds.toFixed(1),
    outcomeText(one),
  ]);
  return columns([head, ...rows]);
}

function targetsText(targets: readonly TargetReport[]): string {
  const kinds = new Set(targets.map(({ kind }) => kind));
  return [`${targets.filter(({ verified }) => verified).length}/${targets.length}`, ...kinds].join(' ');
}

function outcomeText(one: RenewalReport): string {
  const text = `${one.outcome}: ${one.outcomeReason}`;
  return one.problem === undefined ? text : `${text}   ✗ ${one.problem}`;
}

function short(serial: string | null): string {
  return serial === null ? '-' : serial.slice(0, 8);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '─'.repeat(width)).join('  '));
  return lines.join('\n');
}
