import { ManualClock } from '../../local/clock.ts';
import type { Emulator, EmulatorResponse } from '../../local/emulator.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import { createAuditTable } from '../../local/monitor/audit-table.ts';
import { createLogAnalytics, LOG_AUDIENCES, type LogAnalyticsOptions } from '../../local/monitor/log-analytics.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { createVault } from '../../local/vault/vault.ts';
import { logReader } from '../builders/log-reader.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';
const GROUP = `/subscriptions/${TENANT}/resourceGroups/web`;
export const WORKSPACE = '6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11';
const WORKSPACE_ID = `${GROUP}/providers/Microsoft.OperationalInsights/workspaces/logs`;

/** A vault whose audit log goes to a workspace, and everybody who may have to do with it. */
export async function openLogBench(options: Partial<LogAnalyticsOptions> = {}) {
  const clock = new ManualClock(new Date('2026-06-01T12:00:00Z'));
  const identity = createIdentity({ tenantId: TENANT });
  const audit = createAuditTable(clock);
  const vault = createVault({
    ...{ name: 'contoso', uri: 'https://contoso.vault.azure.net', clock, access: identity, audit: audit.add },
    resourceId: `${GROUP}/providers/Microsoft.KeyVault/vaults/contoso`,
  });
  const logs = createLogAnalytics({
    ...{ access: identity, clock, customerId: WORKSPACE, resourceId: WORKSPACE_ID },
    ...{ rows: { AZKVAuditLogs: audit.rows }, ...options },
  });
  // What stands before the workspace may answer in its place.
  let trouble: (() => EmulatorResponse | Promise<EmulatorResponse>) | undefined;
  const front: Emulator = { handle: async (request) => (trouble === undefined ? logs.handle(request) : trouble()) };
  const ca = createTransportCa();
  const listener = await serveEmulator(front, { port: 0, tls: ca.issue() });
  const person = (name: string, clientId: string) =>
    identity.addPrincipal({ name, clientId, objectId: `${name}-object` });
  const reader = person('reader', 'reader-client');
  const site = person('site', 'site-client');
  const grant = () => identity.assign(reader.id, { scope: WORKSPACE_ID, actions: logReader.actions });
  identity.assign(site.id, {
    scope: vault.resourceId,
    actions: ['Microsoft.KeyVault/vaults/secrets/getSecret/action'],
  });
  const tokenOf = async (audience: string = LOG_AUDIENCES[0]) => identity.issueToken(reader, audience);
  return {
    ...{
      clock,
      identity,
      audit,
      vault,
      reader,
      site,
      url: `${listener.url}/v1`,
      caPem: ca.caPem,
      close: listener.close,
    },
    role: grant(),
    grant,
    tokenOf,
    credential: {
      getToken: async (scopes: string | string[]) => {
        const [scope = ''] = [scopes].flat();
        const token = await tokenOf(scope.replace(/\/\.default$/, ''));
        return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    },
    setTrouble(now: typeof trouble) {
      trouble = now;
    },
    /** Somebody reads a secret of the vault, as a site does. */
    async readSecret(name: string, version = ''): Promise<number> {
      const token = identity.issueToken(site, 'https://vault.azure.net');
      const url = new URL(`${vault.uri}/secrets/${name}/${version}?api-version=7.4`);
      const headers = { authorization: `Bearer ${token}`, 'user-agent': 'site/1' };
      return (await vault.handle({ method: 'GET', url, headers, body: new Uint8Array(), address: '10.0.0.7' })).status;
    },
  };
}

export type LogBench = Awaited<ReturnType<typeof openLogBench>>;
