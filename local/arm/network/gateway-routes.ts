import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { armError, resourceNotFound } from '../answers.ts';
import { type ArmRequest, type ArmRoute, member } from '../request.ts';
import { gatewayShape, linkedScopes } from './gateway-body.ts';
import type { Gateways } from './gateways.ts';

const GROUP = '/subscriptions/{subscription}/resourcegroups/{group}';
const TYPE = 'providers/microsoft.network/applicationgateways';
const NAMED = `${GROUP}/${TYPE}/{name}`;

/** Microsoft.Network/applicationGateways of what was seeded: they are read and written, neither made nor deleted. */
export function gatewayRoutes(gateways: Gateways): readonly ArmRoute[] {
  const list = (within: string): EmulatorResponse => {
    const scope = `${within.toLowerCase()}/`;
    const found = gateways.gateways().filter(({ resourceId }) => resourceId.toLowerCase().startsWith(scope));
    return jsonResponse(200, { value: found.map(gatewayShape) });
  };
  const read = 'Microsoft.Network/applicationGateways/read';
  return [
    {
      method: 'GET',
      template: `/subscriptions/{subscription}/${TYPE}`,
      action: read,
      run: ({ parameters }) => list(`/subscriptions/${parameters.subscription}`),
    },
    {
      method: 'GET',
      template: `${GROUP}/${TYPE}`,
      action: read,
      run: ({ parameters }) => list(`/subscriptions/${parameters.subscription}/resourceGroups/${parameters.group}`),
    },
    {
      method: 'GET',
      template: NAMED,
      action: read,
      run(request) {
        const found = gateways.gateway(request.path);
        return found === undefined ? notFound(request) : jsonResponse(200, gatewayShape(found), { etag: found.etag });
      },
    },
    {
      method: 'PUT',
      template: NAMED,
      action: 'Microsoft.Network/applicationGateways/write',
      run: (request) => put(gateways, request),
    },
  ];
}

async function put(gateways: Gateways, request: ArmRequest): Promise<EmulatorResponse> {
  const { path, body, headers } = request;
  const found = gateways.gateway(path);
  if (found === undefined) return notFound(request);
  const forbidden = linkedScopes(body)
    .map(([action, scope]) => request.demand(action, scope) && linkedFailure(request, action, scope))
    .find((answer) => answer !== undefined);
  if (forbidden !== undefined) return forbidden;
  const wrong = preconditionProblem(headers['if-match'], found.etag) ?? incomplete(body);
  if (wrong !== undefined) return wrong;
  const written = await gateways.put(path, body);
  if (written.state === 'refused') {
    const { status, code, message, details } = written.error;
    return jsonResponse(status, { error: { code, message, details } });
  }
  const { 'azure-asyncoperation': operation, 'retry-after': retryAfter } = written.begun.headers;
  const polled = { 'azure-asyncoperation': operation, 'retry-after': retryAfter, etag: written.gateway.etag };
  return jsonResponse(200, gatewayShape(written.gateway), polled);
}

function preconditionProblem(given: string | undefined, etag: string): EmulatorResponse | undefined {
  if (given === undefined || given === '*' || given === etag) return undefined;
  return armError(412, 'PreconditionFailed', 'Precondition failed.');
}

/** A PUT replaces the whole resource: what it leaves out would be gone, and these may not be. */
function incomplete(body: unknown): EmulatorResponse | undefined {
  const properties = member(body, 'properties');
  const needed = ['sku', 'gatewayIPConfigurations', 'frontendIPConfigurations', 'frontendPorts', 'httpListeners'];
  const missing = needed.find((name) => member(properties, name) === undefined);
  if (missing === undefined) return undefined;
  return armError(400, 'InvalidRequestFormat', `Cannot parse the request: ${missing} is missing.`);
}

function linkedFailure({ principal, path }: ArmRequest, action: string, scope: string): EmulatorResponse {
  const message =
    `The client '${principal.id}' with object id '${principal.id}' has permission to perform action ` +
    `'Microsoft.Network/applicationGateways/write' on scope '${path}'; however, it does not have permission to perform ` +
    `action(s) '${action}' on the linked scope(s) '${scope}' or the linked scope(s) are invalid.`;
  return armError(403, 'LinkedAuthorizationFailed', message);
}

function notFound({ parameters }: ArmRequest): EmulatorResponse {
  return resourceNotFound('Microsoft.Network/applicationGateways', parameters.name ?? '', parameters.group ?? '');
}
