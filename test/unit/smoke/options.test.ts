import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../smoke/errors.ts';
import { readOptions, usage } from '../../../smoke/options.ts';
import { smokeSettings } from '../../../smoke/settings.ts';

const GUID = '11111111-2222-3333-4444-555555555555';
const SITE = `/subscriptions/${GUID}/resourceGroups/web/providers/Microsoft.Web/sites/smoke`;
const wiring = {
  ...{ functionAppId: '/app', delivery: 'function', queueAccountId: '/q', queueName: 'q' },
  ...{ deadLetterAccountId: '/d', deadLetterContainer: 'dead-letters', actionGroupIds: [] },
  vaults: [{ name: 'contoso-web', subscriptionId: GUID, resourceGroup: 'web', topic: 'contoso-web-perennial' }],
};
const good = {
  ...{ AZURE_SUBSCRIPTION: GUID, AZURE_RESOURCE_GROUP: 'rg', APP_NAME: 'perennial-ab12cd-app' },
  ...{ APP_HOST_NAME: 'perennial.azurewebsites.net', RECORDS_ACCOUNT: 'recs', EVENT_WIRING: JSON.stringify(wiring) },
};

const folder = mkdtempSync(join(tmpdir(), 'smoke-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(args: readonly string[], env: Readonly<Record<string, string>> = good): readonly string[] {
  try {
    readOptions(args, env);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
}

function read(args: readonly string[], env: Readonly<Record<string, string>> = good) {
  const options = readOptions(args, env);
  if (options === 'help') throw new TypeError('help was not asked for');
  return options;
}

describe('the options of npm run smoke', () => {
  it('are filled in from the outputs of the deployment', () => {
    const { config, mode } = read([]);
    expect(mode).toBe('run');
    expect(config).toMatchObject({ vault: 'contoso-web', eventMinutes: 15, nearExpirySeconds: 300 });
    expect(config.group).toBe(`/subscriptions/${GUID}/resourceGroups/rg`);
    expect(config.appUrl.href).toBe('https://perennial.azurewebsites.net/');
    expect(config.estateUrl.href).toBe('https://recs.blob.core.windows.net/config/estate.yaml');
  });

  it('let a flag win over the file, and the file over the environment', () => {
    const file = join(folder, 'deployment.env');
    writeFileSync(
      file,
      `# azd\nSMOKE_VAULT="contoso-web"\nAPP_NAME="from-file"\nEVENT_WIRING=${JSON.stringify(JSON.stringify(wiring))}\n`,
    );
    const { config } = read(['--config', file, '--event-minutes', '3'], { ...good, SMOKE_EVENT_MINUTES: '9' });
    expect(config).toMatchObject({ appName: 'from-file', eventMinutes: 3 });
  });

  it('take JSON with objects in it', () => {
    const file = join(folder, 'deployment.json');
    writeFileSync(file, JSON.stringify({ ...good, EVENT_WIRING: wiring }));
    expect(read(['--config', file], {}).config.wiring.vaults).toHaveLength(1);
  });

  it('take the outputs of a deployment as the Azure CLI prints them', () => {
    const file = join(folder, 'outputs.json');
    const outputs = Object.entries({ ...good, EVENT_WIRING: wiring }).map(([name, value]) => [
      name.replace('APP', 'app'),
      { type: 'String', value },
    ]);
    writeFileSync(file, JSON.stringify(Object.fromEntries(outputs)));
    expect(read(['--config', file], {}).config).toMatchObject({ appName: good.APP_NAME, vault: 'contoso-web' });
  });

  it('name everything that is missing at once', () => {
    const problems = problemsOf([], {});
    expect(problems).toHaveLength(6);
    for (const name of [
      'AZURE_SUBSCRIPTION',
      'AZURE_RESOURCE_GROUP',
      'APP_NAME',
      'EVENT_WIRING',
      'SMOKE_APP_URL',
      'SMOKE_ESTATE_URL',
    ])
      expect(
        problems.filter((problem) => problem.includes(`(${name}): is missing`)),
        name,
      ).toHaveLength(1);
  });

  it.each([
    ['--subscription', 'contoso', 'write the id of a subscription'],
    ['--group', 'a/b', 'write the name of a resource group'],
    ['--wiring', '{', 'write the JSON of the output EVENT_WIRING'],
    ['--wiring', '{}', 'has wrong members'],
    ['--app-url', 'ftp://x', 'write an https URL'],
    ['--app-url', 'http://contoso.example', 'write https://'],
    ['--estate-url', 'http://127.0.0.1/config', 'write the https URL of a blob'],
    ['--estate-url', 'https://contoso.example/config/estate.yaml', 'write the https URL of a blob'],
    ['--arm', 'https://management.contoso.example', 'write https://management.azure.com'],
    ['--subscriptions', `${GUID},x`, 'with commas between them'],
    ['--vault', 'elsewhere', 'write one of contoso-web'],
    ['--site', 'smoke', 'write the ARM id of a site'],
    ['--site', SITE, '--site needs one of its host names'],
    ['--endpoint', '10.0.0.4', 'write host:port'],
    ['--endpoint', '10.0.0.4:443', '--site (SMOKE_SITE): is missing'],
    ['--app-scope', 'contoso', 'write a scope that ends in /.default'],
    ['--event-minutes', '0', 'write a whole number from 1 to 1440'],
    ['--near-expiry-seconds', 'soon', 'write a whole number from 5 to 3600'],
    ['--config', '/nowhere/at/all', 'cannot be read'],
    ['--nonsense', 'x', '--help lists the options'],
  ])('%s %s is refused with its fix', (flag, value, fix) => {
    const problems = problemsOf([flag, value]);
    expect(
      problems.filter((problem) => problem.includes(flag) && problem.includes(fix)),
      problems.join('\n'),
    ).toHaveLength(1);
  });

  it('refuse to look only and to clean in one', () => {
    expect(problemsOf(['--look-only', '--clean'])).toEqual([expect.stringContaining('write one of them')]);
  });

  it('show no secret, not even a wrong one', () => {
    const problems = problemsOf([], { ...good, SMOKE_FUNCTION_KEY: 'a b canary' });
    expect(problems).toEqual(['SMOKE_FUNCTION_KEY: is not right; write a function key']);
  });

  it('have no flag for a secret', () => {
    for (const setting of Object.values(smokeSettings))
      if ('secret' in setting) expect(setting).not.toHaveProperty('flag');
    expect(usage()).toContain('--near-expiry-seconds');
  });
});
