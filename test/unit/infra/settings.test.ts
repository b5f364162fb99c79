import { describe, expect, it } from 'vitest';
import { readSettings } from '../../../src/config/read-settings.ts';
import { type Setting, settings } from '../../../src/config/settings.ts';
import { code, declaration, infraFiles, read } from './bicep-files.ts';

const file = 'infra/modules/function-app.bicep';
const own = declaration(code(file), 'ownSettings');
const rows = [...own.matchAll(/^ {2}(PERENNIAL_\w+): (.+)$/gm)].map(
  ([, name = '', value = '']) => [name, value] as const,
);
const table = Object.values<Setting>(settings);

describe('the settings that Bicep sets', () => {
  it('are those of the table that have a meaning in Azure, and no other', () => {
    const wanted = table.filter(({ standOnly }) => standOnly !== true).map(({ name }) => name);
    expect(rows.map(([name]) => name).sort()).toEqual([...wanted].sort());
  });

  it('stand in one place', () => {
    const elsewhere = [...infraFiles('.bicep'), ...infraFiles('.bicepparam'), ...infraFiles('.mjs')].filter(
      (one) => one !== file && /PERENNIAL_[A-Z]/.test(read(one)),
    );
    expect(elsewhere).toEqual([]);
  });

  it('hold no secret: what is secret is for the stand alone', () => {
    expect(table.filter(({ secret, standOnly }) => secret && standOnly !== true)).toEqual([]);
  });

  it('are explained in the docs, and stand in the sample if the table says so', () => {
    const page = read('docs/settings.md');
    expect(table.filter(({ name }) => !page.includes(`\`${name}\``))).toEqual([]);
    const sample = JSON.parse(read('local.settings.sample.json')) as { Values: Record<string, string> };
    const named = Object.keys(sample.Values).filter((name) => name.startsWith('PERENNIAL_'));
    expect(named).toEqual(table.filter((setting) => setting.sample !== undefined).map(({ name }) => name));
  });
});

/** What the expressions of `ownSettings` come to in a deployment that leaves out all that may be left out. */
const values: Readonly<Record<string, string>> = {
  'records.blobEndpoint': 'https://contosorecs.blob.core.windows.net/',
  'records.tableEndpoint': 'https://contosorecs.table.core.windows.net/',
  'records.configContainer': 'config',
  'identities.renewer.clientId': '6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11',
  'identities.deployer.clientId': '0e9b7c52-3d3c-4f43-8a51-5f3f0a2f9d20',
  'identities.reader.clientId': '9a3c1d52-7f1e-4a43-8b51-1c3f0a2f9d31',
  logWorkspace: '0f6f2a5e-5a0e-4b51-9d0f-4f1f0f6c2b77',
  'environment().resourceManager': 'https://management.azure.com/',
  eventQueue: 'certificate-events',
};

function evaluate(expression: string): string {
  if (expression.startsWith("'")) {
    return expression.slice(1, -1).replaceAll(/\$\{([^}]+)\}/g, (_, inner: string) => evaluate(inner));
  }
  if (/\boptions\.\?\w+ \?\? ''/.test(expression)) return '';
  const value = values[expression];
  if (value === undefined) throw new TypeError(`no value for ${expression}: add it to this test`);
  return value;
}

describe('the app', () => {
  it('takes what Bicep sets', () => {
    const env = Object.fromEntries(rows.map(([name, value]) => [name, evaluate(value)]));
    expect(readSettings(env)).toMatchObject({
      estate: { kind: 'blob', url: 'https://contosorecs.blob.core.windows.net/config/estate.yaml' },
      storage: { kind: 'identity', blobEndpoint: 'https://contosorecs.blob.core.windows.net' },
      armEndpoint: 'https://management.azure.com',
      eventQueue: 'certificate-events',
      logWorkspace: '0f6f2a5e-5a0e-4b51-9d0f-4f1f0f6c2b77',
      logEndpoint: 'https://api.loganalytics.azure.com',
      verifyVaultChallenge: true,
    });
  });
});

describe('the settings of the host', () => {
  const host = declaration(code(file), 'hostSettings');

  it('name endpoints and an identity, never a key', () => {
    expect(host).toContain("AzureWebJobsStorage__credential: 'managedidentity'");
    expect(host).toContain('AzureWebJobsStorage__clientId: identities.host.clientId');
    expect(
      infraFiles('.bicep').filter((one) => /listKeys|AccountKey|SharedAccess|listAdminKeys/i.test(code(one))),
    ).toEqual([]);
  });

  it('leave out what Flex Consumption refuses', () => {
    expect(code(file)).not.toMatch(
      /FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_|SCM_DO_BUILD|ENABLE_ORYX/,
    );
  });

  it('are those that the package for the Durable Task Scheduler asks for', () => {
    const asked = read('build.mjs').match(/TASKHUB_NAME|DURABLE_TASK_SCHEDULER_CONNECTION_STRING/g) ?? [];
    const set = declaration(code(file), 'schedulerSettings').match(/^ {2}([A-Z_]+):/gm) ?? [];
    expect(set.map((line) => line.trim().slice(0, -1)).sort()).toEqual([...new Set(asked)].sort());
  });
});
