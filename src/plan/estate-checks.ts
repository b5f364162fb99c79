import { type CertificateFile, entrySchemas, type PlanFile } from './estate-schema.ts';
import { type Entry, type Mention, mentionAt, type Outline } from './outline.ts';
import { planProblems } from './plan-checks.ts';
import { isPrivateIssuer } from './private-issuer.ts';
import { type Finding, type Path, pathText } from './problem.ts';
import { factsOf, targetFindings as ownFindings, pullHours, targetId, targetIdFrom } from './targets/target.ts';
import type { IssuerPlan } from './types.ts';
import { hasTags } from './waves.ts';

/** What no single entry can tell: names that lead nowhere, things that are there twice, plans that contradict themselves. */
export function estateFindings(outline: Outline): readonly Finding[] {
  return [...vaultFindings(outline), ...planFindings(outline), ...certificateFindings(outline)];
}

function vaultFindings({ vaults }: Outline): readonly Finding[] {
  const names = vaults.flatMap(({ name }) => name ?? []);
  const uris = vaults.flatMap(({ uri }) => uri ?? []);
  const ids = vaults.flatMap(({ resourceId }) => resourceId ?? []);
  const strangers = vaults.flatMap(({ name, resourceId }) => {
    if (name === undefined || resourceId === undefined) return [];
    if (resourceId.text.toLowerCase().endsWith(`/vaults/${name.text.toLowerCase()}`)) return [];
    return [wrong(resourceId.path, `is the ARM id of another vault than ${name.text}`, 'write the id of this vault')];
  });
  return [
    ...twice(names, 'names the vault', plain),
    ...twice(uris, 'is the URI', plainUri),
    ...twice(ids, 'is the ARM id', plain),
    ...strangers,
  ];
}

function planFindings({ plans, issuers }: Outline): readonly Finding[] {
  const limits = new Map(issuers.flatMap(readIssuer));
  return plans.flatMap(({ key, value, path }) => {
    const issuer = mentionAt('issuer', value, path);
    const name = mentionAt('name', value, path);
    const plan = entrySchemas.plan.safeParse(value);
    return [
      ...unknown(issuer, 'issuer', issuers),
      ...(name === undefined || name.text === key
        ? []
        : [wrong(name.path, `is not ${key}`, `write ${key}, or nothing`)]),
      ...(plan.success ? planProblems(plan.data, path, limits.get(plan.data.issuer)) : []),
    ];
  });
}

function readIssuer({ key, value }: Entry): readonly (readonly [string, IssuerPlan])[] {
  const issuer = entrySchemas.issuer.safeParse(value);
  return issuer.success ? [[key, issuer.data]] : [];
}

function certificateFindings({ certificates, vaults, plans, issuers }: Outline): readonly Finding[] {
  const known = vaults.flatMap(({ name }) => (name === undefined ? [] : [name.text]));
  const readPlans = new Map(plans.flatMap(readPlan));
  const readIssuers = new Map(issuers.flatMap(readIssuer));
  const references = certificates.flatMap(({ value, path }) => [
    ...unknownVault(mentionAt('vault', value, path), known),
    ...unknown(mentionAt('plan', value, path), 'plan', plans),
  ]);
  const readable = certificates.flatMap(({ value, path }) => {
    const certificate = entrySchemas.certificate.safeParse(value);
    return certificate.success ? [{ certificate: certificate.data, path }] : [];
  });
  const targets = readable.flatMap(({ certificate, path }) => targetMentions(certificate, path));
  return [
    ...plans.flatMap((plan) => tagFindings(plan, readable)),
    ...references,
    ...twice(certificates.flatMap(certificateMention), 'is the certificate', plain),
    ...twice(targets, 'is the target', plain),
    ...readable.flatMap(({ certificate, path }) => targetFindings(certificate, path)),
    ...readable.flatMap(({ certificate, path }) => {
      const plan = readPlans.get(certificate.plan);
      const issuer = plan && readIssuers.get(plan.issuer);
      return [...takesFindings(certificate, path, { plan, issuer }), ...soakFindings(certificate, path, plan)];
    }),
  ];
}

interface Readable {
  readonly certificate: CertificateFile;
  readonly path: Path;
}

function readPlan({ key, value }: Entry): readonly (readonly [string, PlanFile])[] {
  const plan = entrySchemas.plan.safeParse(value);
  return plan.success ? [[key, plan.data]] : [];
}

function certificateMention({ value, path }: Entry): readonly Mention[] {
  const vault = mentionAt('vault', value, path);
  const name = mentionAt('name', value, path);
  return vault === undefined || name === undefined ? [] : [{ text: `${vault.text}/${name.text}`, path: name.path }];
}

function targetMentions({ targets }: CertificateFile, path: Path): readonly Mention[] {
  return targets.map((target, place) => ({ text: targetId(target), path: [...path, 'targets', place, 'kind'] }));
}

/** An id may be written down, as the API shows it, but it may not say something else than its parts. */
function targetFindings({ targets }: CertificateFile, path: Path): readonly Finding[] {
  return targets.flatMap((target, place) => {
    const at: Path = [...path, 'targets', place];
    const { id } = target;
    return [
      ...(id === undefined || id === targetId(target)
        ? []
        : [
            wrong(
              [...at, 'id'],
              `does not follow from ${targetIdFrom(target)}`,
              `write ${targetId(target)}, or nothing`,
            ),
          ]),
      ...ownFindings(target).map((finding) => ({ ...finding, path: [...at, ...finding.path] })),
    ];
  });
}

/** What a kind of target never serves. */
function takesFindings(
  { targets, plan: name }: CertificateFile,
  path: Path,
  { plan, issuer }: { readonly plan: PlanFile | undefined; readonly issuer: IssuerPlan | undefined },
): readonly Finding[] {
  return targets.flatMap(({ kind }, place) => {
    const { takes } = factsOf(kind);
    const at: Path = [...path, 'targets', place, 'kind'];
    const hasKey = plan === undefined || plan.acceptance.keys.some((key) => takes.keys.includes(key));
    const isRefused = issuer !== undefined && takes.privateCa === 'no' && isPrivateIssuer(issuer);
    const keys = takes.keys.join(', ');
    return [
      ...(hasKey
        ? []
        : [wrong(at, `takes ${keys}, and plan ${name} allows none of them`, `use a plan with one of these keys`)]),
      ...(isRefused
        ? [wrong(at, `takes no certificate of a private CA, and plan ${name} has one`, 'use a plan with a public CA')]
        : []),
    ];
  });
}

/** While a rollout rests longer than a later target waits, that target takes the new version before its wave. */
function soakFindings({ targets }: CertificateFile, path: Path, plan: PlanFile | undefined): readonly Finding[] {
  if (plan === undefined || targets.length < 2) return [];
  const hours = Math.min(...targets.flatMap((target) => pullHours(target) ?? []));
  const soakSeconds = longestSoak(plan.rollout);
  if (soakSeconds <= hours * 3600) return [];
  const problem = `rests ${soakSeconds} s between waves, but its targets take a new version by themselves within ${hours} h`;
  return [wrong([...path, 'plan'], problem, `use a plan whose soakSeconds is at most ${hours * 3600}`)];
}

/** Before the last wave: nothing is waited for after it. */
function longestSoak({ wavePercent, waves, soakSeconds }: PlanFile['rollout']): number {
  if (waves === undefined) return (wavePercent ?? []).length === 1 ? 0 : soakSeconds;
  const last = waves.at(-1);
  const between = last?.percent === 100 ? waves.slice(0, -1) : waves;
  return Math.max(0, ...between.map((wave) => wave.soakSeconds ?? soakSeconds));
}

/** A wave by a tag that no target of the plan has takes nothing: a canary that nobody would notice missing. */
function tagFindings({ key, value, path }: Entry, certificates: readonly Readable[]): readonly Finding[] {
  const plan = entrySchemas.plan.safeParse(value);
  const targets = certificates.flatMap(({ certificate }) => (certificate.plan === key ? certificate.targets : []));
  if (!plan.success || targets.length === 0) return [];
  return (plan.data.rollout.waves ?? []).flatMap(({ tag }, place) => {
    if (tag === undefined || targets.some((target) => hasTags(target, tag))) return [];
    const words = Object.entries(tag).map(([name, text]) => `${name}: ${text}`);
    const at: Path = [...path, 'rollout', 'waves', place, 'tag'];
    return [wrong(at, `is {${words.join(', ')}}, which no target of this plan has`, 'give the tag to some targets')];
  });
}

function unknown(mention: Mention | undefined, what: string, entries: readonly Entry[]): readonly Finding[] {
  if (mention === undefined || entries.some(({ key }) => key === mention.text)) return [];
  return [wrong(mention.path, `names no ${what} of this file`, oneOf(entries.map(({ key }) => key)))];
}

function unknownVault(mention: Mention | undefined, known: readonly string[]): readonly Finding[] {
  if (mention === undefined || known.some((name) => plain(name) === plain(mention.text))) return [];
  return [wrong(mention.path, 'names no vault of this file', oneOf(known))];
}

function oneOf(names: readonly string[]): string {
  if (names.length === 0) return 'add it to the file';
  return `write one of ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}, or add it to the file`;
}

/** Each mention but the first of those that are equal under `form`. */
function twice(mentions: readonly Mention[], what: string, form: (text: string) => string): readonly Finding[] {
  const first = new Map<string, Mention>();
  return mentions.flatMap((mention) => {
    const before = first.get(form(mention.text));
    if (before === undefined) first.set(form(mention.text), mention);
    if (before === undefined) return [];
    return [
      wrong(mention.path, `${what} that ${pathText(before.path.slice(0, -1))} is already`, 'remove one of the two'),
    ];
  });
}

function plain(text: string): string {
  return text.toLowerCase();
}

function plainUri(text: string): string {
  return text.toLowerCase().replace(/(:443)?\/?$/, '');
}

function wrong(path: Path, problem: string, fix: string): Finding {
  return { path, at: 'value', problem, fix };
}
