import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { resourceNotFound, webError } from './answers.ts';
import type { AppService } from './app-service.ts';
import type { BindRefusal, Site, SslState } from './app-service-types.ts';
import { type ArmRequest, type ArmRoute, member, textMember } from './request.ts';
import { bindingShape, siteShape } from './shapes.ts';
import type { Binding } from './sites.ts';

const GROUP = '/subscriptions/{subscription}/resourcegroups/{group}';
const KINDS = [
  { template: `${GROUP}/providers/microsoft.web/sites/{site}`, action: 'Microsoft.Web/sites' },
  { template: `${GROUP}/providers/microsoft.web/sites/{site}/slots/{slot}`, action: 'Microsoft.Web/sites/slots' },
] as const;

/** Sites, their slots and the host-name bindings of both. */
export function siteRoutes(appService: AppService): readonly ArmRoute[] {
  return [
    {
      method: 'GET',
      template: `${GROUP}/providers/microsoft.web/sites`,
      action: 'Microsoft.Web/sites/read',
      run: ({ path }) => listSites(appService, path),
    },
    ...KINDS.flatMap((kind) => [...ownRoutes(appService, kind), ...bindingRoutes(appService, kind)]),
  ];
}

interface Kind {
  readonly template: string;
  readonly action: string;
}

function ownRoutes(appService: AppService, { template, action }: Kind): readonly ArmRoute[] {
  const update = (request: ArmRequest) =>
    withSite(appService, request, (site) => updateSite(appService, site, request));
  return [
    {
      method: 'GET',
      template,
      action: `${action}/read`,
      run: (request) => withSite(appService, request, (site) => jsonResponse(200, siteShape(site))),
    },
    { method: 'PUT', template, action: `${action}/write`, run: update },
    { method: 'PATCH', template, action: `${action}/write`, run: update },
  ];
}

function bindingRoutes(appService: AppService, kind: Kind): readonly ArmRoute[] {
  const template = `${kind.template}/hostnamebindings`;
  const action = `${kind.action}/hostNameBindings`;
  return [
    {
      method: 'GET',
      template,
      action: `${action}/read`,
      run: (request) => withSite(appService, request, listBindings),
    },
    {
      method: 'GET',
      template: `${template}/{host}`,
      action: `${action}/read`,
      run: (request) => withSite(appService, request, (site) => oneBinding(site, request)),
    },
    {
      method: 'PUT',
      template: `${template}/{host}`,
      action: `${action}/write`,
      run: (request) => withSite(appService, request, (site) => putBinding(appService, site, request)),
    },
  ];
}

function withSite(
  appService: AppService,
  { path, parameters }: ArmRequest,
  act: (site: Site) => EmulatorResponse,
): EmulatorResponse {
  const { slot, site: name = '', group = '' } = parameters;
  const site = appService.site(path.replace(/\/hostNameBindings(\/[^/]*)?$/i, ''));
  if (site !== undefined) return act(site);
  return slot === undefined
    ? resourceNotFound('Microsoft.Web/sites', name, group)
    : resourceNotFound('Microsoft.Web/sites/slots', `${name}/${slot}`, group);
}

function listSites(appService: AppService, path: string): EmulatorResponse {
  const found = appService
    .sites()
    .filter(({ resourceId, name }) => resourceId.toLowerCase() === `${path}/${name}`.toLowerCase());
  return jsonResponse(200, { value: found.map(siteShape), nextLink: null, id: null });
}

function listBindings(site: Site): EmulatorResponse {
  const value = [...site.bindings.values()].map((binding) => bindingShape(site, binding));
  return jsonResponse(200, { value, nextLink: null, id: null });
}

function oneBinding(site: Site, { parameters }: ArmRequest): EmulatorResponse {
  const host = parameters.host ?? '';
  const binding = site.bindings.get(host.toLowerCase());
  if (binding !== undefined) return jsonResponse(200, bindingShape(site, binding));
  return webError(404, 'NotFound', `Cannot find HostNameBinding with name ${host}.`);
}

function putBinding(appService: AppService, site: Site, request: ArmRequest): EmulatorResponse {
  const hostName = request.parameters.host ?? '';
  const wanted = readBinding(member(request.body, 'properties'), hostName);
  if (wanted === undefined) return webError(400, 'BadRequest', 'The parameter sslState has an invalid value.');
  if (!site.bindings.has(hostName.toLowerCase())) return unknownHost(hostName);
  const bound = appService.bind(site, wanted);
  return bound.state === 'refused' ? bindingRefused(bound.reason, wanted) : oneBinding(bound.site, request);
}

/** Only entries with `toUpdate` change something; those before a refused one stay changed. */
function updateSite(appService: AppService, site: Site, { body }: ArmRequest): EmulatorResponse {
  const states = member(member(body, 'properties'), 'hostNameSslStates');
  const entries = (Array.isArray(states) ? states : []).filter((entry) => member(entry, 'toUpdate') === true);
  let updated = site;
  for (const entry of entries) {
    const name = textMember(entry, 'name');
    const wanted = name === undefined ? undefined : readBinding(entry, name);
    if (wanted === undefined)
      return webError(400, 'BadRequest', 'The parameter hostNameSslStates has an invalid value.');
    if (!site.bindings.has(wanted.hostName.toLowerCase())) return unknownHost(wanted.hostName);
    const bound = appService.bind(updated, wanted);
    if (bound.state === 'refused') return bindingRefused(bound.reason, wanted);
    updated = bound.site;
  }
  return jsonResponse(200, siteShape(updated));
}

function readBinding(value: unknown, hostName: string): Binding | undefined {
  const sslState = textMember(value, 'sslState') ?? 'Disabled';
  if (!isSslState(sslState)) return undefined;
  return { hostName, sslState, thumbprint: textMember(value, 'thumbprint') ?? null };
}

function isSslState(text: string): text is SslState {
  return text === 'Disabled' || text === 'SniEnabled' || text === 'IpBasedEnabled';
}

function unknownHost(hostName: string): EmulatorResponse {
  return webError(404, 'NotFound', `Hostname '${hostName}' does not exist.`);
}

function bindingRefused(reason: BindRefusal, { hostName, thumbprint }: Binding): EmulatorResponse {
  switch (reason) {
    case 'thumbprint-unknown':
      return webError(404, 'NotFound', `Certificate ${thumbprint} was not found.`);
    case 'host-not-covered':
      return webError(400, 'BadRequest', `Certificate ${thumbprint} is not valid for host name '${hostName}'.`);
    case 'private-ca-on-multi-tenant':
      return webError(
        400,
        'BadRequest',
        `Certificate ${thumbprint} was issued by a private CA: inbound TLS takes it in an App Service Environment v3 only.`,
      );
  }
}
