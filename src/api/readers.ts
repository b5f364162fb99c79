import { z } from 'zod';
import { settings } from '../config/settings.ts';
import { type ReadersDependencies, readersOf } from '../monitor/readers.ts';
import { callProblem, type FieldProblem, PROBLEM_TYPE, type ProblemDocument, refusal } from './problems.ts';
import { CERTIFICATE_NAME, nameHint } from './renewal-request.ts';
import type { Answer } from './renewals.ts';
import { moment } from './words.ts';

const reader = z
  .object({
    objectId: z.string().optional().meta({ description: 'Of the caller in Microsoft Entra ID.' }),
    applicationId: z
      .string()
      .optional()
      .meta({ description: 'Client id of the application that called, or that a person called with.' }),
    person: z.string().optional().meta({ description: 'Sign-in name of a person. Personal data.' }),
    address: z.string().meta({ description: 'IP address of the caller. Of a person it is personal data.' }),
    reads: z.int().min(1),
    firstAt: moment,
    lastAt: moment,
  })
  .meta({ id: 'Reader' });

/** `GET /api/certificates/{vault}/{name}/readers`. */
export const readersView = z
  .object({
    vault: z.string(),
    certificate: z.string(),
    from: moment,
    to: moment,
    readers: z.array(reader).meta({ description: 'Each caller and address, the latest first; 200 at most.' }),
    truncated: z.boolean().meta({ description: 'There are more readers than these.' }),
    logged: z.object({ from: moment, to: moment }).optional().meta({
      description:
        'Oldest and newest line that the audit log of the vault holds of that time; absent: it holds none, and nobody can tell who read.',
    }),
  })
  .meta({ id: 'Readers' });

export const MOST_DAYS = 90;
const USUAL_DAYS = '30';

/** What a call brings, before it is checked. */
export interface ReadersCall {
  readonly vault: string | undefined;
  readonly name: string | undefined;
  /** Of the query; `null` when it is left out. */
  readonly days: string | null;
}

/** `GET /api/certificates/{vault}/{name}/readers?days=30`: who read the secret that holds a certificate's private key. */
export async function getReaders(app: ReadersDependencies, call: ReadersCall): Promise<Answer> {
  const { vault = '', name = '', days } = call;
  const errors = problemsOf(call);
  if (errors.length > 0) {
    return problemAnswer(callProblem('request-invalid', `${errors.length} of the fields are wrong.`, errors));
  }
  const told = await readersOf({ vault, certificate: name, days: Number(days ?? USUAL_DAYS) }, app);
  switch (told.state) {
    case 'no-audit-log':
      return problemAnswer(
        callProblem('no-audit-log', `Set ${settings.logWorkspace.name} to the workspace of the audit logs.`),
      );
    case 'vault-outside-estate':
      return problemAnswer(refusal(told.state, 'The estate file has no such vault.'));
    case 'not-in-estate':
      return problemAnswer(refusal(told.state, 'The estate file has no such certificate in this vault.'));
    case 'told': {
      const { state: _, ...body } = told;
      return { status: 200, headers: { 'content-type': 'application/json' }, body };
    }
    default:
      return told satisfies never;
  }
}

export const VAULT_NAME = /^[A-Za-z](?:[A-Za-z0-9]|-(?!-)){1,22}[A-Za-z0-9]$/;

function problemsOf({ vault, name, days }: ReadersCall): readonly FieldProblem[] {
  const wrong = (field: string, fix: string): FieldProblem => ({ field, problem: 'is not what it can be', fix });
  return [
    ...(VAULT_NAME.test(vault ?? '') ? [] : [wrong('vault', 'send the name of a vault (contoso)')]),
    ...(CERTIFICATE_NAME.test(name ?? '') ? [] : [wrong('name', `send ${nameHint}`)]),
    ...(days === null || isDays(days) ? [] : [wrong('days', `send a whole number from 1 to ${MOST_DAYS}`)]),
  ];
}

function isDays(text: string): boolean {
  return /^[1-9]\d?$/.test(text) && Number(text) <= MOST_DAYS;
}

function problemAnswer(document: ProblemDocument): Answer {
  return { status: document.status, body: document, headers: { 'content-type': PROBLEM_TYPE } };
}
