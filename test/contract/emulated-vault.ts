import type { TokenCredential } from '@azure/identity';
import type { ReadSecret } from '../../local/arm/app-service-types.ts';
import { ManualClock, systemClock } from '../../local/clock.ts';
import type { Emulator, EmulatorRequest, EmulatorResponse } from '../../local/emulator.ts';
import { createIdentity, type Identity } from '../../local/identity/identity.ts';
import { readSecretAs } from '../../local/stand/secret-reader.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import type { VaultOptions } from '../../local/vault/call.ts';
import { createVault, type VaultEmulator } from '../../local/vault/vault.ts';
import type { VaultConnection } from '../../src/vault/connection.ts';

/** An emulated vault behind TLS on a port of its own. */
export interface EmulatedVault {
  readonly uri: string;
  /** The vault's own time: it stands still unless a test moves it. */
  readonly clock: ManualClock;
  /** Of somebody who may do what the app may. */
  readonly connection: VaultConnection;
  /** Of somebody who makes keys and secrets, reads the latter, imports certificates, and opens accounts with issuers. */
  readonly operator: VaultConnection;
  /** Of somebody known who may do nothing. */
  readonly outsider: VaultConnection;
  /** Of somebody who may do just this. */
  readonly holder: (actions: readonly string[]) => VaultConnection;
  /** As App Service's resource provider reads the vault. */
  readonly readSecret: ReadSecret;
  /** `METHOD path status` of every call that was answered. */
  readonly calls: string[];
  /** Answers the next calls in the emulator's place: `lost` lets it act and loses what it said. */
  readonly faults: ('lost' | EmulatorResponse)[];
  close(): Promise<void>;
}

const AUDIENCE = 'https://vault.azure.net';
export const RESOURCE = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/contract';
const ROLE = [
  'certificates/read',
  'certificates/create/action',
  'certificates/update/action',
  'certificates/delete',
  'keys/read',
  'keys/sign/action',
].map((action) => `Microsoft.KeyVault/vaults/${action}`);

const OPERATOR = [
  'certificatecas/write',
  'certificatecas/delete',
  'certificates/create/action',
  'certificates/read',
  'keys/create/action',
  'secrets/setSecret/action',
  'secrets/getSecret/action',
  'certificates/import/action',
].map((action) => `Microsoft.KeyVault/vaults/${action}`);

export async function startEmulatedVault(more: Partial<VaultOptions> = {}): Promise<EmulatedVault> {
  const identity = createIdentity({ tenantId: '11111111-2222-3333-4444-555555555555' });
  const ca = createTransportCa();
  const clock = new ManualClock(new Date());
  const calls: string[] = [];
  const faults: EmulatedVault['faults'] = [];
  const vaults: VaultEmulator[] = [];
  const mount = (uri: string): Emulator => {
    const vault = createVault({ name: 'contract', resourceId: RESOURCE, uri, access: identity, clock, ...more });
    vaults.push(vault);
    return { handle: (request) => faulty(vault, request, { calls, faults }) };
  };
  const listener = await serveEmulator(mount, { port: 0, tls: ca.issue() });
  const connectionOf = (name: string): VaultConnection => ({
    credential: credentialOf(identity, name),
    verifyChallenge: false,
    clock: systemClock,
    tls: { ca: ca.caPem },
    retries: { count: 3, firstDelayMilliseconds: 5 },
  });
  let holders = 0;
  const connection = connectionOf('renewer');
  identity.assign('renewer-object', { actions: ROLE, scope: RESOURCE });
  const operator = connectionOf('operator');
  identity.assign('operator-object', { actions: OPERATOR, scope: RESOURCE });
  const outsider = connectionOf('outsider');
  const holder = (actions: readonly string[]): VaultConnection => {
    const name = `holder-${holders++}`;
    const connection = connectionOf(name);
    identity.assign(`${name}-object`, { actions, scope: RESOURCE });
    return connection;
  };
  const reader = identity.addPrincipal({ name: 'app-service', clientId: 'reader-client', objectId: 'reader-object' });
  identity.assign(reader.id, { actions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'], scope: RESOURCE });
  const readSecret = readSecretAs(vaults, () => identity.issueToken(reader, AUDIENCE));
  return {
    uri: listener.url,
    clock,
    connection,
    operator,
    outsider,
    holder,
    readSecret,
    calls,
    faults,
    close: listener.close,
  };
}

function credentialOf(identity: Identity, name: string): TokenCredential {
  const principal = identity.addPrincipal({ name, clientId: `${name}-client`, objectId: `${name}-object` });
  return {
    getToken: async () => ({
      token: identity.issueToken(principal, AUDIENCE),
      expiresOnTimestamp: Date.now() + 3_000_000,
    }),
  };
}

/** The challenge of a first call is let through: what is lost or refused is a call that carries its token. */
async function faulty(
  vault: Emulator,
  request: EmulatorRequest,
  { calls, faults }: Pick<EmulatedVault, 'calls' | 'faults'>,
): Promise<EmulatorResponse> {
  const fault = request.headers.authorization === undefined ? undefined : faults.shift();
  const response = fault === undefined || fault === 'lost' ? await vault.handle(request) : fault;
  const answer = fault === 'lost' ? { status: 500, headers: {} } : response;
  if (request.headers.authorization !== undefined) {
    calls.push(`${request.method} ${request.url.pathname} ${answer.status}`);
  }
  return answer;
}
