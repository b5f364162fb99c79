import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Host, startHost } from '../../local/host/host.ts';
import { createAppClient } from '../../local/stand/app-client.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

let bench: StandBench;
let second: Host;
beforeAll(async () => {
  bench = await openStandBench({ seed: 31, scenarios: stories('near-expiry', 'by-hand'), events: false });
  second = await startHost({
    ...{ appDirectory: resolve('.'), port: 0, clock: bench.clock, log: () => undefined },
    settingsFile: join(bench.folder, 'second.settings.json'),
    workerEntry: resolve('dist/local/worker.mjs'),
    settings: { ...bench.stand.settings, PERENNIAL_APP_NAME: 'second' },
  });
});
afterAll(async () => {
  await second?.stop();
  await bench?.close();
});

it('of two apps over one estate the second refuses, until the first is gone', async () => {
  const [first, later] = [bench.seeded('by-hand'), bench.seeded('near-expiry')];
  const view = await bench.ended(await bench.renew(first));
  expect(view).toMatchObject({ outcome: 'renewed' });
  const other = createAppClient(second.url, second.keys);
  const ask = () => other.renew({ vault: later.vaultName, certificate: later.name, force: true });
  expect(await ask()).toMatchObject({
    status: 409,
    body: { code: 'another-app', detail: expect.stringContaining('stand') },
  });
  expect(await bench.rowsOf('orders', later)).toEqual([]);
  await bench.host.stop();
  bench.clock.advance(11 * 60_000);
  expect(await ask()).toMatchObject({ status: 202 });
  expect(await bench.rows('app')).toContainEqual(expect.objectContaining({ partitionKey: 'lease', owner: 'second' }));
});
