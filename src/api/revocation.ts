import { z } from 'zod';
import { revocationReasons } from '../issuers/port.ts';
import type { Dependencies } from '../renewal/dependencies.ts';
import { type Revocation, type RevocationRefusal, revokeVersion } from '../renewal/revoke.ts';
import { type Read, readBody, type SentBody, wrong } from './body.ts';
import { callProblem, type FieldProblem, PROBLEM_TYPE, type ProblemDocument, refusal } from './problems.ts';
import { VAULT_NAME } from './readers.ts';
import { CERTIFICATE_NAME, commentHint, nameHint } from './renewal-request.ts';
import type { Answer } from './renewals.ts';
import { sha256 } from './words.ts';

const versionHint = 'the version of a certificate: 32 hexadecimal digits';

/** Body of `POST /api/certificates/{vault}/{name}/revoke`. */
export const revocationRequest = z
  .strictObject(
    {
      version: z
        .string({ error: versionHint })
        .regex(/^[0-9A-Fa-f]{32}$/, { error: versionHint })
        .optional()
        .meta({ description: 'Absent: the current version, which takes `force`.' }),
      reason: z
        .enum(revocationReasons, { error: `one of ${revocationReasons.join(', ')}` })
        .meta({ description: 'As RFC 5280 5.3.1 names it; not every issuer passes every one on.' }),
      force: z.boolean({ error: 'true or false' }).optional().meta({
        description: 'Also a version that is current, or was last seen served.',
        default: false,
      }),
      comment: z
        .string({ error: commentHint })
        .regex(/^[^\p{Cc}]{0,500}$/u, { error: commentHint })
        .optional()
        .meta({ description: 'Why, for the journal.' }),
    },
    { error: 'a group of the keys version, reason, force, comment' },
  )
  .meta({ id: 'RevocationRequest' });

/** 200: the issuer has revoked it, now or before; 202: somebody at the issuer has to agree. */
export const revocation = z
  .object({
    state: z.enum(['revoked', 'requested']),
    detail: z.string().optional().meta({ description: 'Of `requested`: what the issuer said.' }),
    vault: z.string(),
    certificate: z.string(),
    version: z.string(),
    sha256,
    serial: z.string(),
    issuer: z.string(),
    journal: z
      .string()
      .meta({ description: 'The chain of the journal that tells of it: that of the renewal which made the version.' }),
  })
  .meta({ id: 'Revocation' });

/** What a call brings, before it is checked. */
export interface RevocationCall extends SentBody {
  readonly vault: string | undefined;
  readonly name: string | undefined;
}

/** `POST /api/certificates/{vault}/{name}/revoke`. */
export async function postRevocation(app: Dependencies, call: RevocationCall): Promise<Answer> {
  const read = readCall(call);
  if (read.state === 'wrong') return problemAnswer(read.problem);
  return answerOf(await revokeVersion(read.value, app));
}

type Asked = Parameters<typeof revokeVersion>[0];

function readCall({ vault = '', name = '', ...sent }: RevocationCall): Read<Asked> {
  const misplaced = (field: string, fix: string): FieldProblem => ({ field, problem: 'is not what it can be', fix });
  const errors = [
    ...(VAULT_NAME.test(vault) ? [] : [misplaced('vault', 'send the name of a vault (contoso)')]),
    ...(CERTIFICATE_NAME.test(name) ? [] : [misplaced('name', `send ${nameHint}`)]),
  ];
  if (errors.length > 0)
    return wrong(callProblem('request-invalid', `${errors.length} of the fields are wrong.`, errors));
  const body = readBody(revocationRequest, sent);
  if (body.state === 'wrong') return body;
  const { version, reason, force = false, comment } = body.value;
  return { state: 'read', value: { vault, certificate: name, version, reason, force, comment } };
}

function answerOf(revoked: Revocation): Answer {
  if (revoked.state === 'refused') return problemAnswer(problemOf(revoked.because, revoked.detail));
  const status = revoked.state === 'revoked' ? 200 : 202;
  return { status, headers: { 'content-type': 'application/json' }, body: revoked };
}

function problemOf(because: RevocationRefusal, detail: string): ProblemDocument {
  switch (because) {
    case 'another-app':
    case 'vault-outside-estate':
    case 'not-in-estate':
    case 'gone':
      return refusal(because, detail);
    default:
      return callProblem(because, detail);
  }
}

function problemAnswer(document: ProblemDocument): Answer {
  return { status: document.status, body: document, headers: { 'content-type': PROBLEM_TYPE } };
}
