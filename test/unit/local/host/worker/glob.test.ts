import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesMatching, globExpression } from '../../../../../local/host/worker/glob.ts';

test.each([
  ['dist/*.js', 'dist/a.js', true],
  ['dist/*.js', 'dist/sub/a.js', false],
  ['dist/**/*.js', 'dist/a.js', true],
  ['dist/**/*.js', 'dist/x/y/a.js', true],
  ['{dist,lib}/a.?js', 'lib/a.cjs', true],
  ['{dist,lib}/a.?js', 'src/a.cjs', false],
  ['src/{index.js,functions/*.js}', 'src/functions/one.js', true],
  ['src/{index.js,functions/*.js}', 'src/indexxjs', false],
  ['a,b.js', 'a,b.js', true],
  ['[!a].js', 'b.js', true],
])('%s against %s: %s', (pattern, path, matches) => {
  expect(globExpression(pattern).test(path)).toBe(matches);
});

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glob-'));
  for (const path of ['dist/b.js', 'dist/a.js', 'dist/node_modules/x/c.js', 'dist/deep/d.js']) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), '');
  }
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ['./dist/a.js', ['dist/a.js']],
  ['dist', []],
  ['dist/none.js', []],
  ['none/*.js', []],
  ['dist/**/*.js', ['dist/a.js', 'dist/b.js', 'dist/deep/d.js']],
])('finds %s', async (pattern, expected) => {
  expect(await filesMatching(folder, pattern)).toEqual(expected.map((path) => join(folder, path)));
});
