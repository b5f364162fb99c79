import { z } from 'zod';
import { isRenewalId } from '../renewal/ids.ts';
import { type Read, readBody, type SentBody, wrong } from './body.ts';
import { callProblem } from './problems.ts';

const VAULT =
  /^(?:[A-Za-z](?:[A-Za-z0-9]|-(?!-)){1,22}[A-Za-z0-9]|[Hh][Tt]{2}[Pp][Ss]:\/\/[A-Za-z0-9.:[\]-]{1,260}\/?)$/;
const vaultHint = 'the name of a vault (contoso) or its URI (https://contoso.vault.azure.net)';
export const CERTIFICATE_NAME = /^[0-9A-Za-z-]{1,127}$/;
export const nameHint = 'a certificate name: 1 to 127 letters, digits and hyphens';
export const commentHint = 'a text of at most 500 characters without control characters';

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

/** Reads the body of a call that asks for a renewal; names every wrong field at once. */
export function readRenewalRequest(call: SentBody): Read<RenewalRequest> {
  return readBody(renewalRequest, call);
}

/** Checks an id from a path before anything is asked with it. The id itself is not repeated: it may be anything. */
export function readRenewalId(text: string | undefined): Read<string> {
  if (text !== undefined && isRenewalId(text)) return { state: 'read', value: text };
  const detail = 'Send the id of a renewal: 1 to 100 letters, digits, hyphens and underscores.';
  return wrong(callProblem('id-invalid', detail));
}
