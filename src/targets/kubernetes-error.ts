import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { explain, retryAfterSeconds } from '../azure/arm-error.ts';
import { type ErrorCode, RenewalError } from '../errors.ts';

/** Kubernetes' answer to whatever goes wrong: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/. */
const statusShape = z.looseObject({ kind: z.literal('Status'), reason: z.string().optional(), message: z.string() });

/** What an answer with an error status means. `action` names verb and path. */
export function kubernetesAnswerError(action: string, response: PipelineResponse): RenewalError {
  const said = saidBy(response);
  const words = said === undefined ? '' : ` ${explain({ code: said.reason ?? 'Failure', message: said.message })}`;
  const code = codeOf(response.status, said?.message);
  const fix = code === 'arm-forbidden' ? `; ${mending(response.status)}` : '';
  return new RenewalError(code, `${action} failed: ${response.status}${words}${fix}`, {
    retryAfterSeconds: retryAfterSeconds(response),
  });
}

function saidBy(response: PipelineResponse): z.infer<typeof statusShape> | undefined {
  try {
    return statusShape.safeParse(JSON.parse(response.bodyAsText ?? '')).data;
  } catch {
    // A proxy's page, or nothing: the status alone has to do.
    return undefined;
  }
}

/** Webhooks choose their status themselves: Gatekeeper, which Azure Policy uses, says 403 where others say 400. */
const denial = /admission webhook "[^"]*" denied the request|ValidatingAdmissionPolicy '[^']*'/;

function codeOf(status: number, message = ''): ErrorCode {
  if (denial.test(message)) return 'arm-refused';
  if (status === 401 || status === 403) return 'arm-forbidden';
  if (status === 409) return 'arm-conflict';
  if (status === 429) return 'arm-throttled';
  if (status === 408 || status >= 500) return 'arm-unreachable';
  return 'arm-refused';
}

function mending(status: number): string {
  if (status === 401) return 'the cluster does not know the identity: is it of the same tenant?';
  return 'bind the identity to the Role of infra/kubernetes/deployer.yaml in this namespace';
}
