import { keyRefusal } from '../../plan/targets/takes.ts';
import { type Target, targetFrom } from '../../plan/targets/target.ts';
import type { Estate } from '../../plan/types.ts';
import { readEntry } from '../../targets/discovery/join.ts';
import { usesOfCertificate } from '../../targets/discovery/refresh.ts';
import type { CertificateToServe } from '../../targets/port.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Place } from '../place.ts';

interface Asked {
  readonly estate: Estate;
  readonly certificate: CertificateToServe;
  readonly app: Dependencies;
}

/**
 * What a rollout deploys to: the targets of the estate file first; behind them, where the certificate says `discover`, the
 * places that the last look of the sweep has found and that could be targets. One that cannot serve the certificate is
 * left out, and never keeps the others from being renewed: `GET /api/uses` tells of it.
 */
export async function withDiscovered({ certificate, plan }: Place, asked: Asked): Promise<readonly Target[]> {
  const { targets } = certificate;
  if (!certificate.discover) return targets;
  const report = await usesOfCertificate(certificate, asked.app.rows);
  const claimed = new Set(asked.estate.certificates.flatMap((one) => one.targets.map(({ id }) => id)));
  const found = new Map<string, Target>();
  for (const { state, entry } of report?.uses ?? []) {
    const file = state === 'discovered' && entry ? readEntry(entry) : undefined;
    const target = file && targetFrom(file);
    if (target !== undefined && !claimed.has(target.id)) found.set(target.id, target);
  }
  return [...targets, ...(await welcome([...found.values()], plan.issuer, asked))];
}

const AT_ONCE = 10;

async function welcome(found: readonly Target[], issuer: string, asked: Asked): Promise<readonly Target[]> {
  const taken: Target[] = [];
  const able = found.filter((target) => keyRefusal(target, asked.certificate) === undefined);
  for (let at = 0; at < able.length; at += AT_ONCE) {
    const some = able.slice(at, at + AT_ONCE);
    const refused = await Promise.all(some.map((target) => isRefused(target, issuer, asked)));
    taken.push(...some.filter((_, index) => !refused[index]));
  }
  return taken;
}

async function isRefused(target: Target, issuer: string, { estate, certificate, app }: Asked): Promise<boolean> {
  const answer = await app.target(estate, issuer, target.kind).preflight?.(target, certificate);
  return answer?.refused !== undefined;
}
