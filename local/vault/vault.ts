import { randomUUID } from 'node:crypto';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../emulator.ts';
import type { VaultEvent } from '../events/types.ts';
import type { Call, VaultContext, VaultOptions } from './call.ts';
import { authenticate, authorise } from './challenge.ts';
import { badParameter, invalidName, VaultRefusal } from './errors.ts';
import { matchRoute, type Route } from './routes.ts';
import { createSeedDoor, type SeedDoor } from './seed.ts';
import { VaultState } from './state.ts';

/** A Key Vault: its data plane as an emulator, and a second door for whoever sets the stage. */
export interface VaultEmulator extends Emulator, SeedDoor {
  readonly name: string;
  readonly uri: string;
  readonly resourceId: string;
  /** Takes back every order that the vault has with the clock. */
  stop(): void;
}

export function createVault(options: VaultOptions): VaultEmulator {
  const state = new VaultState();
  const orders = new Set<() => void>();
  const vault: VaultContext = {
    options,
    state,
    now: () => options.clock.now(),
    at(due, wake) {
      const takeBack = options.clock.at(due, () => {
        orders.delete(takeBack);
        wake();
      });
      orders.add(takeBack);
    },
    raise: (event: VaultEvent) => options.events?.(event),
  };
  return {
    name: options.name,
    uri: options.uri,
    resourceId: options.resourceId,
    ...createSeedDoor(vault),
    async handle(request) {
      state.settle(options.clock.now());
      const response = await answer(vault, request);
      return { ...response, headers: { ...commonHeaders(vault, request), ...response.headers } };
    },
    stop() {
      for (const takeBack of orders) takeBack();
      orders.clear();
    },
  };
}

async function answer(vault: VaultContext, request: EmulatorRequest): Promise<EmulatorResponse> {
  const caller = authenticate(request, vault.options);
  if ('status' in caller) return caller;
  try {
    const { route, call } = readCall(vault, request);
    authorise(
      caller,
      { action: `Microsoft.KeyVault/vaults/${route.action}`, scope: scopeOf(vault, route, call) },
      vault.options,
    );
    return await route.run(call);
  } catch (error) {
    if (error instanceof VaultRefusal) return jsonResponse(error.status, error.toBody());
    throw error;
  }
}

function readCall(vault: VaultContext, request: EmulatorRequest): { route: Route; call: Call } {
  const { pathname, searchParams: query } = request.url;
  const match = matchRoute(request.method, pathname);
  switch (match.state) {
    case 'unknown':
      throw new VaultRefusal(404, 'NotFound', 'The requested resource was not found.');
    case 'wrong-method':
      throw new VaultRefusal(405, 'MethodNotAllowed', `The method ${request.method} is not allowed on this resource.`);
    case 'found': {
      const { route, name, version } = match;
      const apiVersion = readApiVersion(query);
      if (route.path.includes('{name}') && !/^[0-9a-zA-Z-]{1,127}$/.test(name)) throw invalidName(name);
      return { route, call: { vault, name, version, query, apiVersion, path: pathname, body: jsonBody(request) } };
    }
    default:
      return match satisfies never;
  }
}

const apiVersions = [
  '2016-10-01',
  '7.0',
  '7.1',
  '7.2',
  '7.3',
  '7.4',
  '7.5',
  '7.6-preview.2',
  '7.6',
  '2025-07-01',
] as const;

/** There is no default. The name of the parameter may come percent-encoded: `URLSearchParams` has decoded it. */
function readApiVersion(query: URLSearchParams): string {
  const version = query.get('api-version');
  if (version === null || version === '') throw badParameter('api-version must be specified');
  if (!apiVersions.some((known) => known === version))
    throw badParameter(`The specified api-version (${version}) is not supported.`);
  return version;
}

/** Roles can be given for a vault or for one object of it. */
function scopeOf({ options }: VaultContext, { path }: Route, { name }: Call): string {
  const [collection = ''] = path.split('/');
  const object =
    path.startsWith('certificates/issuers') || name === '' ? '' : `/${collection.replace(/^deleted/, '')}/${name}`;
  return `${options.resourceId}${object}`.toLowerCase();
}

function commonHeaders({ options }: VaultContext, request: EmulatorRequest): Record<string, string> {
  const clientRequestId = request.headers['x-ms-client-request-id'];
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-request-id': randomUUID(),
    ...(clientRequestId !== undefined && { 'x-ms-client-request-id': clientRequestId }),
    'x-ms-keyvault-region': options.region ?? 'westeurope',
    'x-ms-keyvault-service-version': '1.9.908.1',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;',
  };
}
