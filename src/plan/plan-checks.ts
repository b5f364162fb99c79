import type { PlanFile } from './estate-schema.ts';
import type { Finding, Path } from './problem.ts';
import type { IssuerPlan } from './types.ts';

/** Where a plan contradicts itself or the limits of its issuer. */
export function planProblems(plan: PlanFile, path: Path, issuer: IssuerPlan | undefined): readonly Finding[] {
  const findings = [
    ...lives(plan),
    ...waves(plan),
    ...verification(plan),
    ...(issuer === undefined ? [] : limits(plan, issuer)),
  ];
  return findings.map((finding) => ({ ...finding, path: [...path, ...finding.path] }));
}

function lives({ acceptance: { validityDays, minimumDays, maximumDays } }: PlanFile): readonly Finding[] {
  return [
    ...(minimumDays <= validityDays
      ? []
      : [
          wrong('acceptance.minimumDays', `is ${minimumDays}, more than validityDays`, `write at most ${validityDays}`),
        ]),
    ...(validityDays <= maximumDays
      ? []
      : [
          wrong('acceptance.validityDays', `is ${validityDays}, more than maximumDays`, `write at most ${maximumDays}`),
        ]),
  ];
}

function waves({ rollout: { wavePercent } }: PlanFile): readonly Finding[] {
  const isAscending = wavePercent.every((percent, place) => percent > (wavePercent[place - 1] ?? 0));
  if (isAscending && wavePercent.at(-1) === 100) return [];
  const fix = 'write ascending percents that end in 100, like [10, 50, 100]';
  return [wrong('rollout.wavePercent', `is [${wavePercent.join(', ')}]`, fix)];
}

function verification({ rollout: { verify } }: PlanFile): readonly Finding[] {
  if (verify.everySeconds <= verify.forSeconds) return [];
  const problem = `is ${verify.everySeconds}, more than forSeconds`;
  return [wrong('rollout.verify.everySeconds', problem, `write at most ${verify.forSeconds}`)];
}

function limits({ acceptance, issuer: name }: PlanFile, { limits: { maxDays, keys } }: IssuerPlan): readonly Finding[] {
  const common = acceptance.keys.filter((key) => keys.includes(key));
  return [
    ...(acceptance.validityDays <= maxDays
      ? []
      : [
          wrong(
            'acceptance.validityDays',
            `is ${acceptance.validityDays}, more than issuer ${name} gives`,
            `write at most ${maxDays}`,
          ),
        ]),
    ...(common.length > 0
      ? []
      : [wrong('acceptance.keys', `has no key type that issuer ${name} takes`, `write some of ${keys.join(', ')}`)]),
  ];
}

function wrong(path: string, problem: string, fix: string): Finding {
  return { path: path.split('.'), at: 'value', problem, fix };
}
