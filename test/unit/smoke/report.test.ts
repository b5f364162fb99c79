import { describe, expect, it } from 'vitest';
import { type Findings, reportJson, reportOf, reportText, type Told } from '../../../smoke/report.ts';
import { type Rule, type RuleId, rules } from '../../../smoke/rules.ts';

const began = new Date('2026-11-21T17:00:00Z');
const entries = Object.entries(rules as Readonly<Record<RuleId, Rule>>) as readonly (readonly [RuleId, Rule])[];
/** Everything as on the stand. */
const asExpected = Object.fromEntries(
  entries.filter(([, rule]) => rule.person !== true).map(([id, rule]) => [id, { saw: rule.expect }]),
) as Findings;

const told = (over: Partial<Told> = {}): Told => ({
  ...{ run: 'perennial-smoke-20261121t170000', where: 'azure', began, now: new Date(began.getTime() + 90_000) },
  ...{ lookOnly: false, findings: asExpected, undone: [], ...over },
});
const verdictOf = (given: Told, id: RuleId) => reportOf(given).checks.find((one) => one.id === id);

/** Questions that only a person can answer stand behind the others. */
const span = (first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, at) => `question.${first + at}`);

describe('the report', () => {
  it('ends with 0 when everything is as on the stand', () => {
    const report = reportOf(told());
    expect(report).toMatchObject({ exitCode: 0, seconds: 90 });
    const others = report.checks.filter(({ verdict }) => verdict !== 'pass');
    expect(others.map(({ id }) => id)).toEqual(['question.3', ...span(16, 30)]);
  });

  it('ends with 1 and says what was expected when something differs', () => {
    const given = told({ findings: { ...asExpected, 'question.4': { saw: '409 Conflict' } } });
    expect(verdictOf(given, 'question.4')).toMatchObject({
      verdict: 'differed',
      saw: '409 Conflict',
      expected: '404 PendingCertificateNotFound',
    });
    const report = reportOf(given);
    expect(report.exitCode).toBe(1);
    expect(reportText(report)).toMatch(
      /DIFFERED {4}question\.4[\s\S]*expected: 404 PendingCertificateNotFound\n\s+saw: {6}409 Conflict/,
    );
  });

  it('ends with 2 when something that should have been seen was not', () => {
    const given = told({ findings: { ...asExpected, 'roles.renewer': { unseen: 'GET …: 403 AuthorizationFailed' } } });
    expect(reportOf(given).exitCode).toBe(2);
    expect(verdictOf(given, 'roles.renewer')).toMatchObject({
      verdict: 'could-not-look',
      why: 'GET …: 403 AuthorizationFailed',
    });
  });

  it('counts nothing against a run that was not given what it takes', () => {
    const given = told({
      findings: {
        ...asExpected,
        'question.15': { unseen: 'the site is in an App Service Environment', foreseen: true },
      },
    });
    expect(reportOf(given).exitCode).toBe(0);
  });

  it('never calls something passed that was not looked at', () => {
    const report = reportOf(told({ findings: {} }));
    expect(report.checks.every(({ verdict }) => verdict === 'could-not-look')).toBe(true);
    expect(report.exitCode).toBe(2);
  });

  it('ends with 2 when the run ended early, and says so', () => {
    const report = reportOf(told({ ended: 'interrupted' }));
    expect(report.exitCode).toBe(2);
    expect(reportText(report)).toContain('ended early: interrupted');
  });

  it.each(entries.filter(([, rule]) => rule.standLacks !== undefined))('cannot look at %s on the stand', (id, rule) => {
    const findings = { ...asExpected, [id]: { saw: 'missing: everything' } };
    expect(verdictOf(told({ where: 'stand', findings }), id)).toMatchObject({
      verdict: 'could-not-look',
      why: rule.standLacks,
      foreseen: true,
    });
    expect(verdictOf(told({ findings }), id)).toMatchObject({ verdict: 'differed' });
  });

  it('ends with 1 when something is left behind, not when a vault keeps what it deleted', () => {
    const what = 'certificate x in https://vault';
    expect(reportOf(told({ undone: [{ what, state: 'left', detail: '403' }] })).exitCode).toBe(1);
    const kept = reportOf(told({ undone: [{ what, state: 'kept', detail: 'purge protection' }] }));
    expect(kept.exitCode).toBe(0);
    expect(reportText(kept)).toContain(`kept: ${what}: purge protection`);
  });

  it('leaves out with --look-only what something is made for', () => {
    const { checks } = reportOf(told({ lookOnly: true }));
    expect(checks.map(({ id }) => id)).toContain('alerts.logs');
    expect(checks.filter(({ id }) => id.startsWith('question') || id.startsWith('served'))).toEqual([]);
  });

  it('is written without what opens a door', () => {
    const secret = 'canary-function-key';
    const jwt = `eyJ${'a'.repeat(20)}.${'b'.repeat(20)}.c`;
    const pem = '-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----';
    const detail = `${secret} Bearer abc.def ${jwt} ${pem} https://x/?sig=abcdef&code=${secret}`;
    const text = reportJson(reportOf(told({ findings: { ...asExpected, 'app.health': { saw: 'healthy', detail } } })), [
      secret,
    ]);
    for (const part of [secret, 'abc.def', jwt, 'MIG', 'sig=abcdef']) expect(text).not.toContain(part);
    expect(JSON.parse(text)).toMatchObject({ exitCode: 0 });
  });
});
