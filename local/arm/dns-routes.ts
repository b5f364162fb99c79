import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { parentNotFound, resourceNotFound } from './answers.ts';
import { readRecordSet, recordSetShape, zoneShape } from './dns-shapes.ts';
import type { DnsZone, DnsZones, TextRecordSet } from './dns-zones.ts';
import type { ArmRequest, ArmRoute } from './request.ts';

const GROUP = '/subscriptions/{subscription}/resourcegroups/{group}';
const TYPE = 'providers/microsoft.network/dnszones';
const ZONE = `${GROUP}/${TYPE}/{zone}`;
const SET = `${ZONE}/txt/{name}`;

/** Microsoft.Network/dnsZones, 2018-05-01: zones to be read, TXT record sets to be read, put and deleted. */
export function dnsRoutes(dns: DnsZones): readonly ArmRoute[] {
  const list = (within: string): EmulatorResponse => {
    const found = dns.zones.filter(({ resourceId }) => resourceId.toLowerCase().startsWith(`${within.toLowerCase()}/`));
    return jsonResponse(200, { value: found.map(zoneShape) });
  };
  const readZone = 'Microsoft.Network/dnsZones/read';
  const readSet = 'Microsoft.Network/dnsZones/TXT/read';
  return [
    {
      ...{ method: 'GET', template: `/subscriptions/{subscription}/${TYPE}`, action: readZone },
      run: ({ parameters }) => list(`/subscriptions/${parameters.subscription}`),
    },
    {
      ...{ method: 'GET', template: `${GROUP}/${TYPE}`, action: readZone },
      run: ({ parameters }) => list(`/subscriptions/${parameters.subscription}/resourceGroups/${parameters.group}`),
    },
    { method: 'GET', template: ZONE, action: readZone, run: (request) => showZone(dns, request) },
    {
      ...{ method: 'GET', template: `${ZONE}/txt`, action: readSet },
      run: inZone(dns, 'read', (zone) =>
        jsonResponse(200, { value: zone.sets().map((set) => recordSetShape(zone, set)) }),
      ),
    },
    { method: 'GET', template: SET, action: readSet, run: inZone(dns, 'read', showSet) },
    { method: 'PUT', template: SET, action: 'Microsoft.Network/dnsZones/TXT/write', run: inZone(dns, 'write', putSet) },
    {
      ...{ method: 'DELETE', template: SET, action: 'Microsoft.Network/dnsZones/TXT/delete' },
      run: inZone(dns, 'delete', removeSet),
    },
  ];
}

function showZone(dns: DnsZones, { path, parameters }: ArmRequest): EmulatorResponse {
  const zone = dns.find(path);
  if (zone !== undefined) return jsonResponse(200, zoneShape(zone), { etag: zone.etag });
  return resourceNotFound('Microsoft.Network/dnszones', parameters.zone ?? '', parameters.group ?? '');
}

/** Record sets are nested: Resource Manager itself says when what they lie in is not there. */
function inZone(dns: DnsZones, verb: string, act: (zone: DnsZone, request: ArmRequest) => EmulatorResponse) {
  return (request: ArmRequest): EmulatorResponse => {
    const zoneId = request.path.split('/').slice(0, ZONE.split('/').length).join('/');
    const zone = dns.find(zoneId);
    return zone === undefined ? parentNotFound(verb, 'dnszones/TXT', zoneId) : act(zone, request);
  };
}

function showSet(zone: DnsZone, request: ArmRequest): EmulatorResponse {
  const set = zone.find(nameOf(request));
  return set === undefined ? setNotFound(zone, request) : shown(200, zone, set);
}

function putSet(zone: DnsZone, request: ArmRequest): EmulatorResponse {
  const known = zone.find(nameOf(request));
  const wanted = readRecordSet(zone, nameOf(request), request.body);
  if (typeof wanted === 'string') return dnsError(400, 'BadRequest', wanted);
  const refused = refusalByEtag(request, known);
  return refused ?? shown(known === undefined ? 201 : 200, zone, zone.put(wanted));
}

function removeSet(zone: DnsZone, request: ArmRequest): EmulatorResponse {
  const known = zone.find(nameOf(request));
  if (known === undefined) return { status: 204, headers: {} };
  const refused = refusalByEtag(request, known);
  if (refused !== undefined) return refused;
  zone.remove(known.name);
  return { status: 200, headers: {} };
}

const nameOf = ({ parameters }: ArmRequest): string => parameters.name ?? '';

function shown(status: number, zone: DnsZone, set: TextRecordSet): EmulatorResponse {
  return jsonResponse(status, recordSetShape(zone, set), { etag: set.etag });
}

/** `If-None-Match: *` creates only, `If-Match` changes only what is still as it was; neither overwrites. */
function refusalByEtag({ headers }: ArmRequest, known: TextRecordSet | undefined): EmulatorResponse | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  const refuse = (condition: string, header: string, current: string): EmulatorResponse => {
    const message = `The condition '${condition}' in the ${header} header was not satisfied. The current was '${current}'.`;
    return dnsError(412, 'PreconditionFailed', message);
  };
  // Azure's own words: it says n/a here, whatever the etag is.
  if (noneMatch === '*' && known !== undefined) return refuse(noneMatch, 'If-None-Match', 'n/a');
  if (match === undefined || unquoted(match) === known?.etag) return undefined;
  return match === '*' && known !== undefined ? undefined : refuse(match, 'If-Match', known?.etag ?? 'n/a');
}

const unquoted = (etag: string): string => etag.replace(/^"(.*)"$/, '$1');

function setNotFound({ place }: DnsZone, request: ArmRequest): EmulatorResponse {
  const message =
    `The resource record '${nameOf(request)}' does not exist in resource group '${place.resourceGroup}' of ` +
    `subscription '${place.subscription}'.`;
  return dnsError(404, 'NotFound', message);
}

/** Azure DNS leaves out the `error` that Resource Manager puts around code and message. */
function dnsError(status: number, code: string, message: string): EmulatorResponse {
  return jsonResponse(status, { code, message });
}
