import type { StandClock } from '../clock.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../emulator.ts';
import type { VaultEvent } from '../events/types.ts';
import { readApiVersion } from './api-versions.ts';
import { auditOfCall, auditOfEvent } from './audit.ts';
import { watchLifetime } from './auto-renew.ts';
import type { Call, VaultContext, VaultOptions } from './call.ts';
import { authenticate } from './challenge.ts';
import { createChance } from './chance.ts';
import { invalidName, throttled, VaultRefusal } from './errors.ts';
import { authorise, type Network, passNetwork } from './gate.ts';
import { createPartnerCa } from './partner-ca.ts';
import { matchRoute, type Route } from './routes.ts';
import { createSeedDoor, type SeedDoor } from './seed.ts';
import { VaultState } from './state.ts';
import { createThrottle, type Transaction } from './throttle.ts';

/** A Key Vault: its data plane as an emulator, and a second door for whoever sets the stage. */
export interface VaultEmulator extends Emulator, SeedDoor {
  readonly name: string;
  readonly uri: string;
  readonly resourceId: string;
  /** Opens and closes the vault's network for everybody. */
  setNetwork(network: Network): void;
  /** Takes back every order that the vault has with the clock. */
  stop(): void;
}

export function createVault(options: VaultOptions): VaultEmulator {
  const orders = createOrders(options.clock);
  const vault = createContext(options, orders);
  let network: Network = 'open';
  return {
    name: options.name,
    uri: options.uri,
    resourceId: options.resourceId,
    ...createSeedDoor(vault),
    async handle(request) {
      vault.state.settle(vault.now());
      const began = vault.now();
      const response = await answer(vault, request, network);
      options.audit?.(auditOfCall(vault, { request, response, began, ended: vault.now() }));
      return { ...response, headers: { ...commonHeaders(vault, request), ...response.headers } };
    },
    setNetwork(now) {
      network = now;
    },
    stop: () => orders.stop(),
  };
}

function createContext(options: VaultOptions, orders: Orders): VaultContext {
  const chance = createChance(options.random);
  const admit = options.throttling && createThrottle(options.throttling);
  const vault: VaultContext = {
    options,
    state: new VaultState(),
    chance,
    provider: options.provider ?? createPartnerCa({ chance, keyPool: options.keyPool }).provider,
    now: () => options.clock.now(),
    at: orders.at,
    raise(event: VaultEvent) {
      const announced = auditOfEvent(event);
      if (announced !== undefined) options.audit?.(announced);
      options.events?.(event);
    },
    charge(transaction: Transaction) {
      const admission = admit?.(transaction, options.clock.now());
      if (admission?.state === 'refused') throw throttled(admission.retryAfterSeconds);
    },
    watchLifetime: (record) => watchLifetime(vault, record),
  };
  return vault;
}

/** What a vault waits for on the clock. */
interface Orders {
  readonly at: VaultContext['at'];
  stop(): void;
}

function createOrders(clock: StandClock): Orders {
  const open = new Set<() => void>();
  let isStopped = false;
  return {
    at(due, wake) {
      // What was under way when the vault stopped waits for nothing any more.
      if (isStopped) return () => undefined;
      const takeBack = clock.at(due, () => {
        open.delete(takeBack);
        wake();
      });
      open.add(takeBack);
      return () => {
        open.delete(takeBack);
        takeBack();
      };
    },
    stop() {
      isStopped = true;
      for (const takeBack of open) takeBack();
      open.clear();
    },
  };
}

async function answer(vault: VaultContext, request: EmulatorRequest, network: Network): Promise<EmulatorResponse> {
  const caller = authenticate(request, vault.options);
  if ('status' in caller) return caller;
  try {
    passNetwork(network, caller, vault.options);
    const { route, call } = readCall(vault, request);
    authorise(
      caller,
      { action: `Microsoft.KeyVault/vaults/${route.action}`, scope: scopeOf(vault, route, call) },
      vault.options,
    );
    if (route.transaction !== 'by-key') vault.charge({ kind: route.transaction ?? 'other' });
    return await route.run(call);
  } catch (error) {
    if (error instanceof VaultRefusal) return jsonResponse(error.status, error.toBody(), error.headers);
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

/** Roles can be given for a vault or for one object of it. */
function scopeOf({ options }: VaultContext, { path }: Route, { name }: Call): string {
  const [collection = ''] = path.split('/');
  const isObject = name !== '' && !path.startsWith('certificates/issuers');
  const object = isObject ? `/${collection.replace(/^deleted/, '')}/${name}` : '';
  return `${options.resourceId}${object}`.toLowerCase();
}

function commonHeaders({ options, chance }: VaultContext, request: EmulatorRequest): Record<string, string> {
  const clientRequestId = request.headers['x-ms-client-request-id'];
  return {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000;includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-request-id': chance.guid(),
    ...(clientRequestId !== undefined && { 'x-ms-client-request-id': clientRequestId }),
    'x-ms-keyvault-region': options.region ?? 'westeurope',
    'x-ms-keyvault-service-version': '1.9.908.1',
    'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;',
  };
}
