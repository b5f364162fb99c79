import { z } from 'zod';
import { explain } from '../plan/explain.ts';
import { pathText } from '../plan/problem.ts';
import { isRenewalId } from '../renewal/ids.ts';
import { callProblem, type FieldProblem, type ProblemDocument } from './problems.ts';

export const BODY_LIMIT_BYTES = 16 * 1024;

const VAULT =
  /^(?:[A-Za-z](?:[A-Za-z0-9]|-(?!-)){1,22}[A-Za-z0-9]|[Hh][Tt]{2}[Pp][Ss]:\/\/[A-Za-z0-9.:[\]-]{1,260}\/?)$/;
const vaultHint = 'the name of a vault (contoso) or its URI (https://contoso.vault.azure.net)';
export const CERTIFICATE_NAME = /^[0-9A-Za-z-]{1,127}$/;
export const nameHint = 'a certificate name: 1 to 127 letters, digits and hyphens';
const commentHint = 'a text of at most 500 characters without control characters';

/** Body of `POST /api/renewals`. */
export const renewalRequest = z
  .strictObject(
    {
      vault: z
        .string({ error: vaultHint })
        .regex(VAULT, { error: vaultHint })
        .meta({
          description: 'Name or URI of a vault of the estate.',
          examples: ['contoso'],
        }),
      certificate: z
        .string({ error: nameHint })
        .regex(CERTIFICATE_NAME, { error: nameHint })
        .meta({ description: 'Name of the certificate; case does not matter.', examples: ['shop'] }),
      force: z.boolean({ error: 'true or false' }).optional().meta({
        description: 'Renew although it is not due, too young or backing off.',
        default: false,
      }),
      comment: z
        .string({ error: commentHint })
        .regex(/^[^\p{Cc}]{0,500}$/u, { error: commentHint })
        .optional()
        .meta({ description: 'Why, for the journal.' }),
    },
    { error: 'a group of the keys vault, certificate, force, comment' },
  )
  .meta({ id: 'RenewalRequest' });

export type RenewalRequest = Readonly<z.infer<typeof renewalRequest>>;

/** Either what was asked for, or the problem to answer with. */
export type Read<T> =
  | { readonly state: 'read'; readonly value: T }
  | { readonly state: 'wrong'; readonly problem: ProblemDocument };

/** Reads the body of a call that asks for a renewal; names every wrong field at once. */
export function readRenewalRequest(call: {
  readonly contentType: string | null;
  readonly body: string;
}): Read<RenewalRequest> {
  if (!isJson(call.contentType)) {
    return wrong(callProblem('content-type-unsupported', 'Send the header content-type: application/json.'));
  }
  if (Buffer.byteLength(call.body) > BODY_LIMIT_BYTES) {
    return wrong(callProblem('body-too-large', `Send at most ${BODY_LIMIT_BYTES} bytes.`));
  }
  const json = parseJson(call.body);
  if (json === undefined) return wrong(callProblem('body-malformed', 'Send one JSON object.'));
  const request = renewalRequest.safeParse(json.value);
  if (request.success) return { state: 'read', value: request.data };
  const errors = request.error.issues.flatMap((issue) => explain(issue, json.value)).map(fieldProblemOf);
  return wrong(callProblem('request-invalid', `${errors.length} of the fields are wrong.`, errors));
}

/** Checks an id from a path before anything is asked with it. The id itself is not repeated: it may be anything. */
export function readRenewalId(text: string | undefined): Read<string> {
  if (text !== undefined && isRenewalId(text)) return { state: 'read', value: text };
  const detail = 'Send the id of a renewal: 1 to 100 letters, digits, hyphens and underscores.';
  return wrong(callProblem('id-invalid', detail));
}

function isJson(contentType: string | null): boolean {
  return /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(contentType?.trim() ?? '');
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fieldProblemOf({ path, problem, fix }: ReturnType<typeof explain>[number]): FieldProblem {
  return { field: pathText(path) || 'body', problem, fix };
}

function wrong(problem: ProblemDocument): { readonly state: 'wrong'; readonly problem: ProblemDocument } {
  return { state: 'wrong', problem };
}
