import { type Rule, type RuleId, rules } from './rules.ts';
import { scrubbed } from './scrub.ts';
import type { Undone } from './undo.ts';

/** What was seen of one rule, in the words of its `expect`; or why nothing could be seen. */
export type Finding =
  | { readonly saw: string; readonly detail?: string }
  /** `foreseen`: the run was not given what it takes, a site for instance. */
  | { readonly unseen: string; readonly foreseen?: true };
export type Findings = Readonly<Partial<Record<RuleId, Finding>>>;

export type Verdict = 'pass' | 'differed' | 'could-not-look';

/** One line of the report. */
export interface Judged {
  readonly id: RuleId;
  readonly title: string;
  readonly verdict: Verdict;
  /** What the stand showed, or what the deployment says. */
  readonly expected: string;
  readonly saw?: string;
  readonly detail?: string;
  /** Why nothing was seen, and how a person finds out. */
  readonly why?: string;
  readonly how?: string;
  /** Nothing was seen, and nothing could have been. */
  readonly foreseen?: true;
}

export interface Report {
  readonly run: string;
  /** `stand`: everything was on this machine. */
  readonly where: 'azure' | 'stand';
  readonly began: string;
  readonly seconds: number;
  /** Why the run ended early; absent when it did not. */
  readonly ended?: string;
  readonly checks: readonly Judged[];
  readonly undone: readonly Undone[];
  /** 0: nothing differed. 1: something did, or is left behind. 2: something that should have been seen was not. */
  readonly exitCode: 0 | 1 | 2;
}

export interface Told {
  readonly run: string;
  readonly where: Report['where'];
  readonly began: Date;
  readonly now: Date;
  readonly ended?: string;
  readonly lookOnly: boolean;
  readonly findings: Findings;
  readonly undone: readonly Undone[];
}

/** Holds what was seen against what the stand shows. */
export function reportOf(told: Told): Report {
  const { run, where, began, now, ended, findings, undone } = told;
  const asked = Object.entries(rules as Readonly<Record<RuleId, Rule>>) as readonly (readonly [RuleId, Rule])[];
  const checks = asked
    .filter(([, rule]) => !told.lookOnly || rule.looks === true)
    .map(([id, rule]) => judged(id, rule, { finding: findings[id], where, ended }));
  return {
    ...{ run, where, began: began.toISOString(), seconds: (now.getTime() - began.getTime()) / 1000 },
    ...(ended !== undefined && { ended }),
    ...{ checks, undone, exitCode: exitCodeOf(checks, undone, ended) },
  };
}

function judged(
  id: RuleId,
  rule: Rule,
  {
    finding,
    where,
    ended,
  }: { readonly finding: Finding | undefined; readonly where: Report['where']; readonly ended: string | undefined },
): Judged {
  const { title, expect: expected, how } = rule;
  const blind = where === 'stand' ? rule.standLacks : undefined;
  if (finding !== undefined && 'saw' in finding && (finding.saw === expected || blind === undefined)) {
    const { saw, detail } = finding;
    const verdict = saw === expected ? 'pass' : 'differed';
    return {
      id,
      title,
      verdict,
      expected,
      saw,
      ...(detail !== undefined && { detail }),
      ...(verdict === 'differed' && { how }),
    };
  }
  const unseen = finding !== undefined && 'unseen' in finding ? finding : undefined;
  const why =
    blind ??
    unseen?.unseen ??
    (rule.person
      ? 'only a person can find out'
      : `the run did not come to it${ended === undefined ? '' : ': it ended early'}`);
  const foreseen = blind !== undefined || unseen?.foreseen === true || rule.person === true;
  return { id, title, verdict: 'could-not-look', expected, why, how, ...(foreseen && { foreseen }) };
}

function exitCodeOf(checks: readonly Judged[], undone: readonly Undone[], ended: string | undefined): 0 | 1 | 2 {
  if (checks.some(({ verdict }) => verdict === 'differed') || undone.some(({ state }) => state === 'left')) return 1;
  const isBlind = checks.some(({ verdict, foreseen }) => verdict === 'could-not-look' && foreseen === undefined);
  return isBlind || ended !== undefined ? 2 : 0;
}

/** The report for people. */
export function reportText(report: Report): string {
  const { run, where, seconds, ended, checks, undone, exitCode } = report;
  const count = (verdict: Verdict): number => checks.filter((one) => one.verdict === verdict).length;
  const left = undone.filter(({ state }) => state !== 'undone');
  const lines = [
    `${run}, ${where === 'stand' ? 'against the stand' : 'against Azure'}, ${seconds.toFixed(0)} s${ended === undefined ? '' : `, ended early: ${ended}`}`,
    ...checks.flatMap(linesOf),
    ...left.map(({ what, state, detail = '' }) => `${state === 'left' ? 'LEFT BEHIND' : 'kept'}: ${what}: ${detail}`),
    `${count('pass')} pass, ${count('differed')} differed, ${count('could-not-look')} could not be looked at; ${undone.length - left.length} of ${undone.length} acts undone; exit code ${exitCode}`,
  ];
  return lines.join('\n');
}

const marks: Readonly<Record<Verdict, string>> = {
  pass: 'pass      ',
  differed: 'DIFFERED  ',
  'could-not-look': 'not looked',
};

function linesOf({ id, title, verdict, expected, saw, detail, why, how }: Judged): readonly string[] {
  const indent = ' '.repeat(12);
  const more: Readonly<Record<Verdict, readonly string[]>> = {
    pass: detail === undefined ? [] : [detail],
    differed: [
      `expected: ${expected}`,
      `saw:      ${saw}`,
      ...(detail === undefined ? [] : [detail]),
      ...(how === undefined ? [] : [`do:       ${how}`]),
    ],
    'could-not-look': [`${why}${how === undefined ? '' : `. To find out: ${how}`}`],
  };
  return [`${marks[verdict]}  ${id.padEnd(20)} ${title}`, ...more[verdict].map((line) => `${indent}${line}`)];
}

/** The report as JSON, without anything that opens a door. */
export function reportJson(report: Report, secrets: readonly string[]): string {
  return `${scrubbed(JSON.stringify(report, null, 2), secrets)}\n`;
}
