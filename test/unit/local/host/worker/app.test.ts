import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadApp } from '../../../../../local/host/worker/app.ts';
import { startInProcessWorker } from '../../../../../local/host/worker/in-process-worker.ts';
import type { WorkerLogLine } from '../../../../../local/host/worker/protocol.ts';

const library = JSON.stringify(join(process.cwd(), 'node_modules', '@azure', 'functions'));
const head = `const { app } = require(${library});\n`;

let folder = '';
let lines: WorkerLogLine[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'app-'));
  lines = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function appOf(source: string) {
  await write({ 'package.json': '{"main":"index.cjs"}', 'index.cjs': head + source });
  return loadApp(folder, (line) => lines.push(line));
}

const timer = (name: string) => `app.timer('${name}', { schedule: '0 * * * * *', handler: () => {} });\n`;

test.each([
  ['no package.json', {}, /package\.json with a "main" is missing/],
  ['a broken package.json', { 'package.json': '{' }, /package\.json:1:2: no valid JSON/],
  ['no main', { 'package.json': '{}' }, /with a "main" is missing/],
  ['a main that matches nothing', { 'package.json': '{"main":"dist/*.cjs"}' }, /"dist\/\*\.cjs" matches no file/],
  [
    'an entry point that throws',
    { 'package.json': '{"main":"a.cjs"}', 'a.cjs': 'throw new Error("broken start")' },
    /a\.cjs cannot be loaded: broken start/,
  ],
  ['no function', { 'package.json': '{"main":"a.cjs"}', 'a.cjs': '' }, /registers no function/],
  [
    'a name that is there twice',
    { 'package.json': '{"main":"a.cjs"}', 'a.cjs': head + timer('sweep') + timer('Sweep') },
    /"Sweep" is registered twice/,
  ],
  [
    'a name that Azure refuses',
    { 'package.json': '{"main":"a.cjs"}', 'a.cjs': head + timer('1st') },
    /"1st" is no function name/,
  ],
])('refuses %s', async (_, files, message) => {
  await write(files);
  await expect(loadApp(folder, () => {})).rejects.toThrow(message);
});

test('loads every file that main matches', async () => {
  await write({ 'package.json': '{"main":"*.cjs"}', 'a.cjs': head + timer('one'), 'b.cjs': head + timer('two') });
  const app = await loadApp(folder, () => {});
  expect(app.functions.map(({ name, trigger }) => [name, trigger.type])).toEqual([
    ['one', 'timerTrigger'],
    ['two', 'timerTrigger'],
  ]);
});

test('loads ESM entry points', async () => {
  const source = `import { createRequire } from 'node:module';
const { app } = createRequire(import.meta.url)(${library});
app.timer('esm', { schedule: '0 * * * * *', handler: () => 'from esm' });`;
  await write({ 'package.json': '{"main":"index.js","type":"module"}', 'index.js': source });
  const app = await loadApp(folder, () => {});
  expect(await app.invoke({ functionName: 'esm', inputs: {} })).toMatchObject({ returnValue: { string: 'from esm' } });
});

test('refuses a registration after the start', async () => {
  const app = await appOf(
    `${timer('late')}app.generic('now', { trigger: { type: 'x', name: 'x' }, handler: () => app.timer('other', { schedule: '* * * * *', handler: () => {} }) });`,
  );
  expect(await app.invoke({ functionName: 'now', inputs: {} })).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(/"other" can only be registered during app startup/),
  });
});

test('runs hooks around the handler, and lets them change inputs, result and error', async () => {
  const app = await appOf(`
app.hook.preInvocation((c) => { c.hookData.seen = c.inputs[0]; c.inputs = [c.inputs[0] + 1]; });
app.hook.postInvocation((c) => { if (c.error) { c.error = null; c.result = 'mended ' + c.hookData.seen; } else c.result += '!'; });
app.generic('add', { trigger: { type: 'x', name: 'x' }, handler: (n) => { if (n > 10) throw new Error('big'); return 'n=' + n; } });`);
  expect(await app.invoke({ functionName: 'ADD', inputs: { x: { int: 1 } } })).toMatchObject({
    returnValue: { string: 'n=2!' },
  });
  expect(await app.invoke({ functionName: 'add', inputs: { x: { int: 20 } } })).toMatchObject({
    state: 'succeeded',
    returnValue: { string: 'mended 20' },
  });
});

test('gives the message of a throwing handler', async () => {
  const app = await appOf(
    `app.generic('bad', { trigger: { type: 'x', name: 'x' }, handler: () => { throw new Error('no luck'); } });`,
  );
  expect(await app.invoke({ functionName: 'bad', inputs: {} })).toMatchObject({ state: 'failed', message: 'no luck' });
  expect(await app.invoke({ functionName: 'none', inputs: {} })).toMatchObject({ state: 'failed' });
});

test('sends log lines through the log hooks, with function and invocation', async () => {
  const app = await appOf(`
app.hook.log((c) => { c.message = c.message.toUpperCase(); });
app.generic('say', { trigger: { type: 'x', name: 'x' }, handler: (_, context) => context.warn('hello %d', 3) });`);
  await app.invoke({ functionName: 'say', inputs: { x: { int: 1 } } });
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'warning', category: 'user', message: 'HELLO 3', functionName: 'say' }),
  );
});

test('runs start and terminate hooks', async () => {
  const app = await appOf(`
const { writeFileSync } = require('node:fs');
app.hook.appStart(() => console.log); app.hook.appTerminate(() => writeFileSync(__dirname + '/ended', 'x'));
${timer('one')}`);
  await app.terminate();
  const { existsSync } = await import('node:fs');
  expect(existsSync(join(folder, 'ended'))).toBe(true);
});

test('keeps one in-process worker at a time, and gives the environment back', async () => {
  await write({
    'package.json': '{"main":"i.cjs"}',
    'i.cjs': `${head}app.generic('env', { trigger: { type: 'x', name: 'x' }, handler: () => process.env.ONLY_HERE });`,
  });
  const options = { appDirectory: folder, env: { ONLY_HERE: 'yes' }, log: () => {} };
  const worker = await startInProcessWorker(options);
  await expect(startInProcessWorker(options)).rejects.toThrow(/one in-process worker at a time/);
  expect(await worker.invoke({ functionName: 'env', inputs: {} })).toMatchObject({ returnValue: { string: 'yes' } });
  await worker.stop();
  expect(process.env.ONLY_HERE).toBeUndefined();
  const again = await startInProcessWorker(options);
  expect(again.functions).toHaveLength(1);
  await again.stop();
});
