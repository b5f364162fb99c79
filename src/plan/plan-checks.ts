import type { PlanFile, WaveFile } from './estate-schema.ts';
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

function waves({ rollout }: PlanFile): readonly Finding[] {
  const { wavePercent, waves } = rollout;
  if (waves !== undefined && wavePercent !== undefined)
    return [wrong('rollout.wavePercent', 'is there beside waves', 'write one of the two; waves can say both')];
  return waves === undefined ? percents(wavePercent ?? [100]) : waves.flatMap(ofOneKind).concat(ascending(waves));
}

function percents(wavePercent: readonly number[]): readonly Finding[] {
  const isAscending = wavePercent.every((percent, place) => percent > (wavePercent[place - 1] ?? 0));
  if (isAscending && wavePercent.at(-1) === 100) return [];
  const fix = 'write ascending percents that end in 100, like [10, 50, 100]';
  return [wrong('rollout.wavePercent', `is [${wavePercent.join(', ')}]`, fix)];
}

function ofOneKind({ count, percent, tag }: WaveFile, place: number): readonly Finding[] {
  const given = Object.entries({ count, percent, tag }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const fix = 'write exactly one of count, percent, tag';
  if (given.length !== 1) {
    const problem = given.length === 0 ? 'names no targets' : `has ${given.join(' and ')}`;
    return [wrong(`rollout.waves.${place}`, problem, fix)];
  }
  if (tag === undefined || Object.keys(tag).length > 0) return [];
  return [wrong(`rollout.waves.${place}.tag`, 'is empty', 'write a tag, like { ring: canary }')];
}

/** Shares of all targets: one that is not more than the share before it leaves nothing to take. */
function ascending(waves: readonly WaveFile[]): readonly Finding[] {
  const shares = waves.flatMap(({ percent }, place) => (percent === undefined ? [] : [{ percent, place }]));
  return shares.flatMap(({ percent, place }, index) => {
    const before = shares[index - 1]?.percent ?? 0;
    if (percent > before) return [];
    const problem = `is ${percent}, no more than ${before} before it`;
    return [wrong(`rollout.waves.${place}.percent`, problem, `write the share after this wave, more than ${before}`)];
  });
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
  const parts = path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { path: parts, at: 'value', problem, fix };
}
