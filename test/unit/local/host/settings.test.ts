import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostConfiguration, readHostConfiguration, readLocalSettings } from '../../../../local/host/settings.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('fills host.json with the defaults of Azure', () => {
  expect(hostConfiguration({ version: '2.0' }, 'host.json')).toMatchObject({
    routePrefix: 'api',
    durable: {
      hubName: 'TestHubName',
      versionMatchStrategy: 'CurrentOrOlder',
      versionFailureStrategy: 'Reject',
      overridableExistingInstanceStates: 'NonRunningStates',
    },
    queues: { maxDequeueCount: 5, batchSize: 16, messageEncoding: 'base64' },
    ignored: [],
  });
});

test('reads durable options, and names the sections it has no use for', () => {
  const durableTask = { hubName: 'Perennial', defaultVersion: '1.0', maxConcurrentActivityFunctions: 3, unknown: true };
  const json = {
    version: '2.0',
    functionTimeout: '00:05:00',
    logging: {},
    extensions: { durableTask, http: { routePrefix: '' } },
  };
  expect(hostConfiguration(json, 'host.json')).toMatchObject({
    routePrefix: '',
    durable: { hubName: 'Perennial', defaultVersion: '1.0', maxConcurrentActivityFunctions: 3 },
    ignored: ['functionTimeout', 'logging'],
  });
});

test.each([
  [{}, /host\.json: version/],
  [{ version: '1.0' }, /version/],
  [{ version: '2.0', extensions: { durableTask: { hubName: 'a-b' } } }, /extensions\.durableTask\.hubName/],
  [{ version: '2.0', extensions: { durableTask: { versionMatchStrategy: 'Newer' } } }, /versionMatchStrategy/],
  [{ version: '2.0', extensions: { queues: { batchSize: 64 } } }, /extensions\.queues\.batchSize/],
])('refuses host.json %j', (json, message) => {
  expect(() => hostConfiguration(json, 'host.json')).toThrow(message);
});

test('resolves settings in host.json, and names a missing one', async () => {
  const json = '{"version":"2.0","extensions":{"durableTask":{"hubName":"%HUB%"}}}';
  await writeFile(join(folder, 'host.json'), json);
  expect((await readHostConfiguration(folder, { HUB: 'Mine' })).durable.hubName).toBe('Mine');
  await expect(readHostConfiguration(folder, {})).rejects.toThrow(/host\.json: "%HUB%"/);
});

test('says that host.json is missing', async () => {
  await expect(readHostConfiguration(folder, {})).rejects.toThrow(/host\.json is missing/);
});

test('makes the settings from the sample at the first start', async () => {
  const file = join(folder, 'local.settings.json');
  const sample = join(folder, 'local.settings.sample.json');
  await writeFile(sample, '{"IsEncrypted":false,"Values":{"A":"1"},"Host":{"LocalHttpPort":7075}}');
  expect(await readLocalSettings(file, sample)).toEqual({ values: { A: '1' }, port: 7075, created: true });
  expect(await readFile(file, 'utf8')).toBe(await readFile(sample, 'utf8'));
  expect(await readLocalSettings(file, sample)).toMatchObject({ created: false });
});

test('has no settings when there is neither file nor sample', async () => {
  expect(await readLocalSettings(join(folder, 'a'), join(folder, 'b'))).toEqual({ values: {}, created: false });
});

test.each([
  ['{\n  "Values": {\n    "A": }\n}', /local\.settings\.json:3:10: no valid JSON/],
  ['{ "Values": {', /local\.settings\.json:1:14: no valid JSON: the text ends too early/],
  ['{"Values":{"A":1}}', /local\.settings\.json: Values\.A/],
  ['{"IsEncrypted":true}', /IsEncrypted: must be false/],
])('says where the settings file %j is wrong', async (text, message) => {
  const file = join(folder, 'local.settings.json');
  await writeFile(file, text);
  await expect(readLocalSettings(file, 'none')).rejects.toThrow(message);
});
