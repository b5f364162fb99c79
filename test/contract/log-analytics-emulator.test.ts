import { LogsQueryClient, LogsQueryResultStatus } from '@azure/monitor-query-logs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeys, selfSign } from '../../local/pki.ts';
import { type LogBench, openLogBench, WORKSPACE } from './log-analytics-bench.ts';

const DAY = { duration: 'P1D' } as const;
const VALIDITY = { notBefore: new Date('2026-01-01Z'), notAfter: new Date('2027-01-01Z') };

let bench: LogBench;
const clientOf = ({ url: endpoint, caPem: ca, credential }: LogBench) =>
  new LogsQueryClient(credential, { endpoint, tlsOptions: { ca }, retryOptions: { maxRetries: 0 } });

async function rowsOf(query: string): Promise<readonly (readonly unknown[])[]> {
  const answer = await clientOf(bench).queryWorkspace(WORKSPACE, query, DAY);
  if (answer.status !== LogsQueryResultStatus.Success) throw new TypeError('a partial answer');
  return answer.tables[0]?.rows ?? [];
}

beforeAll(async () => {
  bench = await openLogBench();
  const keys = await createKeys('P-256');
  const { der } = selfSign({ subject: 'CN=shop', ...VALIDITY }, keys);
  bench.vault.seed({ name: 'shop', chain: [der], privateKey: keys.pkcs8Pem });
});
afterAll(() => bench.close());
beforeEach(() => bench.clock.advance(3_600_000));

describe('the audit log of a vault', () => {
  it('shows a read with its caller, once it has come through', async () => {
    const [version] = bench.vault.snapshot()[0]?.versions ?? [];
    expect(await bench.readSecret('shop')).toBe(200);
    const reads =
      "AZKVAuditLogs | where OperationName == 'SecretGet' | project TimeGenerated, Id, HttpStatusCode, CallerIpAddress, who = tostring(Identity.claim.oid), app = tostring(Identity.claim.appid), ClientInfo, _ResourceId";
    expect(await rowsOf(reads)).toEqual([]);
    const { clock, vault } = bench;
    const at = clock.now();
    clock.advance(300_000);
    expect(await rowsOf(reads)).toEqual([
      [
        ...[at, `${vault.uri}/secrets/shop/${version?.version}`, 200, '10.0.0.7'],
        ...['site-object', 'site-client', 'site/1', vault.resourceId.toLowerCase()],
      ],
    ]);
  });

  it('shows who was refused, and who had no token', async () => {
    const { clock, identity, reader, vault } = bench;
    const url = new URL(`${vault.uri}/secrets/shop?api-version=7.4`);
    const token = identity.issueToken(reader, 'https://vault.azure.net');
    for (const headers of [{ authorization: `Bearer ${token}` }, {}]) {
      await vault.handle({ method: 'GET', url, headers, body: new Uint8Array() });
    }
    clock.advance(300_000);
    const query =
      'AZKVAuditLogs | where HttpStatusCode >= 400 | project OperationName, HttpStatusCode, ResultSignature, tostring(Identity.claim.oid)';
    expect(await rowsOf(query.replace('tostring', 'who = tostring'))).toEqual([
      ['SecretGet', 403, 'Forbidden', 'reader-object'],
      ['Authentication', 401, 'Unauthorized', ''],
    ]);
  });

  it('shows what the vault announces, whoever hears it', async () => {
    const event = bench.vault.announce('shop', 'Microsoft.KeyVault.CertificateNearExpiry');
    bench.vault.announce('shop', 'Microsoft.KeyVault.CertificateNewVersionCreated');
    bench.clock.advance(300_000);
    expect(
      await rowsOf("AZKVAuditLogs | where OperationName endswith 'Notification' | project OperationName, Id"),
    ).toEqual([['CertificateNearExpiryEventGridNotification', event?.id]]);
  });
});

describe('the workspace', () => {
  const count = 'AZKVAuditLogs | count';
  const refusal = (query = count, of = bench) => clientOf(of).queryWorkspace(WORKSPACE, query, DAY);

  it.each([
    ['AZKVAuditLogs | wher x', 'SyntaxError'],
    ['AZKVAuditLogs | where Nonsense == 1', 'SemanticError'],
    ['AppTraces | take 1', 'SemanticError'],
    ['AZKVAuditLogs | join AZKVAuditLogs on Id', 'SemanticError'],
  ])('refuses %s', async (query, code) => {
    await expect(refusal(query)).rejects.toMatchObject({
      ...{ statusCode: 400, code: 'BadArgumentError' },
      details: { error: { innererror: { code } } },
    });
  });

  it('asks for the role, and for each table by its name', async () => {
    const { identity, role, grant } = bench;
    identity.revoke(role);
    await expect(refusal()).rejects.toMatchObject({ statusCode: 403, code: 'InsufficientAccessError' });
    grant();
    await expect(refusal()).resolves.toMatchObject({ status: 'Success' });
    const asked = identity.demands.filter(({ principal, granted }) => principal === 'reader' && granted);
    const place = 'Microsoft.OperationalInsights/workspaces';
    expect(new Set(asked.map(({ action }) => action))).toEqual(
      new Set([`${place}/read`, `${place}/query/read`, `${place}/query/AZKVAuditLogs/read`]),
    );
  });

  it('knows tokens of its old and its new name, and no others', async () => {
    const of = (audience: string) => ({
      ...bench,
      credential: {
        getToken: async () => ({ token: await bench.tokenOf(audience), expiresOnTimestamp: Date.now() + 3_600_000 }),
      },
    });
    await expect(refusal(count, of('https://api.loganalytics.io'))).resolves.toMatchObject({ status: 'Success' });
    await expect(refusal(count, of('https://vault.azure.net'))).rejects.toMatchObject({
      ...{ statusCode: 401, code: 'InvalidTokenError' },
    });
  });

  it('does not know other workspaces', async () => {
    const answer = clientOf(bench).queryWorkspace('0e9b7c52-3d3c-4f43-8a51-5f3f0a2f9d20', count, DAY);
    await expect(answer).rejects.toMatchObject({ statusCode: 404, code: 'WorkspaceNotFoundError' });
  });
});

it('says that an answer is cut', async () => {
  const small = await openLogBench({ mostRows: 2 });
  try {
    for (const name of ['a', 'b', 'c']) await small.readSecret(name);
    small.clock.advance(300_000);
    const answer = await clientOf(small).queryWorkspace(WORKSPACE, 'AZKVAuditLogs | project Id', DAY);
    expect(answer).toMatchObject({ status: 'PartialFailure', partialError: { code: 'PartialError' } });
  } finally {
    await small.close();
  }
});

it('slows down who asks too often', async () => {
  const slow = await openLogBench({ limit: { queries: 1, seconds: 30 } });
  const ask = () => clientOf(slow).queryWorkspace(WORKSPACE, 'AZKVAuditLogs | count', DAY);
  try {
    await ask();
    slow.clock.advance(10_000);
    await expect(ask()).rejects.toMatchObject({ statusCode: 429 });
    slow.clock.advance(20_000);
    await expect(ask()).resolves.toMatchObject({ status: 'Success' });
  } finally {
    await slow.close();
  }
});
