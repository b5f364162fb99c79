import { RenewalError } from '../errors.ts';
import { estateFindings } from './estate-checks.ts';
import { type CertificateFile, type EstateFile, estateSchema, type PlanFile, type WaveFile } from './estate-schema.ts';
import { explain } from './explain.ts';
import { findVault } from './look-up.ts';
import { outlineOf } from './outline.ts';
import { type Problem, problemText } from './problem.ts';
import { targetFrom } from './targets/target.ts';
import type { Estate, EstateCertificate, Plan, WavePlan } from './types.ts';
import { percentWaves } from './waves.ts';
import { readYaml } from './yaml-source.ts';

const SHOWN_PROBLEMS = 200;

/** Reads an estate file (YAML or JSON); throws one `estate-invalid` that lists its mistakes, each with line and fix. */
export function readEstate(text: string, source: string): Estate {
  const { estate, problems } = examine(text);
  if (estate !== undefined) return estate;
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(problemText);
  const lines = shown.map((line) => `\n- ${line}`);
  const more = problems.length > SHOWN_PROBLEMS ? [`… and ${problems.length - SHOWN_PROBLEMS} more`] : [];
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const message = `estate ${source}: ${count}:${lines.join('')}${more.map((line) => `\n${line}`).join('')}`;
  throw new RenewalError('estate-invalid', message, { problems: [...shown, ...more] });
}

/** Every mistake of an estate file, in the order of its lines; none when it is valid. */
export function estateProblems(text: string): readonly Problem[] {
  return examine(text).problems;
}

function examine(text: string): { readonly estate?: Estate; readonly problems: readonly Problem[] } {
  const { value, syntaxProblems, keyProblems, locate } = readYaml(text);
  if (syntaxProblems.length > 0) return { problems: syntaxProblems };
  const file = estateSchema.safeParse(value);
  const issues = file.success ? [] : file.error.issues.flatMap((issue) => explain(issue, value));
  const findings = [...issues, ...estateFindings(outlineOf(value))];
  const problems = [...keyProblems, ...findings.map(locate)].sort((a, b) => a.line - b.line || a.column - b.column);
  return file.success && problems.length === 0 ? { estate: estateOf(file.data), problems } : { problems };
}

function estateOf(file: EstateFile): Estate {
  return {
    schema: file.schema,
    vaults: file.vaults,
    ...(file.network !== undefined && { network: file.network }),
    ...(file.subscriptions !== undefined && { subscriptions: file.subscriptions }),
    issuers: file.issuers,
    plans: Object.fromEntries(Object.entries(file.plans).map(([name, plan]) => [name, namedPlan(name, plan)])),
    certificates: file.certificates.map((certificate) => certificateOf(file, certificate)),
  };
}

const usualPercents = [10, 50, 100];

function namedPlan(name: string, plan: PlanFile): Plan {
  const { wavePercent = usualPercents, waves, ...rollout } = plan.rollout;
  return { ...plan, name, rollout: { waves: waves?.map(waveOf) ?? percentWaves(wavePercent), ...rollout } };
}

function waveOf({ count, percent, tag, failureBudget, soakSeconds }: WaveFile): WavePlan {
  const limits = {
    ...(failureBudget !== undefined && { failureBudget }),
    ...(soakSeconds !== undefined && { soakSeconds }),
  };
  if (tag !== undefined) return { tag, ...limits };
  return count === undefined ? { percent: percent ?? 100, ...limits } : { count, ...limits };
}

/** The vault in the spelling of its own entry, the owner of the plan when the certificate has none of its own. */
function certificateOf(file: EstateFile, certificate: CertificateFile): EstateCertificate {
  const vault = findVault(file, certificate.vault)?.name ?? certificate.vault;
  const owner = certificate.owner ?? file.plans[certificate.plan]?.owner ?? '';
  return { ...certificate, vault, owner, targets: certificate.targets.map(targetFrom) };
}
