import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acceptedKeys, openKeys, opens } from '../../../../../local/host/http/keys.ts';
import { keys, request } from './requests.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'keys-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

test('makes the keys of a host directory once, for its owner only', async () => {
  const directory = join(await folder(), 'host');
  const first = await openKeys(directory);
  expect((await stat(join(directory, 'keys.json'))).mode & 0o777).toBe(0o600);
  expect(await openKeys(directory)).toEqual(first);
  expect(new Set(Object.values(first)).size).toBe(4);
});

test('makes other keys for another host', async () => {
  expect((await openKeys()).master).not.toBe((await openKeys()).master);
});

test('names a broken keys file without quoting it', async () => {
  const directory = await folder();
  await writeFile(join(directory, 'keys.json'), '{"masterKey":"secret"}');
  await expect(openKeys(directory)).rejects.toThrow(/keys\.json does not hold/);
  await expect(openKeys(directory)).rejects.not.toThrow(/secret/);
  expect(await readFile(join(directory, 'keys.json'), 'utf8')).toContain('secret');
});

test.each([
  ['the header', request('GET', '/', { headers: { 'x-functions-key': 'function-key' } }), true],
  ['the query', request('GET', '/?code=function-key'), true],
  [
    'the header before the query',
    request('GET', '/?code=function-key', { headers: { 'x-functions-key': 'no' } }),
    false,
  ],
  ['a part of the key', request('GET', '/?code=function'), false],
  ['no key', request('GET', '/'), false],
])('looks at %s', (_, found, expected) => {
  expect(opens(found, [keys.function])).toBe(expected);
});

test('opens functions with the function and the master key, admin with the master key only', () => {
  expect(acceptedKeys('anonymous', keys)).toBeUndefined();
  expect(acceptedKeys('function', keys)).toEqual(['function-key', 'master-key']);
  expect(acceptedKeys('admin', keys)).toEqual(['master-key']);
});
