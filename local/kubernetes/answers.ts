import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import type { Resource, Verb } from './objects.ts';

/** Kubernetes' `Status`, its answer to whatever goes wrong. */
export function statusAnswer(code: number, reason: string, message: string, details?: unknown): EmulatorResponse {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return jsonResponse(code, { ...body, ...(details !== undefined && { details }) });
}

/** `deployments.apps`; of the core group `secrets`. */
function qualified({ name, group }: Resource): string {
  return group === '' ? name : `${name}.${group}`;
}

export const unauthorized = (): EmulatorResponse => statusAnswer(401, 'Unauthorized', 'Unauthorized');

export function forbidden(
  { verb, resource, namespace, name }: { verb: Verb; resource: Resource; namespace: string; name: string | undefined },
  user: string,
): EmulatorResponse {
  const what = name === undefined ? qualified(resource) : `${qualified(resource)} "${name}"`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const message = `${what} is forbidden: User "${user}" cannot ${verb} resource "${resource.name}" in API group "${resource.group}" ${where}`;
  return statusAnswer(403, 'Forbidden', message, detailsOf(resource, name));
}

export function notFound(resource: Resource, name: string): EmulatorResponse {
  return statusAnswer(404, 'NotFound', `${qualified(resource)} "${name}" not found`, detailsOf(resource, name));
}

export function noSuchPath(): EmulatorResponse {
  return statusAnswer(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function conflict(resource: Resource, name: string): EmulatorResponse {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": the object has been modified; please apply your changes to the latest version and try again`;
  return statusAnswer(409, 'Conflict', message, detailsOf(resource, name));
}

/** What Gatekeeper, which Azure Policy brings along, answers for a webhook that refuses. */
export function denied(words: string): EmulatorResponse {
  return statusAnswer(403, 'Forbidden', `admission webhook "validation.gatekeeper.sh" denied the request: ${words}`);
}

export function badRequest(message: string): EmulatorResponse {
  return statusAnswer(400, 'BadRequest', message);
}

export function unsupportedMediaType(type: string): EmulatorResponse {
  const message = `the body of the request was in an unknown format - accepted media types include: application/merge-patch+json (was ${type})`;
  return statusAnswer(415, 'UnsupportedMediaType', message);
}

function detailsOf({ name: kind, group }: Resource, name: string | undefined): unknown {
  return { ...(name !== undefined && { name }), ...(group !== '' && { group }), kind };
}
