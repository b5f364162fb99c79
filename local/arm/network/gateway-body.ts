import { createHash } from 'node:crypto';
import { member, textMember } from '../request.ts';
import { parseResourceId } from '../resource-id.ts';
import type { Gateway, GatewaySeed } from './gateway-types.ts';

/** The resource of a seed, with the members that PUT asks for. */
export function seededBody(seed: GatewaySeed): Record<string, unknown> {
  const { resourceId: id, location, tags = {}, identityId, subnetId, publicAddressId } = seed;
  const hosts = Object.entries(seed.listeners);
  return {
    location,
    tags,
    identity: { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } },
    properties: {
      sku: { name: 'Standard_v2', tier: 'Standard_v2', family: 'Generation_1', capacity: 2 },
      gatewayIPConfigurations: [{ name: 'gateway', properties: { subnet: { id: subnetId } } }],
      frontendIPConfigurations: [{ name: 'public', properties: { publicIPAddress: { id: publicAddressId } } }],
      frontendPorts: [{ name: 'https', properties: { port: 443 } }],
      sslCertificates: seed.sslCertificates.map(({ name, keyVaultSecretId }) => ({
        name,
        properties: keyVaultSecretId === undefined ? {} : { keyVaultSecretId },
      })),
      httpListeners: hosts.map(([hostName, certificate], at) => ({
        name: `listener-${at + 1}`,
        properties: {
          hostName,
          protocol: 'Https',
          requireServerNameIndication: true,
          frontendPort: { id: `${id}/frontendPorts/https` },
          sslCertificate: { id: `${id}/sslCertificates/${certificate}` },
        },
      })),
      enableHttp2: true,
    },
  };
}

/** What GET answers: ids, types, states and an etag at every part, as the service adds them. */
export function gatewayShape(gateway: Gateway): Record<string, unknown> {
  const { resourceId: id, name, body, etag, provisioningState, operationalState } = gateway;
  const properties = Object.entries(member(body, 'properties') ?? {}).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map((part: unknown) => partShape({ id, etag, provisioningState }, key, part)) : value,
  ]);
  return {
    ...body,
    ...{ name, id, etag, type: 'Microsoft.Network/applicationGateways' },
    properties: { provisioningState, operationalState, resourceGuid: guidOf(id), ...Object.fromEntries(properties) },
  };
}

function partShape(of: { id: string; etag: string; provisioningState: string }, key: string, part: unknown): unknown {
  const name = textMember(part, 'name') ?? '';
  const properties = { provisioningState: of.provisioningState, ...own(member(part, 'properties')) };
  const type = `Microsoft.Network/applicationGateways/${key}`;
  return { ...own(part), id: `${of.id}/${key}/${name}`, etag: of.etag, type, properties };
}

/** What a client wrote, without what only the service says: those members are let through and not believed. */
export function writtenBody(body: unknown): Record<string, unknown> {
  const { name: _name, id: _id, etag: _etag, type: _type, properties, ...rest } = own(body);
  const { provisioningState: _state, operationalState: _running, resourceGuid: _guid, ...kept } = own(properties);
  const parts = Object.entries(kept).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map((part: unknown) => writtenPart(part)) : value,
  ]);
  return { ...rest, properties: Object.fromEntries(parts) };
}

function writtenPart(part: unknown): unknown {
  const { id: _id, etag: _etag, type: _type, properties, ...rest } = own(part);
  const { provisioningState: _state, ...kept } = own(properties);
  return { ...rest, properties: kept };
}

export interface SslCertificate {
  readonly name: string;
  readonly keyVaultSecretId: string | undefined;
}

export function sslCertificatesOf(body: unknown): readonly SslCertificate[] {
  return partsOf(body, 'sslCertificates').map((part) => ({
    name: textMember(part, 'name') ?? '',
    keyVaultSecretId: textMember(member(part, 'properties'), 'keyVaultSecretId'),
  }));
}

/** Host name to the name of the certificate, both in lower case. */
export function listenersOf(body: unknown): ReadonlyMap<string, string> {
  const listeners = partsOf(body, 'httpListeners').flatMap((part) => {
    const properties = member(part, 'properties');
    const hostName = textMember(properties, 'hostName');
    const certificate = textMember(member(properties, 'sslCertificate'), 'id')?.split('/').at(-1);
    return hostName === undefined || certificate === undefined ? [] : [[hostName, certificate]];
  });
  return new Map(
    listeners.map(([hostName = '', certificate = '']) => [hostName.toLowerCase(), certificate.toLowerCase()]),
  );
}

export function identityOf(body: unknown): string | undefined {
  return Object.keys(own(member(member(body, 'identity'), 'userAssignedIdentities')))[0];
}

/** What a PUT refers to elsewhere, each with what its writer must be allowed to do there. */
export function linkedScopes(body: unknown): readonly (readonly [action: string, scope: string])[] {
  const linked = (list: string, name: string, action: string) =>
    partsOf(body, list).flatMap((part) => {
      const id = textMember(member(member(part, 'properties'), name), 'id');
      return id === undefined ? [] : [[action, id] as const];
    });
  const identity = identityOf(body);
  return [
    ...linked('gatewayIPConfigurations', 'subnet', 'Microsoft.Network/virtualNetworks/subnets/join/action'),
    ...linked('frontendIPConfigurations', 'publicIPAddress', 'Microsoft.Network/publicIPAddresses/join/action'),
    ...(identity === undefined
      ? []
      : [['Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', identity] as const]),
  ];
}

function partsOf(body: unknown, list: string): readonly unknown[] {
  const parts = member(member(body, 'properties'), list);
  return Array.isArray(parts) ? parts : [];
}

export function placeOf(resourceId: string): { readonly name: string; readonly resourceGroup: string } {
  const { resourceGroup, names } = parseResourceId(resourceId);
  return { name: names.at(-1) ?? '', resourceGroup };
}

function own(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The same each time, and of the form. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text.toLowerCase()).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
