import { z } from 'zod';
import { settings } from '../config/settings.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import { findCertificate, findVault } from '../plan/look-up.ts';
import type { Estate } from '../plan/types.ts';
import { useKinds } from '../targets/discovery/found.ts';
import { guidesOf, unlookedPlaces } from '../targets/discovery/guides.ts';
import { untoldReasons } from '../targets/discovery/join.ts';
import { lastLookForUses, usesOfCertificate } from '../targets/discovery/refresh.ts';
import { references, useStates } from '../targets/discovery/uses.ts';
import { useWarnings } from '../targets/discovery/warnings.ts';
import { callProblem, PROBLEM_TYPE, type ProblemDocument, refusal } from './problems.ts';
import { VAULT_NAME } from './readers.ts';
import { CERTIFICATE_NAME, nameHint } from './renewal-request.ts';
import type { Answer } from './renewals.ts';
import { moment } from './words.ts';

function words<K extends string>(table: Readonly<Record<K, string>>) {
  const description = Object.entries(table)
    .map(([word, meaning]) => `${word}: ${meaning}`)
    .join(' ');
  return z.enum(Object.keys(table) as [K, ...K[]]).meta({ description });
}

const kind = z.enum(useKinds);
const state = words(useStates);

const use = z
  .object({
    ...{ kind, state, resourceId: z.string(), detail: z.string() },
    reference: words(references),
    version: z.string().optional(),
    copyOf: z.enum(['current', 'older', 'other']).optional(),
    copiedVersion: z.string().optional().meta({ description: 'The older version of which it is a copy.' }),
    ...{ host: z.string().optional(), location: z.string().optional() },
    tags: z.record(z.string(), z.string()).optional(),
    target: z.string().optional().meta({ description: 'Id of the target that it is, or would be.' }),
    entry: z.record(z.string(), z.unknown()).optional().meta({ description: 'What to write into the estate file.' }),
  })
  .meta({ id: 'Use' });

const guides = z
  .record(z.string(), z.string())
  .meta({ description: 'By kind: what people can do where a use is pinned, copy or guided.' });

const warning = z.object({ code: words(useWarnings), detail: z.string() }).meta({ id: 'UseWarning' });

const untold = z.object({ reason: words(untoldReasons), count: z.int() }).meta({ id: 'Untold' });

const unexplainedReader = z
  .object({
    ...{ objectId: z.string().optional(), applicationId: z.string().optional() },
    person: z.string().optional().meta({ description: 'Sign-in name of a person. Personal data.' }),
    ...{ reads: z.int(), lastAt: moment },
  })
  .meta({ id: 'UnexplainedReader' });

/** `GET /api/certificates/{vault}/{name}/uses`. */
export const certificateUsesView = z
  .object({
    ...{ vault: z.string(), certificate: z.string(), lookedAt: moment },
    uses: z.array(use),
    moreUses: z.int().meta({ description: 'How many more there are.' }),
    stale: z.array(z.string()).meta({ description: 'Ids of targets that Azure does not show any more; 500 at most.' }),
    untold: z
      .array(untold.extend({ targets: z.array(z.string()).meta({ description: 'Ids of the first 20.' }) }))
      .meta({ description: 'Targets of which it cannot be told whether they are still there.' }),
    warnings: z.array(warning),
    guides,
    unexplainedReaders: z.array(unexplainedReader).meta({
      description: 'Who read the secret within thirty days, and is no place that is known to use it; 50 at most.',
    }),
  })
  .meta({ id: 'CertificateUses' });

const namedUse = z
  .object({ certificate: z.string(), kind, state, resourceId: z.string(), detail: z.string() })
  .extend({ host: z.string().optional(), target: z.string().optional() })
  .meta({ id: 'NamedUse' });

/** `GET /api/uses`. */
export const usesView = z
  .object({
    state: z.enum(['looked', 'failed']).meta({ description: 'failed: all else is of the look before.' }),
    ...{ completedAt: moment, code: z.string().optional(), problem: z.string().optional() },
    counts: z.record(z.string(), z.int()).meta({ description: 'Each list holds 200 at most.' }),
    drift: z.array(namedUse).meta({ description: 'Places that a renewal does not reach.' }),
    open: z.array(namedUse).meta({ description: 'Places that no target covers.' }),
    stale: z.array(z.object({ certificate: z.string(), target: z.string() })),
    untold: z.array(untold.extend({ certificate: z.string() })),
    warnings: z.array(warning.extend({ certificate: z.string() })),
    guides,
    unlooked: z
      .array(z.object({ place: words(unlookedPlaces), why: z.string() }))
      .meta({ description: 'Where certificates are used and no look sees it.' }),
    unplanned: z
      .array(z.object({ certificate: z.string(), uses: z.int() }))
      .meta({ description: 'Used, in a vault of the estate, and in no plan.' }),
    unexplainedReaders: z.array(z.object({ certificate: z.string(), readers: z.int() })),
    unseen: z
      .array(z.object({ subscription: z.string(), missing: z.string() }))
      .meta({ description: 'Subscriptions that nothing is seen of, and the role that is missing.' }),
    problems: z.array(z.object({ kind: z.string(), code: z.string(), problem: z.string() })),
    audit: z.enum(['read', 'off', 'failed']).meta({ description: 'Whether it is known who reads secrets.' }),
  })
  .meta({ id: 'Uses' });

/** What telling of uses needs. */
export interface UsesViewDependencies {
  readonly rows: AppRowStore;
  readonly estate: () => Promise<Estate>;
}

const json = { 'content-type': 'application/json' };

/** `GET /api/uses`: what the last look at all uses found. */
export async function getUses({ rows }: UsesViewDependencies): Promise<Answer> {
  const last = await lastLookForUses(rows);
  if (last === undefined) return notLooked();
  const unlooked = Object.entries(unlookedPlaces).map(([place, why]) => ({ place, why }));
  return { status: 200, headers: json, body: { ...last, guides: guidesOf([...last.drift, ...last.open]), unlooked } };
}

/** `GET /api/certificates/{vault}/{name}/uses`: where one certificate is used. */
export async function getCertificateUses(
  { rows, estate }: UsesViewDependencies,
  { vault = '', name = '' }: { readonly vault: string | undefined; readonly name: string | undefined },
): Promise<Answer> {
  const errors = [
    ...(VAULT_NAME.test(vault) ? [] : [{ ...wrong('vault'), fix: 'send the name of a vault (contoso)' }]),
    ...(CERTIFICATE_NAME.test(name) ? [] : [{ ...wrong('name'), fix: `send ${nameHint}` }]),
  ];
  if (errors.length > 0) {
    return problemAnswer(callProblem('request-invalid', `${errors.length} of the fields are wrong.`, errors));
  }
  const now = await estate();
  const known = findVault(now, vault);
  if (known === undefined) return problemAnswer(refusal('vault-outside-estate', 'The estate file has no such vault.'));
  const certificate = findCertificate(now, known.name, name);
  if (certificate === undefined) {
    return problemAnswer(refusal('not-in-estate', 'The estate file has no such certificate in this vault.'));
  }
  const [found, last] = await Promise.all([usesOfCertificate(certificate, rows), lastLookForUses(rows)]);
  if (found === undefined || last === undefined) return notLooked();
  const { uses, moreUses, stale, untold = [], warnings, unexplainedReaders } = found;
  const body = { vault: certificate.vault, certificate: certificate.name, lookedAt: last.completedAt };
  return {
    status: 200,
    headers: json,
    body: { ...body, uses, moreUses, stale, untold, warnings, guides: guidesOf(uses), unexplainedReaders },
  };
}

function wrong(field: string) {
  return { field, problem: 'is not what it can be' };
}

function notLooked(): Answer {
  const detail = `The sweep looks after ${settings.usesHours.name} hours at the latest, and never when that is 0.`;
  return problemAnswer(callProblem('uses-not-looked', detail));
}

function problemAnswer(document: ProblemDocument): Answer {
  return { status: document.status, body: document, headers: { 'content-type': PROBLEM_TYPE } };
}
